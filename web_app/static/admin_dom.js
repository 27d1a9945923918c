// Makes and changes elements. Whatever people typed comes into the page as text, never as HTML.

/** Sets the text of a node if it differs: an unchanged one is neither drawn nor read out again. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function show(node, isShown) {
  if (node.hidden === isShown) node.hidden = !isShown;
}

/** Sets or, with null, removes an attribute. */
export function mark(node, name, value) {
  if (value === null) node.removeAttribute(name);
  else if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/**
 * Makes an element: `el("button", { type: "button", class: "strong", onclick: save }, "Save")`.
 * `on…` are listeners, true an attribute without a value, false and null none; children are nodes or texts, null none.
 */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** A button; `press` may be asynchronous: further presses are ignored until it is done. */
export function button(text, press, attributes = {}) {
  const made = el("button", { type: "button", ...attributes }, text);
  made.addEventListener("click", () => once(made, press));
  return made;
}

/** Runs `act` unless it is running for this button already. The button keeps the focus, which a disabled one loses. */
export async function once(node, act) {
  if (node.getAttribute("aria-disabled") === "true") return;
  mark(node, "aria-disabled", "true");
  try {
    await act();
  } finally {
    mark(node, "aria-disabled", null);
  }
}

/** A <select> with `options` as [value, text]; `change` gets the chosen value. */
export function select(label, options, value, change) {
  const box = el("select", {}, options.map(([one, text]) => el("option", { value: one, selected: one === value }, text)));
  box.addEventListener("change", () => change(box.value));
  return el("label", { class: "field" }, el("span", {}, label), box);
}

let ids = 0;

/** A name for an element that another one refers to. */
export const newId = (start) => `${start}-${ids += 1}`;

/** Does something that asks the server; says why when it fails. */
export async function orSay(app, work) {
  try {
    await work();
  } catch (error) {
    app.say(error.message, { isBad: true });
  }
}
