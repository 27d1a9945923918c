// Small helpers to build elements. Text always goes in as text, never as HTML.

/**
 * Builds an element. Props: `class`, `testid`, `data` (dataset), `on<event>` (listener), anything else is an attribute;
 * null, undefined and false are left out. Children: nodes, strings (as text), arrays, null.
 */
export function el(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") node.className = value;
    else if (name === "testid") node.dataset.testid = value;
    else if (name === "data") Object.assign(node.dataset, value);
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export function button(props, ...children) {
  return el("button", { type: "button", ...props }, ...children);
}

/** A round button that shows only an icon; `label` is what a screen reader says and the tooltip. */
export function iconButton(name, label, props) {
  return button({ class: "icon-button", "aria-label": label, title: label, ...props }, icon(name));
}

const ICONS = {
  back: "M15 5l-7 7 7 7",
  send: "M4.5 12L20 4.5l-4.5 15.5-4-6.5zM11.5 13.5L20 4.5",
  plus: "M12 5v14M5 12h14",
  more: "M12 5.5v.01M12 12v.01M12 18.5v.01",
  close: "M6 6l12 12M18 6L6 18",
  check: "M5 12.5l4.5 4.5L19 7.5",
  lock: "M7 11V8a5 5 0 0110 0v3M6 11h12v9H6z",
  clock: "M12 7v5l3 2M12 21a9 9 0 100-18 9 9 0 000 18z",
  link: "M10 14a4 4 0 006 .4l3-3a4 4 0 00-5.7-5.7l-1.5 1.5M14 10a4 4 0 00-6-.4l-3 3a4 4 0 005.7 5.7l1.5-1.5",
  arrow: "M5 12h14M13 6l6 6-6 6",
  down: "M6 9l6 6 6-6",
  photo: "M4 5h16v14H4zM4 16l4.5-4.5 4 4 3-3L20 17M15.5 9.5v.01",
  album: "M8 4h12v12H8zM4 8v12h12M8 13l3.5-3.5 3 3 2-2L20 14",
  video: "M4 6h11v12H4zM15 10.5l5-3v9l-5-3",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
  audio: "M9 18V6l10-2v12M9 18a2.5 2.5 0 11-5 0 2.5 2.5 0 015 0zM19 16a2.5 2.5 0 11-5 0 2.5 2.5 0 015 0z",
  voice: "M12 4a3 3 0 013 3v5a3 3 0 01-6 0V7a3 3 0 013-3zM6 11.5a6 6 0 0012 0M12 17.5V21",
  sticker: "M5 5h14v9l-5 5H5zM14 19v-5h5M9 10v.01M14 10v.01",
  text: "M5 6h14M12 6v13",
  poll: "M6 20v-8M12 20V5M18 20v-5",
  pin: "M9 4h6l-1 6 3 3H7l3-3zM12 13v7",
  place: "M12 21s7-6.5 7-11.5a7 7 0 10-14 0C5 14.5 12 21 12 21zM12 9.5v.01",
  person: "M12 12a4 4 0 100-8 4 4 0 000 8zM4.5 20c.8-3.5 3.8-5.5 7.5-5.5s6.7 2 7.5 5.5",
  channel: "M4 10v4h3l8 4V6L7 10zM18.5 9a4 4 0 010 6",
  bot: "M5 9h14v10H5zM12 9V5M9 13.5v1M15 13.5v1",
  log: "M8 6h12M8 12h12M8 18h12M4 6v.01M4 12v.01M4 18v.01",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  forward: "M13 6l6 6-6 6M19 12H9a5 5 0 00-5 5v1",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  play: "M8 5.5v13l11-6.5z",
  external: "M13 5h6v6M19 5l-9 9M17 14v5H5V7h5",
  info: "M12 11v5M12 8v.01M12 21a9 9 0 100-18 9 9 0 000 18z",
  select: "M4 12a8 8 0 1116 0 8 8 0 01-16 0zM8.5 12l2.5 2.5 4.5-5",
  block: "M12 21a9 9 0 100-18 9 9 0 000 18zM5.7 5.7l12.6 12.6",
  silent: "M6 16V11a6 6 0 0110-4.5M18 11v5l1.5 2H8M10.5 20.5h3M4 4l16 16",
  leave: "M10 5H5v14h5M14 8l4 4-4 4M18 12H9",
};

/** A 24x24 stroked icon from the list above, hidden from screen readers. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name] ?? ICONS.file);
  svg.append(path);
  return svg;
}

const HUES = [188, 262, 18, 148, 330, 212, 36, 292];

/** A coloured circle with initials, an icon or a picture; the colour follows the id. */
export function avatar(id, name, iconName, picture) {
  const words = name.match(/[\p{L}\p{N}]+/gu) ?? ["?"];
  const initials = words
    .filter((word) => /\p{L}/u.test(word))
    .concat(words)
    .slice(0, name.includes(" ") ? 2 : 1)
    .map((word) => [...word][0])
    .join("");
  const hue = HUES[Math.abs(Number(id)) % HUES.length];
  const node = el(
    "span",
    { class: "avatar", "aria-hidden": "true" },
    picture ? el("img", { src: picture, alt: "" }) : iconName ? icon(iconName) : initials.toUpperCase(),
  );
  node.style.setProperty("--hue", String(hue));
  return node;
}

export function clear(node, ...children) {
  node.replaceChildren(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
}
