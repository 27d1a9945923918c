// The middle of the page: head, messages, keyboards, composer of the open chat.

import { joinChat, deleteMessages, forwardMessages, pressReply, sendText, unblock } from "./actions.js";
import { chatMenu } from "./chat_info.js";
import { fileUrl } from "./api.js";
import { Composer } from "./composer.js";
import { avatar, button, clear, el, icon, iconButton } from "./dom.js";
import { plural } from "./format.js";
import { requestsBar } from "./joining.js";
import { openLink } from "./links.js";
import { mayDelete } from "./message_menu.js";
import { alertBox, toast } from "./overlays.js";
import { refresh } from "./sync.js";
import { Transcript } from "./transcript.js";
import {
  canPost,
  chatById,
  currentCopy,
  emit,
  go,
  isIn,
  me,
  nameOf,
  on,
  ownWords,
  place,
  selection,
  subjectOf,
  titleOf,
  world,
} from "./store.js";

const EMPTY_WORLD = "Nobody is here yet. Add bots and people with a world file or the control API.";
const head = el("header", { class: "chat-head" });
const picking = el("div", { class: "picking", hidden: true });
const requests = el("div", { class: "requests", hidden: true });
const transcript = new Transcript(emptyChat);
const keyboard = el("div", {
  class: "reply-keyboard",
  role: "group",
  "aria-label": "Keyboard of the bot",
  hidden: true,
});
const composer = new Composer();
const notice = el("div", { class: "chat-notice", hidden: true });
const nothing = el("div", { class: "nothing" }, icon("text"), el("p"));
let keyboardDrawn = "";

export function mountConversation(node) {
  node.append(nothing, head, picking, requests, transcript.frame, keyboard, notice, composer.node);
  transcript.list.addEventListener("click", clickedInText);
  transcript.list.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    if (event.target.classList.contains("tg-spoiler")) reveal(event);
    if (event.target.matches("blockquote.expandable")) clickedInText(event);
  });
  node.addEventListener("dragover", (event) => event.preventDefault());
  node.addEventListener("drop", dropped);
  addEventListener("keydown", escaped);
  on("place", show);
  on("world", show);
  on("selection", draw);
  on("point", (id) => transcript.pointAt(id));
  on("chat", (copy) => copy === currentCopy() && draw());
  on(
    "news",
    (copy) =>
      copy === currentCopy() &&
      transcript.list.querySelectorAll(".busy").forEach((busy) => busy.classList.remove("busy")),
  );
}

function show() {
  const copy = currentCopy();
  document.body.classList.toggle("in-chat", Boolean(copy));
  for (const part of [head, transcript.frame, composer.node]) part.hidden = !copy;
  nothing.hidden = Boolean(copy);
  nothing.lastChild.textContent = me() && world.bots.length ? "Choose a chat to begin." : EMPTY_WORLD;
  if (!copy) {
    keyboard.hidden = notice.hidden = picking.hidden = requests.hidden = true;
    transcript.copy = null;
    return;
  }
  if (!copy.loaded || copy.failed) refresh(copy);
  draw();
}

function draw() {
  const copy = currentCopy();
  if (!copy || !subjectOf(copy)) return;
  drawHead(copy);
  drawPicking(copy);
  drawRequests(copy);
  drawBottom(copy);
  transcript.show(copy);
  showToasts(copy);
}

// ------------------------------------------------------------------------------------------------------------------ head

let headDrawn = "";

function drawHead(copy) {
  const subject = subjectOf(copy);
  const line = copy.failed ?? subtitle(copy, subject);
  const drawn = JSON.stringify([copy.name, titleOf(copy), line, subject.photo]);
  if (drawn === headDrawn) return;
  headDrawn = drawn;
  const more = iconButton("more", "More about this chat", {
    testid: "chat-menu",
    "aria-haspopup": "menu",
    onclick: (event) => chatMenu(event.currentTarget, copy),
  });
  clear(
    head,
    iconButton("back", "Back to the chats", {
      class: "icon-button back",
      testid: "back",
      onclick: () => go({ chat: null }),
    }),
    avatar(subject.id, titleOf(copy), copy.botId === null ? "channel" : null, subject.photo && fileUrl(subject.photo)),
    el("div", { class: "chat-title" }, el("h1", { dir: "auto" }, titleOf(copy)), el("small", {}, line)),
    more,
  );
}

function subtitle(copy, subject) {
  if (copy.typing) return "typing…";
  if (copy.botId !== null) return [`@${subject.username}`, subject.role ?? "bot"].join(" · ");
  const count = (subject.members ?? []).filter((member) => isIn(subject, member.id)).length;
  return [subject.username ? `@${subject.username}` : `private ${subject.type}`, plural(count, "member")].join(" · ");
}

