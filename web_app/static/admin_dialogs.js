// A question before an action, and what is said after one. `window.confirm` does not work inside Telegram.

import { button, el, mark, newId, say, show } from "./admin_dom.js";

const box = document.getElementById("confirm");
const yes = document.getElementById("confirm-yes");
const no = document.getElementById("confirm-no");
const toast = document.getElementById("said");
// milliseconds a sentence stays; one with a button stays longer
const SAID_MS = 6_000, OFFERED_MS = 15_000;

let leaving = 0;

export function speak(words) {
  say(no, words.t("leave_it"));
}

/** Whether the person said yes; Escape and the other button say no. `isDanger`: what nothing brings back. */
export function confirm({ title, text = "", yes: word, isDanger = false }) {
  document.getElementById("confirm-heading").textContent = title;
  document.getElementById("confirm-text").textContent = text;
  yes.textContent = word;
  yes.className = isDanger ? "danger" : "strong";
  box.returnValue = "";
  box.showModal();
  return new Promise((resolve) => {
    box.addEventListener("close", () => resolve(box.returnValue === "yes"), { once: true });
  });
}

yes.addEventListener("click", () => box.close("yes"));
no.addEventListener("click", () => box.close("no"));
// a click outside the box is a no; a click inside it has a child as its target
box.addEventListener("click", (event) => {
  if (event.target === box) box.close("no");
});

export function dropQuestion() {
  for (const one of document.querySelectorAll("dialog[open]")) one.close("no");
  silence();
}

/** Says what was done or went wrong, also to screen readers; `offer`, like Undo, is a button beside it. */
export function announce(text, { offer = null, press = null, isBad = false } = {}) {
  clearTimeout(leaving);
  const act = async () => {
    silence();
    await press();
  };
  toast.replaceChildren(document.createTextNode(text), ...(offer ? [button(offer, act, { class: "plain" })] : []));
  toast.classList.toggle("bad", isBad);
  show(toast, true);
  leaving = setTimeout(silence, offer ? OFFERED_MS : SAID_MS);
}

function silence() {
  clearTimeout(leaving);
  toast.replaceChildren();
  show(toast, false);
}

/**
 * Asks for values: `fields` are { name, label, value, type, options } with `options` as [value, text] for a choice;
 * `check(values)` returns what is wrong as { name: sentence }. Returns the values as texts, null for none.
 */
export function form({ title, text = "", fields, yes: word, no: otherWord, isDanger = false, check = () => ({}) }) {
  const parts = fields.map(fieldOf);
  const heading = el("h2", { id: newId("form-heading") }, title);
  const submit = el("button", { type: "submit", class: isDanger ? "danger" : "strong" }, word);
  const sheet = el("form", { class: "question", method: "dialog", novalidate: true },
    heading, text ? el("p", {}, text) : null, parts.map((part) => part.label),
    el("div", { class: "answers" }, button(otherWord, () => asked.close()), submit));
  const asked = el("dialog", { "aria-labelledby": heading.id }, sheet);
  document.body.append(asked);
  let given = null;
  sheet.addEventListener("submit", (event) => {
    event.preventDefault();
    const values = Object.fromEntries(parts.map((part) => [part.name, part.input.value.trim()]));
    const wrong = check(values);
    for (const part of parts) part.complain(wrong[part.name] ?? "");
    const first = parts.find((part) => wrong[part.name]);
    if (first) return first.input.focus();
    given = values;
    return asked.close();
  });
  asked.showModal();
  return new Promise((resolve) => {
    asked.addEventListener("close", () => {
      asked.remove();
      resolve(given);
    }, { once: true });
  });
}

function fieldOf({ name, label, value = "", options = null, ...attributes }) {
  const input = options
    ? el("select", { name }, options.map(([one, text]) => el("option", { value: one, selected: one === value }, text)))
    : el("input", { name, value, autocomplete: "off", ...attributes });
  const wrong = el("span", { id: newId("wrong"), class: "said bad", role: "alert" });
  input.setAttribute("aria-describedby", wrong.id);
  const complain = (sentence) => {
    say(wrong, sentence);
    mark(input, "aria-invalid", sentence ? "true" : null);
  };
  return { name, input, complain, label: el("label", { class: "field" }, el("span", {}, label), input, wrong) };
}

/** Shows a link to copy; `offer` is one more button, whose `press` gets a function that closes. */
export function showLink({ title, text, link, offer = null, press = null, words }) {
  const field = el("input", { readonly: true, value: link, "aria-label": title });
  const heading = el("h2", { id: newId("link-heading") }, title);
  const close = () => shown.close();
  const copy = async () => {
    field.select();
    // Telegram's views may refuse the first way
    await (navigator.clipboard?.writeText(link) ?? Promise.reject(new Error("none"))).catch(() => document.execCommand("copy"));
    close();
    announce(words.t("copied"));
  };
  const shown = el("dialog", { "aria-labelledby": heading.id }, el("div", { class: "question" }, heading, el("p", {}, text), field,
    el("div", { class: "answers" }, offer ? button(offer, () => press(close)) : null, button(words.t("close"), close),
      button(words.t("copy"), copy, { class: "strong" }))));
  document.body.append(shown);
  shown.addEventListener("close", () => shown.remove(), { once: true });
  shown.showModal();
}
