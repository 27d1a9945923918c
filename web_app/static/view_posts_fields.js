// The fields of a post's card. What is chosen is saved at once, what is typed by its button; each can be undone.

import { el, show } from "./admin_dom.js";
import { textEditor } from "./view_posts_text.js";

const MINUTES = [5, 15, 30, 60, 360, 1440, 2820];
const ACCESS = ["settings", "free", "free_without_channels"];

export function contentFields(card) {
  const { app } = card, { t } = app;
  const editor = textEditor(card.card.text, app, { pieces: card.card.pieces, preview: "/posts/draft/preview" });
  return [
    typed(card, "title", el("input", { maxlength: 80, dir: "auto", value: card.card.post.title })),
    form(card, "description", t("text"), editor.area, () => editor.area.value, [
      el("p", { class: "note" }, t("text_help")), editor.tags, editor.shown,
    ]),
    chosen(card, "cover", t("cover"), covers(card), card.card.cover.split(":")[0]),
  ];
}

export function optionFields(card) {
  const { app } = card, { t } = app, { usual } = card.card;
  const switched = (value) => t(value ? "on" : "off");
  const inWords = (one) => (one === null ? asSettings(app, span(usual.delete_after_minutes, app)) : span(one, app));
  const times = [null, ...MINUTES, 0].map((one) => [one, inWords(one)]);
  const own = card.card.delete_after_minutes;
  if (own !== null && own !== 0 && !MINUTES.includes(own)) times.push([own, span(own, app)]);
  const line = (value, longest, more = {}) => el("input", { maxlength: longest, value: value ?? "", ...more });
  return [
    chosen(card, "delete_after_minutes", t("delete_after"), times, own),
    chosen(card, "protect", t("protect"), [
      [null, asSettings(app, switched(usual.protect))], [true, t("on")], [false, t("off")],
    ], card.card.protect),
    chosen(card, "access", t("access"), ACCESS.map((one) => [one, t(`access_${one}`)]), card.card.access),
    typed(card, "label", line(card.card.label, 40, { dir: "auto", placeholder: usual.label }), { empty: null }),
    card.card.has_archive || card.card.password !== null
      ? typed(card, "password", line(card.card.password, 128, { autocomplete: "off" }), { empty: null, help: t("password_help") })
      : null,
  ];
}

function covers(card) {
  const { t } = card.app, kind = card.card.cover.split(":")[0];
  const kinds = ["default", "none"];
  if (card.card.has_picture || kind === "post") kinds.push("post");
  if (kind === "own") kinds.push("own");
  return kinds.map((one) => [one, t(`cover_${one}`)]);
}

const asSettings = (app, value) => app.t("as_settings", { value });

/** 0 as never, 90 as 90 min, 120 as 2 h. */
export function span(minutes, { t, format }) {
  if (!minutes) return t("never");
  return minutes % 60 ? t("minutes", { count: format.number(minutes) }) : t("hours", { count: format.number(minutes / 60) });
}

/** A choice that is saved at once; options are [value, text]. */
function chosen(card, field, label, options, value) {
  const option = ([one, text], place) => el("option", { value: place, selected: one === value }, text);
  const box = el("select", { "data-focus": field }, options.map(option));
  box.addEventListener("change", async () => {
    const wanted = options[box.value][0];
    const isSure = field !== "cover" || value !== "own" || await mayForget(card);
    const isStored = isSure && await card.change(field, wanted, card.valueOf(field));
    if (!isStored) box.value = String(options.findIndex(([one]) => one === value));
  });
  return el("label", { class: "field" }, el("span", {}, label), box);
}

function mayForget({ app: { t, confirm } }) {
  return confirm({ title: t("cover_lost"), text: t("cover_lost_text"), yes: t("cover_change"), isDanger: true });
}

function typed(card, field, input, { empty = "", help = null } = {}) {
  const text = card.app.t(field);
  const notes = help ? [el("p", { class: "note" }, help)] : [];
  return form(card, field, text, input, () => input.value || empty, notes);
}

/** A field that is typed, with a button that appears when it differs. */
function form(card, field, label, input, read, more) {
  const { t } = card.app;
  const store = el("button", { type: "submit", class: "strong", hidden: true }, t("save"));
  const before = input.value;
  input.dataset.focus = field;
  input.addEventListener("input", () => show(store, input.value !== before));
  const made = el("form", { class: "field-form" }, el("label", { class: "field" }, el("span", {}, label), input), more, store);
  made.addEventListener("submit", (event) => {
    event.preventDefault();
    void card.change(field, read(), card.valueOf(field));
  });
  return made;
}
