// Overlays of the page: toasts, alerts, menus, questions, a large picture.

import { button, el, icon } from "./dom.js";

const TOAST_MS = 3500;

/** A short note at the bottom; `kind` is "error" or nothing. */
export function toast(text, kind = "") {
  const node = el("div", { class: `toast ${kind}`, testid: "toast" }, text);
  document.querySelector(".toasts").append(node);
  setTimeout(() => node.classList.add("going"), TOAST_MS);
  setTimeout(() => node.remove(), TOAST_MS + 300);
}

export const complain = (error) => toast(error.message, "error");

/** Says something to screen readers only. */
export function announce(text) {
  document.querySelector("[data-announcer]").textContent = text;
}

/** A modal dialog. `build(close)` gives its content; resolves with what close() was called with, null when dismissed. */
export function dialog(title, build, { testid = "dialog", wide = false } = {}) {
  return new Promise((resolve) => {
    let result = null;
    const node = el("dialog", { class: wide ? "dialog wide" : "dialog", testid, "aria-label": title });
    const close = (value) => {
      result = value ?? null;
      node.close();
    };
    node.append(
      el(
        "header",
        { class: "dialog-head" },
        el("h2", {}, title),
        button({ class: "icon-button", "aria-label": "Close", onclick: () => close(null) }, icon("close")),
      ),
      build(close),
    );
    node.addEventListener("click", (event) => event.target === node && close(null));
    node.addEventListener("close", () => {
      node.remove();
      resolve(result);
    });
    document.body.append(node);
    node.showModal();
  });
}

/** The pop-up a bot asks for with show_alert. */
export function alertBox(text) {
  return dialog("Message from the bot", (close) =>
    el(
      "div",
      { class: "dialog-body" },
      el("p", { class: "alert-text", testid: "alert" }, text),
      el(
        "div",
        { class: "dialog-actions" },
        button({ class: "primary", testid: "alert-ok", autofocus: true, onclick: () => close(true) }, "OK"),
      ),
    ),
  );
}

export function confirmBox(title, text, yes) {
  return dialog(title, (close) =>
    el(
      "div",
      { class: "dialog-body" },
      el("p", {}, text),
      el(
        "div",
        { class: "dialog-actions" },
        button({ onclick: () => close(false) }, "Cancel"),
        button({ class: "danger", testid: "confirm", autofocus: true, onclick: () => close(true) }, yes),
      ),
    ),
  );
}

/** A list to choose one from: [{label, hint?, picture?, value}]. Resolves with the value or null. */
export function chooser(title, options, { empty, extra } = {}) {
  return dialog(
    title,
    (close) =>
      el(
        "div",
        { class: "dialog-body" },
        options.length ? null : el("p", { class: "muted" }, empty ?? "Nothing to choose from."),
        el(
          "ul",
          { class: "choices" },
          options.map((option) =>
            el(
              "li",
              {},
              button(
                { class: "choice", testid: "choice", onclick: () => close(option.value) },
                option.picture,
                el("span", { class: "choice-text" }, el("b", {}, option.label), el("small", {}, option.hint ?? "")),
              ),
            ),
          ),
        ),
        extra ? extra(close) : null,
      ),
    { testid: "chooser" },
  );
}

/** A large view of a picture. */
export function lightbox(url, label) {
  dialog(label, () => el("div", { class: "lightbox" }, el("img", { src: url, alt: label })), { wide: true });
}

let openMenu = null;

/** A menu beside `anchor`: [{label, icon, run, hint?, danger?, testid?}]. Arrow keys move, Escape closes, focus returns. */
export function menu(anchor, items, point) {
  closeMenu();
  const node = el(
    "div",
    { class: "menu", role: "menu" },
    items.filter(Boolean).map((item) =>
      button(
        {
          role: "menuitem",
          class: item.danger ? "menu-item danger" : "menu-item",
          testid: item.testid,
          tabindex: "-1",
          onclick: () => {
            closeMenu();
            item.run();
          },
        },
        icon(item.icon),
        item.label,
        item.hint ? el("small", {}, item.hint) : null,
      ),
    ),
  );
  node.addEventListener("keydown", (event) => moveInMenu(event, node));
  document.body.append(node);
  openMenu = { node, anchor };
  anchor.setAttribute?.("aria-expanded", "true");
  placeMenu(node, point ?? anchor.getBoundingClientRect());
  node.querySelector("button")?.focus();
}

function closeMenu() {
  if (!openMenu) return;
  const { node, anchor } = openMenu;
  openMenu = null;
  const hadFocus = node.contains(document.activeElement);
  node.remove();
  anchor.removeAttribute?.("aria-expanded");
  if (hadFocus && anchor.isConnected) anchor.focus?.();
}

function placeMenu(node, box) {
  const { offsetWidth: width, offsetHeight: height } = node;
  const left = Math.max(8, Math.min(box.right - width, innerWidth - width - 8));
  const below = box.bottom + 4;
  const top = below + height < innerHeight - 8 ? below : Math.max(8, box.top - height - 4);
  node.style.left = `${left}px`;
  node.style.top = `${top}px`;
}

function moveInMenu(event, node) {
  const items = [...node.querySelectorAll("button")];
  const at = items.indexOf(document.activeElement);
  const steps = { ArrowDown: 1, ArrowUp: -1 };
  if (event.key in steps) {
    event.preventDefault();
    items[(at + steps[event.key] + items.length) % items.length]?.focus();
  } else if (event.key === "Escape" || event.key === "Tab") {
    event.preventDefault();
    event.stopPropagation();
    closeMenu();
  }
}

document.addEventListener("pointerdown", (event) => {
  if (openMenu && !openMenu.node.contains(event.target)) closeMenu();
});
addEventListener("resize", closeMenu);
