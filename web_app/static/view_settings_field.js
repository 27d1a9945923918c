// One setting: its name and sentence, its control, its usual value, and what went wrong at it.

import { toChat } from "./admin_chat.js";
import { button, el, mark, newId, once, say, show } from "./admin_dom.js";
import { makeTextEditor } from "./view_settings_text.js";
import { asTyped, inWords } from "./view_settings_values.js";

const OTHER = "\u0000other";

/** The form of a setting; `facts` are those of the whole installation. */
export function makeField(first, app, facts) {
  const { t, api } = app;
  const form = el("form", { class: "setting", "data-setting": first.name, novalidate: true });
  const label = t(`label_${first.name}`), wrong = el("p", { class: "bad", id: newId("wrong"), role: "alert" });
  const help = newId("help");
  let setting = first, input = null;

  const typedNow = () => input.read();

  async function store(change, { isUndo = false } = {}) {
    say(wrong, "");
    mark(input.focus, "aria-invalid", null);
    try {
      const answer = await api.put(`/settings/${setting.name}`, { ...change, seen: setting.value });
      setting = answer.setting;
      draw();
      input.focus.focus();
      announce(answer, isUndo);
    } catch (error) {
      if (error.status === 409) await conflict(error.message, change);
      else if (error.status) refuse(error.message);
      else app.say(error.message, { isBad: true });
    }
  }

  function announce(answer, isUndo) {
    const value = inWords(setting, setting.value, app);
    if (!answer.is_stored) return app.say(t("stands", { setting: label, value }));
    if (isUndo) return app.say(t("undone"));
    const said = value ? t("changed", { setting: label, value }) : t("changed_text", { setting: label });
    const press = () => store({ typed: asTyped(setting, answer.before) }, { isUndo: true });
    return app.say(said, { offer: t("undo"), press });
  }

  function refuse(sentence) {
    say(wrong, sentence);
    mark(input.focus, "aria-invalid", "true");
    input.focus.focus();
  }

  /** Somebody else changed it: theirs is shown, and ours can still be stored. */
  async function conflict(sentence, change) {
    const { settings } = await api.get("/settings");
    setting = settings.find((one) => one.name === setting.name) ?? setting;
    const mine = button(t("save_mine"), () => store(change), { class: "strong" });
    const theirs = button(t("keep_theirs"), () => { draw(); input.focus.focus(); });
    wrong.replaceChildren(sentence, el("span", { class: "answers" }, theirs, mine));
    mine.focus();
  }

  async function save(change) {
    if (setting.is_confirmed && !(await isConfirmed(change))) return draw();
    return store(change);
  }

  function isConfirmed(change) {
    const value = change.usual ? setting.usual : change.typed;
    const isEarning = value !== "open" && !facts.hasShorteners;
    const text = [t(`confirm_${value}`), ...(isEarning ? [t("no_shortener")] : [])].join(" ");
    return app.confirm({ title: t("confirm_title"), text, yes: t("confirm_yes") });
  }

  function draw() {
    say(wrong, "");
    const ids = { label: newId("label"), described: `${help} ${wrong.id}` };
    input = controlOf(setting, app, { ids, label, save: (typed) => save({ typed }) });
    const isUsual = setting.value === setting.usual || !setting.is_here;
    const usual = button(t("usual"), () => save({ usual: true }), { class: "plain", "aria-label": `${t("usual")}: ${label}` });
    form.replaceChildren(
      el("div", { class: "about" },
        el("label", { class: "name", id: ids.label, for: input.focus.id || null }, label),
        el("p", { class: "aside", id: help }, t(`sentence_${setting.name}`)), ...changedBy(setting, app)),
      el("div", { class: "control" }, ...input.nodes, ...(isUsual ? [] : [el("span", { class: "usual" },
        el("span", { class: "aside" }, usualWords(setting, app)), usual)]), wrong),
    );
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (input.button) void once(input.button, () => save({ typed: typedNow() }));
  });
  draw();
  return form;
}

const usualWords = (setting, app) => app.t("usual_is", { value: inWords(setting, setting.usual, app) });

