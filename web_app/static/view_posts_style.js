// The style of posts, schedule and statistics: one file, fetched with the first of these views.

let coming = null;

/** Waits until the style is there; a view that comes without it is readable as well. */
export function style() {
  coming ??= new Promise((resolve) => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = new URL("./view_posts.css", import.meta.url).href;
    link.onload = link.onerror = resolve;
    document.head.append(link);
  });
  return coming;
}
