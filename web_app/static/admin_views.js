// The parts of the page: which one the address names, its menu, opening and ending it.

import { el, mark, show } from "./admin_dom.js";
import { wordsOf } from "./admin_words.js";

const node = (name) => document.getElementById(name);
const menu = node("views"), root = node("root");

let member = null;
let makeApp = null; // (words, rest of the address) → what a view gets
let failed = null; // (error) → shows why a view did not open
let end = null; // ends the open view
let visit = 0; // a view that opens after another was asked for is dropped

/** Shows the menu of what the member may open, and the part the address names. */
export async function start(who, words, make, onFailure) {
  [member, makeApp, failed] = [who, make, onFailure];
  mark(menu, "aria-label", words.t("views"));
  const links = member.views.map((name) => el("a", { href: `#${name}` }, words.t(`view_${name}`)));
  node("view-links").replaceChildren(...links.map((link) => el("li", {}, link)));
  show(menu, true);
  await open({ isFirst: true });
}

/** Ends the open part and removes everything that was shown. */
export function stop() {
  visit += 1;
  close();
  member = null;
  show(menu, false);
  node("view-links").replaceChildren();
}

function close() {
  const ending = end;
  end = null;
  ending?.();
  root.replaceChildren();
}

/** Opens a part: `go("posts")`, `go("posts/12")`; the same one is opened again. */
export function go(hash) {
  if (location.hash === `#${hash}`) void open();
  else location.hash = hash;
}

/** The text of an address; "" for one that was cut or made up. */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

function named() {
  const [name, ...rest] = decoded(location.hash.slice(1)).split("/");
  return member.views.includes(name) ? [name, rest.join("/")] : [member.views[0], ""];
}

async function open({ isFirst = false } = {}) {
  const mine = visit += 1;
  const [name, rest] = named();
  if (location.hash !== `#${name}` && !location.hash.startsWith(`#${name}/`)) history.replaceState(null, "", `#${name}`);
  for (const link of menu.querySelectorAll("a")) {
    const isOpen = link.hash === `#${name}`;
    mark(link, "aria-current", isOpen ? "page" : null);
    if (isOpen) link.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
  close();
  const section = el("section", { id: `view-${name}`, class: "view", "aria-busy": "true" });
  root.replaceChildren(section);
  try {
    const [module, words] = await Promise.all([import(`./view_${name}.js`), wordsOf(member.language, name)]);
    if (mine !== visit) return;
    const ending = await module.open(section, makeApp(words, rest));
    if (mine === visit) end = ending ?? null;
    else ending?.();
  } catch (error) {
    if (mine === visit) failed(error, section);
  }
  if (mine === visit) finish(section, isFirst);
}

function finish(section, isFirst) {
  mark(section, "aria-busy", null);
  const heading = section.querySelector("h2");
  if (!heading) return;
  heading.id ||= "view-heading";
  heading.tabIndex = -1;
  mark(section, "aria-labelledby", heading.id);
  document.title = `${heading.textContent} · Tollgate`;
  if (!isFirst) heading.focus();
}

export function focusContent() {
  (root.querySelector("h2") ?? root).focus();
}

addEventListener("hashchange", () => {
  // a sign-in link in the same tab is no part of the page
  if (member && !/^#([0-9A-Za-z]{32}$|tgWebApp)/.test(location.hash)) void open();
});
