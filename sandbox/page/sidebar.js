// The left column: the current person, their chats, a field to paste a link.

import { joinChat, requestToJoin } from "./actions.js";
import { fileUrl } from "./api.js";
import { newChatForm } from "./chat_chooser.js";
import { avatar, button, clear, el, icon } from "./dom.js";
import { clockTime, personName } from "./format.js";
import { shortText } from "./bubbles.js";
import { openLink } from "./links.js";
import { dialog, menu } from "./overlays.js";
import { MAX_PEOPLE, chatCopy, go, isIn, on, place, shownPeople, sorted, titleOf, unread, world } from "./store.js";
import { refresh } from "./sync.js";

let peopleNode;
let listNode;
let drawnPeople = "";
let drawnList = "";
let othersOpen = false;

export function mountSidebar(people, list, linkForm) {
  peopleNode = people;
  listNode = list;
  fillLinkForm(linkForm);
  for (const name of ["world", "place", "chat"]) on(name, drawSoon);
}

let queued = false;
function drawSoon() {
  if (queued) return;
  queued = true;
  queueMicrotask(() => {
    queued = false;
    drawPeople();
    drawList();
  });
}

// ---------------------------------------------------------------------------------------------------------------- people

function drawPeople() {
  const shown = shownPeople().map((user) => ({
    user,
    pressed: user.id === place.as,
    news: user.id === place.as ? 0 : world.bots.reduce((sum, bot) => sum + unread(chatCopy(`b${bot.id}`, user.id)), 0),
  }));
  const drawn = JSON.stringify([shown, world.users.length]);
  if (drawn === drawnPeople) return;
  drawnPeople = drawn;
  const focused = document.activeElement?.dataset?.testid;
  clear(peopleNode, shown.map(personButton), world.users.length > MAX_PEOPLE ? morePeople() : null);
  if (focused?.startsWith("person-")) peopleNode.querySelector(`[data-testid="${focused}"]`)?.focus();
}

function personButton({ user, pressed, news }) {
  return button(
    {
      class: "person",
      testid: `person-${user.id}`,
      "aria-pressed": String(pressed),
      title: `Be ${personName(user)}`,
      onclick: () => become(user.id),
    },
    avatar(user.id, personName(user)),
    el(
      "span",
      { class: "person-text" },
      el("b", { dir: "auto" }, personName(user)),
      el("small", {}, user.role ?? (user.username ? `@${user.username}` : `id ${user.id}`)),
    ),
    news ? el("span", { class: "count" }, String(news), el("span", { class: "visually-hidden" }, " unread")) : null,
  );
}

function morePeople() {
  return button(
    {
      class: "person more",
      "aria-label": "More people",
      "aria-haspopup": "menu",
      onclick: (event) =>
        menu(
          event.currentTarget,
          world.users.slice(0, 60).map((user) => ({
            label: personName(user),
            icon: "person",
            run: () => become(user.id),
          })),
        ),
    },
    icon("more"),
  );
}

/** Switches to another person; the open chat stays open if that person has it too. */
function become(id) {
  const stays =
    place.chat?.startsWith("b") || world.chats.some((chat) => `c${chat.id}` === place.chat && isIn(chat, id));
  go({ as: id, chat: stays ? place.chat : null });
}

// ----------------------------------------------------------------------------------------------------------------- chats

function drawList() {
  const mine = world.chats.filter((chat) => isIn(chat, place.as));
  const rest = world.chats.filter((chat) => !isIn(chat, place.as));
  const entries = [...world.bots.map((bot) => `b${bot.id}`), ...mine.map((chat) => `c${chat.id}`)].map(describe);
  const drawn = JSON.stringify([entries, rest.map((chat) => [chat.title, hasAsked(chat)]), place]);
  if (drawn === drawnList) return;
  drawnList = drawn;
  const focused = listNode.contains(document.activeElement) ? document.activeElement.dataset.testid : null;
  clear(
    listNode,
    el("ul", { class: "entries" }, entries.map(entryButton)),
    el("ul", { class: "entries tools" }, logEntry()),
    otherChats(rest),
  );
  if (focused) listNode.querySelector(`[data-testid="${focused}"]`)?.focus();
}

