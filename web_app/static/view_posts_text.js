// A text with Telegram's formatting: typed with its tags, shown beside it as its readers will see it.

import { button, el, say } from "./admin_dom.js";
import { elementsOf } from "./admin_rich_text.js";

// milliseconds after the last key until the preview is fetched
const PAUSE_MS = 300;
const TAGS = [
  ["B", "<b>", "</b>"], ["I", "<i>", "</i>"], ["U", "<u>", "</u>"], ["S", "<s>", "</s>"],
  ["<>", "<code>", "</code>"], ["”", "<blockquote>", "</blockquote>"],
];

/** `area` to type in, `tags` for it, and `shown`, which follows; `changed(characters)` is told how long it is. */
export function textEditor(text, app, { pieces, preview, changed = () => {} }) {
  const area = el("textarea", { rows: 7, maxlength: 16_000, dir: "auto" });
  area.value = text;
  const bubble = el("div", { class: "bubble", dir: "auto" }, elementsOf(pieces));
  const problem = el("p", { class: "bad", role: "status" });
  let timer = 0, asked = 0;

  async function refresh() {
    const mine = asked += 1;
    if (!area.value.trim()) {
      bubble.replaceChildren();
      say(problem, "");
      return changed(0);
    }
    try {
      const found = await app.api.post(preview, { text: area.value });
      if (mine !== asked) return undefined;
      say(problem, found.problem ?? "");
      if (found.problem) return undefined;
      bubble.replaceChildren(...elementsOf(found.pieces));
      return changed(found.characters);
    } catch {
      return undefined; // the frame says that the server is away
    }
  }

  function put(before, after) {
    const [start, end] = [area.selectionStart, area.selectionEnd];
    area.setRangeText(before + area.value.slice(start, end) + after, start, end, "end");
    area.setSelectionRange(start + before.length, end + before.length);
    area.focus();
    area.dispatchEvent(new Event("input"));
  }

  area.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(refresh, PAUSE_MS);
  });
  const tags = el("div", { class: "tags", role: "group", "aria-label": app.t("formatting") },
    TAGS.map(([sign, before, after]) => button(sign, () => put(before, after), { "aria-label": before })));
  return { area, tags, problem, bubble, refresh, shown: el("div", {}, problem, bubble) };
}