function drawRequests(copy) {
  const bar = copy.botId === null ? requestsBar(subjectOf(copy)) : null;
  requests.hidden = !bar;
  clear(requests, bar);
}

function drawPicking(copy) {
  const { ids } = selection;
  picking.hidden = ids === null;
  head.hidden = ids !== null;
  if (ids === null) return;
  const chosen = [...ids].sort((a, b) => a - b);
  clear(
    picking,
    iconButton("close", "Stop selecting", { onclick: stopPicking }),
    el("b", {}, `${chosen.length} selected`),
    button(
      {
        class: "chip",
        testid: "forward-selected",
        disabled: !chosen.length,
        onclick: () => forwardMessages(copy, chosen),
      },
      icon("forward"),
      "Forward",
    ),
    mayDelete(copy)
      ? button(
          {
            class: "chip danger",
            testid: "delete-selected",
            disabled: !chosen.length,
            onclick: () => deleteMessages(copy, chosen),
          },
          icon("trash"),
          "Delete",
        )
      : null,
  );
}

function stopPicking() {
  selection.ids = null;
  emit("selection");
}

// ---------------------------------------------------------------------------------------------------------------- bottom

function drawBottom(copy) {
  const chat = copy.botId === null ? chatById(copy.chatId) : null;
  const mayWrite = chat ? canPost(chat, place.as) : !copy.blocked;
  composer.node.hidden = !mayWrite;
  notice.hidden = mayWrite;
  if (mayWrite) composer.show(copy);
  else if (!chat)
    clear(
      notice,
      el("span", {}, "You blocked this bot."),
      button({ class: "primary", testid: "unblock", onclick: () => unblock(copy) }, "Unblock"),
    );
  else if (isIn(chat, place.as)) clear(notice, el("span", {}, "Only its admins post here."));
  else clear(notice, button({ class: "primary", testid: "join", onclick: () => joinChat(chat) }, "Join"));
  drawKeyboard(copy, mayWrite);
}

function drawKeyboard(copy, mayWrite) {
  const rows = mayWrite ? (copy.keyboard?.keyboard ?? copy.keyboard) : null;
  const drawn = JSON.stringify([copy.name, rows]);
  keyboard.hidden = !rows?.length;
  if (drawn === keyboardDrawn) return;
  keyboardDrawn = drawn;
  clear(
    keyboard,
    (rows ?? []).map((row) =>
      el(
        "div",
        { class: "keyboard-row" },
        row.map((item) =>
          button(
            {
              class: item.style ? `reply-button style-${item.style}` : "reply-button",
              testid: "reply-button",
              dir: "auto",
              onclick: () => pressReply(copy, item),
            },
            item.request_chat ? icon("channel") : item.request_users ? icon("person") : null,
            item.text ?? item,
          ),
        ),
      ),
    ),
  );
}

function emptyChat(copy) {
  if (copy.botId === null) return el("div", { class: "empty" }, el("p", {}, "Nothing here yet."));
  const bot = subjectOf(copy);
  return el(
    "div",
    { class: "empty" },
    avatar(bot.id, nameOf(bot), null, bot.photo && fileUrl(bot.photo)),
    el("h2", { dir: "auto" }, nameOf(bot)),
    el("p", { dir: "auto" }, ownWords(bot, "description") ?? `This is the beginning of your chat with @${bot.username}.`),
    button({ class: "primary", testid: "start", onclick: () => sendText(copy, "/start") }, "Start"),
  );
}

// -------------------------------------------------------------------------------------------------------- toasts, clicks

async function showToasts(copy) {
  for (const note of copy.toasts.splice(0)) {
    if (note.url) openLink(note.url);
    if (!note.text) continue;
    if (note.show_alert) await alertBox(note.text);
    else toast(note.text);
  }
}

function clickedInText(event) {
  if (!event.target.closest("a")) event.target.closest("blockquote.expandable")?.classList.toggle("open");
  if (event.target.closest(".tg-spoiler:not(.shown)")) return reveal(event);
  const link = event.target.closest("a[data-url], a[data-command]");
  if (!link) return;
  event.preventDefault();
  if (link.dataset.command) sendText(currentCopy(), link.dataset.command);
  else openLink(link.dataset.url);
}

function reveal(event) {
  event.preventDefault();
  event.target.closest(".tg-spoiler").classList.add("shown");
}

function dropped(event) {
  const files = [...(event.dataTransfer?.files ?? [])];
  if (!files.length || composer.node.hidden) return;
  event.preventDefault();
  composer.offer(files, false);
}

function escaped(event) {
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  if (selection.ids !== null) stopPicking();
}
