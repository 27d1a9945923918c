// A text with formatting: typed as Telegram's HTML, shown as its readers get it.

import { button, el, newId, say, show } from "./admin_dom.js";
import { elementsOf } from "./admin_rich_text.js";
import { inWords } from "./view_settings_values.js";

// milliseconds after the last key until the preview is fetched
const PAUSE_MS = 400;
const TAGS = [
  ["bold", "B", "<b>", "</b>"], ["italic", "I", "<i>", "</i>"], ["underline", "U", "<u>", "</u>"],
  ["strike", "S", "<s>", "</s>"], ["code", "<>", "<code>", "</code>"], ["quote", "”", "<blockquote>", "</blockquote>"],
  ["spoiler", "▒", "<tg-spoiler>", "</tg-spoiler>"], ["link", "↗", "<a href=\"https://\">", "</a>"],
];

/** As the other controls of settings: nodes, focus, read, button. */
export function makeTextEditor(setting, app, common) {
  const { t } = app;
  const area = el("textarea", { rows: 5, maxlength: 16_000, dir: "auto", spellcheck: "true", ...common });
  area.value = setting.value ?? "";
  const store = el("button", { type: "submit", class: "strong", hidden: true }, t("save"));
  const shown = el("div", { class: "bubble", dir: "auto" }), length = el("p", { class: "aside" });
  const problem = el("p", { class: "bad", role: "status" });
  const heading = newId("preview");
  let timer = 0, asked = 0;

  async function refresh() {
    const mine = asked += 1;
    const typed = area.value.trim();
    if (!typed) return draw([], "");
    try {
      const answer = await app.api.post(`/settings/${setting.name}/preview`, { typed });
      if (mine === asked) draw(answer.preview, answer.length);
    } catch (error) {
      if (mine === asked && error.status === 422) say(problem, error.message);
    }
    return undefined;
  }

  function draw(pieces, words) {
    say(problem, "");
    say(length, words);
    if (pieces.length) shown.replaceChildren(...elementsOf(pieces));
    else shown.replaceChildren(el("span", { class: "aside" }, t("preview_usual", { value: inWords(setting, null, app) })));
  }

  function changed() {
    show(store, area.value !== (setting.value ?? ""));
    clearTimeout(timer);
    timer = setTimeout(refresh, PAUSE_MS);
  }

  function put(before, after) {
    const [start, end] = [area.selectionStart, area.selectionEnd];
    area.setRangeText(before + area.value.slice(start, end) + after, start, end, "end");
    area.setSelectionRange(start + before.length, end + before.length);
    area.focus();
    changed();
  }

  area.addEventListener("input", changed);
  draw(setting.preview, "");
  const tags = TAGS.map(([name, sign, before, after]) => button(
    sign, () => put(before, after), { class: "tag", title: t(name), "aria-label": t(name) },
  ));
  const fields = setting.placeholders.map((name) => button(`{${name}}`, () => put(`{${name}}`, ""), { class: "tag" }));
  const nodes = [
    el("div", { class: "tags", role: "group", "aria-label": t("formatting") }, tags),
    ...(fields.length ? [el("div", { class: "tags", role: "group", "aria-label": t("placeholders") }, fields)] : []),
    area, problem,
    el("div", { class: "preview", role: "region", "aria-labelledby": heading },
      el("p", { class: "aside", id: heading }, t("preview")), shown, length),
    store,
  ];
  return { nodes, focus: area, button: store, read: () => area.value.trim() || "-" };
}