function describe(key) {
  const copy = chatCopy(key);
  if (!copy.loaded && !copy.failed && place.as !== null) refresh(copy);
  const messages = sorted(copy).filter((message) => !message.deleted_at);
  const last = messages[messages.length - 1];
  const subject = key.startsWith("b")
    ? world.bots.find((bot) => `b${bot.id}` === key)
    : world.chats.find((chat) => `c${chat.id}` === key);
  return {
    key,
    id: subject.id,
    title: titleOf(copy),
    photo: subject.photo,
    hook: subject.username && key.startsWith("b") ? subject.username : String(subject.id),
    label: key.startsWith("b") ? (subject.role ?? "bot") : subject.type,
    line: copy.blocked
      ? "Blocked"
      : last
        ? shortText(last).slice(0, 90)
        : key.startsWith("b")
          ? `@${subject.username}`
          : "Nothing here yet",
    time: last ? clockTime(last.date) : "",
    news: key === place.chat ? 0 : unread(copy),
    open: key === place.chat,
  };
}

function entryButton(entry) {
  return el(
    "li",
    {},
    button(
      {
        class: "entry",
        testid: `chat-${entry.hook}`,
        "aria-current": entry.open ? "true" : null,
        onclick: () => go({ chat: entry.key }),
      },
      avatar(entry.id, entry.title, entry.key.startsWith("c") ? "channel" : null, entry.photo && fileUrl(entry.photo)),
      el(
        "span",
        { class: "entry-text" },
        el("span", { class: "entry-top" }, el("b", { dir: "auto" }, entry.title), el("time", {}, entry.time)),
        el(
          "span",
          { class: "entry-bottom" },
          el("small", { class: "tag" }, entry.label),
          el("span", { class: "entry-line", dir: "auto" }, entry.line),
        ),
      ),
      entry.news
        ? el("span", { class: "count" }, String(entry.news), el("span", { class: "visually-hidden" }, " unread"))
        : null,
    ),
  );
}

function logEntry() {
  return el(
    "li",
    {},
    button(
      {
        class: "entry slim",
        testid: "call-log",
        "aria-pressed": String(place.log),
        onclick: () => go({ log: !place.log }),
      },
      el("span", { class: "avatar plain" }, icon("log")),
      el(
        "span",
        { class: "entry-text" },
        el("b", {}, "Call log"),
        el("span", { class: "entry-line" }, "What the bots ask of the Bot API"),
      ),
    ),
  );
}

const hasAsked = (chat) => (chat.join_requests ?? []).some((request) => request.user === place.as);

/** The button that opens the list of channels the person is not in, and the form for a new one. */
function otherChats(chats) {
  const node = el(
    "details",
    { class: "other-chats", open: othersOpen },
    el("summary", {}, icon("down"), "Other channels"),
    el(
      "ul",
      { class: "entries" },
      chats.map((chat) =>
        el(
          "li",
          { class: "other-chat" },
          el("span", { dir: "auto" }, chat.title),
          el("small", {}, chat.username ? `@${chat.username}` : `private ${chat.type}`),
          button({ class: "chip", testid: `join-${chat.id}`, onclick: () => joinChat(chat) }, "Join"),
          chat.username
            ? null
            : hasAsked(chat)
              ? el("small", { class: "asked" }, "You asked to join")
              : button({ class: "chip", testid: `ask-${chat.id}`, onclick: () => requestToJoin(chat) }, "Ask to join"),
        ),
      ),
    ),
    button({ class: "chip", testid: "new-channel", onclick: newChannel }, icon("plus"), "New channel"),
  );
  node.addEventListener("toggle", () => (othersOpen = node.open));
  return node;
}

function newChannel() {
  dialog("New channel", (close) =>
    el(
      "div",
      { class: "dialog-body" },
      newChatForm("channel", (chat) => {
        close();
        go({ chat: `c${chat.id}` });
      }),
    ),
  );
}

// ------------------------------------------------------------------------------------------------------------- the link

function fillLinkForm(form) {
  const input = el("input", {
    type: "text",
    testid: "open-link",
    placeholder: "Paste a link, e.g. t.me/…",
    "aria-label": "Open a link",
    spellcheck: "false",
    inputmode: "url",
  });
  form.append(icon("link"), input, button({ type: "submit", class: "chip strong", testid: "open-link-go" }, "Open"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const address = input.value.trim();
    if (!address) return input.focus();
    input.value = "";
    openLink(address);
  });
}