function changedBy(setting, app) {
  if (!setting.changed) return [];
  const { name, by, at } = setting.changed;
  const words = app.t("changed_by", { name: `\u2068${name || by}\u2069`, when: app.format.moment(at) });
  return [el("p", { class: "aside changed" }, words)];
}

/** The control: its nodes, the one that takes the focus, how it is read, and its button if it has one. */
function controlOf(setting, app, { ids, label, save }) {
  if (!setting.is_here) return elsewhere(setting, app);
  const id = newId("control"), common = { id, "aria-describedby": ids.described };
  switch (setting.control) {
    case "switch": return switchOf(setting, app, common, save);
    case "choice": return choiceOf(setting, app, common, save);
    case "duration": return durationOf(setting, app, common, save, label);
    case "text": return makeTextEditor(setting, app, common);
    default: return typedOf(setting, app, common);
  }
}

function elsewhere(setting, app) {
  const isMaintenance = setting.name === "maintenance_until" && app.member.views.includes("system");
  const text = isMaintenance ? el("a", { href: "#system" }, app.t("at_system")) : el("span", { class: "aside" }, app.t("in_chat"));
  return { nodes: [text, ...(isMaintenance ? [] : toChat(app))], focus: text, read: () => "" };
}

function switchOf(setting, app, common, save) {
  const box = el("input", { type: "checkbox", role: "switch", ...common });
  box.checked = setting.value;
  box.addEventListener("change", () => once(box, () => save(box.checked ? "on" : "off")));
  const word = el("span", { "aria-hidden": "true" }, inWords(setting, setting.value, app));
  return { nodes: [el("label", { class: "switch", for: common.id }, box, word)], focus: box, read: () => "" };
}

function choiceOf(setting, app, common, save) {
  const options = setting.choices.map((choice) => [choice, app.t(`choice_${setting.name}_${choice}`)]);
  const box = el("select", common, options.map(([value, text]) => el("option", { value }, text)));
  box.value = setting.value;
  box.addEventListener("change", () => once(box, () => save(box.value)));
  return { nodes: [box], focus: box, read: () => box.value };
}

function durationOf(setting, app, common, save, label) {
  const offered = setting.offered.map((value) => [asTyped(setting, value), inWords(setting, value, app)]);
  const current = asTyped(setting, setting.value);
  if (setting.never) offered[setting.never === "off" ? "unshift" : "push"]([setting.never, inWords(setting, 0, app)]);
  if (!offered.some(([value]) => value === current)) offered.push([current, inWords(setting, setting.value, app)]);
  offered.push([OTHER, `${app.t("other")} …`]);
  const box = el("select", common, offered.map(([value, text]) => el("option", { value }, text)));
  const other = el("input", { type: "text", maxlength: 40, "aria-label": `${app.t("other_value")}: ${label}`,
    "aria-describedby": common["aria-describedby"], placeholder: inWords(setting, setting.offered[1], app) });
  const store = el("button", { type: "submit", class: "strong" }, app.t("save"));
  const own = el("span", { class: "typed", hidden: true }, other, store);
  box.value = current;
  box.addEventListener("change", () => {
    const isOther = box.value === OTHER;
    show(own, isOther);
    if (isOther) other.focus();
    else void once(box, () => save(box.value));
  });
  return {
    nodes: [box, own], button: store, read: () => other.value,
    get focus() { return own.hidden ? box : other; },
  };
}

function typedOf(setting, app, common) {
  const isNumber = setting.control === "number";
  const limits = isNumber ? { type: "number", min: setting.lowest, max: setting.highest, step: 1, inputmode: "numeric" }
    : { type: setting.control === "link" ? "url" : "text", maxlength: setting.longest ?? 256, dir: "auto" };
  const input = el("input", { ...limits, ...common, value: setting.value ?? "", autocomplete: "off" });
  const store = el("button", { type: "submit", class: "strong", hidden: true }, app.t("save"));
  input.addEventListener("input", () => show(store, input.value !== String(setting.value ?? "")));
  const link = setting.control === "link" && setting.value
    ? el("a", { class: "button", href: setting.value, target: "_blank", rel: "noopener noreferrer" }, app.t("open_link")) : null;
  const nodes = [el("span", { class: "typed" }, input, store, link)];
  return { nodes, focus: input, button: store, read: () => input.value.trim() || "-" };
}
