// Puts the page together and starts listening.

import { lastPerson, rememberPerson, takeLink } from "./arrival.js";
import { mountCallLog } from "./call_log.js";
import { mountClock } from "./clock.js";
import { mountConversation } from "./conversation.js";
import { el } from "./dom.js";
import { mountHints } from "./hints.js";
import { openLink } from "./links.js";
import { mountSidebar } from "./sidebar.js";
import { adminBot, go, me, on, place, readPlace, titleOf, currentCopy, world } from "./store.js";
import { listen, refreshAll, refreshWorld } from "./sync.js";
import { personName } from "./format.js";

const find = (selector) => document.querySelector(selector);

find(".brand").append(
  el("img", { src: "/page/icon.svg", alt: "", width: "28", height: "28" }),
  el("span", {}, "Sandbox"),
);
mountSidebar(find(".people"), find(".chat-list"), find(".open-link"));
mountClock(find(".clock"));
mountConversation(find(".conversation"));
mountCallLog(find(".call-log"));
mountHints(find(".hints"));
find("[data-skip]").addEventListener("click", (event) => {
  event.preventDefault();
  (find(".composer-input") ?? find(".scroller"))?.focus();
});

on("place", () => {
  refreshWorld().catch(() => {});
  const copy = currentCopy();
  document.title = copy ? `${titleOf(copy)} — ${personName(me())} — Sandbox Telegram` : "Sandbox Telegram";
});
rememberPerson();
addEventListener("popstate", readPlace);
addEventListener("hashchange", readPlace);

async function begin() {
  try {
    await refreshWorld();
    const link = takeLink();
    const person = link ? lastPerson() : null;
    readPlace();
    if (person !== null) go({ as: person });
    if (!place.chat && !link && matchMedia("(min-width: 760px)").matches && world.bots.length) go({ chat: `b${adminBot().id}` });
    await refreshAll();
    if (link) openLink(link);
  } catch {
    find(".offline").hidden = false;
  }
  listen();
}

begin();
