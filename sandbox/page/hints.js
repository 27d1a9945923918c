// Three first steps for a new visitor, ticked off in their order as they are done, gone when dismissed.

import { button, clear, el, icon, iconButton } from "./dom.js";
import { adminBot, go, hasRole, on, owner, world } from "./store.js";

const DISMISSED = "sandbox.hints.dismissed";
/** The steps as they are done: one counts only after those before it. */
const ORDER = ["post", "link", "skip"];
const done = new Set();
let dismissed = false;

export function mountHints(node) {
  const draw = () => {
    node.hidden = isDismissed() || world.bots.length === 0 || world.users.length < 2;
    if (!node.hidden) clear(node, head(draw), el("ol", {}, steps().map(step)));
  };
  on("world", draw);
  on("did", (name) => {
    if (name !== ORDER[done.size]) return;
    done.add(name);
    draw();
  });
}

function head(draw) {
  return el(
    "header",
    {},
    el("h2", {}, done.size >= ORDER.length ? "That is the whole idea" : "Try it in three steps"),
    iconButton("close", "Dismiss these steps", {
      testid: "hints-dismiss",
      onclick: () => {
        remember();
        draw();
      },
    }),
  );
}

function steps() {
  const boss = owner();
  const guest =
    world.users.find((user) => user !== boss && hasRole(user, "subscriber")) ??
    world.users.find((user) => user !== boss);
  return [
    {
      name: "post",
      text: `Be ${boss.first_name} and send ${adminBot().first_name} a photo. It answers with a link.`,
      label: "Go",
      run: () => go({ as: boss.id, chat: `b${adminBot().id}` }),
    },
    { name: "link", text: `Open that link as ${guest.first_name}: press “Open as ${guest.first_name}” under it.` },
    { name: "skip", text: "Skip 30 minutes with the clock above and watch the photo vanish." },
  ];
}

function step(item) {
  const isDone = done.has(item.name);
  return el(
    "li",
    { class: isDone ? "done" : null },
    el("span", { class: "tick", "aria-hidden": "true" }, isDone ? icon("check") : null),
    el("span", {}, item.text, isDone ? el("span", { class: "visually-hidden" }, " (done)") : null),
    item.run && !isDone ? button({ class: "chip", onclick: item.run }, item.label) : null,
  );
}

function isDismissed() {
  try {
    return dismissed || localStorage.getItem(DISMISSED) === "yes";
  } catch {
    return dismissed;
  }
}

function remember() {
  dismissed = true;
  try {
    localStorage.setItem(DISMISSED, "yes");
  } catch {
    // without storage the steps come back with the next visit
  }
}
