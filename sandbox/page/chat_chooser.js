// The dialogs in which the current person chooses a chat, makes one, or chooses people, as a button of a bot asks.

import { api } from "./api.js";
import { avatar, button, el, icon } from "./dom.js";
import { personName } from "./format.js";
import { complain, dialog } from "./overlays.js";
import { botById, chatById, nameOf, owns, place, world } from "./store.js";
import { refreshWorld } from "./sync.js";

const WORDS = { channel: "channel", supergroup: "group" };

/** Asks for what a `request_chat` or `request_users` button wants; resolves with the values of `press`, null when closed. */
export async function choose(copy, item) {
  const found = await api.choices(place.as, copy.botId, item.text);
  if (found.users) return choosePeople(found);
  return chooseChat({
    type: found.creates,
    chats: found.chats.map(chatById).filter(Boolean),
    isPublic: found.public,
    note: noteAbout(botById(copy.botId), item.request_chat),
  });
}

/** Asks for a channel of one's own, for a link that adds a bot. Resolves with its id, null when closed. */
export async function chooseOwnChannel() {
  const chats = world.chats.filter((chat) => chat.type === "channel" && owns(chat, place.as));
  const chosen = await chooseChat({ type: "channel", chats });
  if (!chosen?.new_chat) return chosen?.chat_id ?? null;
  const made = await api.createChat({ type: "channel", title: chosen.new_chat.title, owner: place.as });
  return made.id;
}

/** What the bot gets there, in one sentence. */
function noteAbout(bot, request) {
  const wanted = request.bot_administrator_rights;
  const rights = Object.keys(wanted ?? {}).filter((name) => wanted[name] && name !== "can_manage_chat");
  const words = rights.map((name) => name.replace(/^can_/, "").replaceAll("_", " "));
  if (wanted) return `${nameOf(bot)} becomes an admin there${words.length ? `: ${words.join(", ")}.` : "."}`;
  return request.bot_is_member && !request.chat_is_channel ? `${nameOf(bot)} joins that group.` : null;
}

/** {chat_id}, or {new_chat} for one that is to be made; null when closed. */
function chooseChat({ type, chats, isPublic = false, note = null }) {
  const word = WORDS[type];
  return dialog(
    `Choose a ${word}`,
    (close) => {
      const form = newChatFields(word, isPublic, (made) => close({ new_chat: made }));
      return el(
        "div",
        { class: "dialog-body" },
        note ? el("p", { class: "muted" }, note) : null,
        el(
          "ul",
          { class: "choices" },
          el("li", {}, createRow(word, form), form),
          chats.map((chat) => el("li", {}, chatRow(chat, () => close({ chat_id: chat.id })))),
        ),
        chats.length ? null : el("p", { class: "muted" }, `None of your ${word}s fits.`),
      );
    },
    { testid: "chooser" },
  );
}

function createRow(word, form) {
  const row = button(
    { class: "choice create", testid: "create-chat", "aria-expanded": "false" },
    el("span", { class: "avatar plain" }, icon("plus")),
    el("span", { class: "choice-text" }, el("b", {}, `Create a new ${word}`)),
  );
  row.addEventListener("click", () => {
    form.hidden = !form.hidden;
    row.setAttribute("aria-expanded", String(!form.hidden));
    if (!form.hidden) form.querySelector("input").focus();
  });
  return row;
}

function chatRow(chat, onclick) {
  return button(
    { class: "choice", testid: "choice", onclick },
    avatar(chat.id, chat.title, "channel"),
    el(
      "span",
      { class: "choice-text" },
      el("b", { dir: "auto" }, chat.title),
      el("small", {}, chat.username ? `@${chat.username}` : `private ${WORDS[chat.type] ?? chat.type}`),
    ),
  );
}

/** The fields of a chat that is to be made, hidden at first; calls `made({title, username?})`. */
function newChatFields(word, isPublic, made) {
  const title = nameField(`Name of the ${word}`, "new-chat-title");
  const username = isPublic ? nameField("Username, like news", "new-chat-username") : null;
  return el(
    "form",
    {
      class: "inline-form",
      hidden: true,
      onsubmit: (event) => {
        event.preventDefault();
        const named = { title: title.value.trim() };
        if (named.title) made(username ? { ...named, username: username.value.trim().replace(/^@/, "") } : named);
      },
    },
    title,
    username,
    button({ type: "submit", testid: "new-chat-go" }, "Create"),
  );
}

function nameField(label, testid) {
  return el("input", { type: "text", maxlength: "128", required: true, placeholder: label, "aria-label": label, testid });
}

// ---------------------------------------------------------------------------------------------------------------- people

/** {user_ids}: one person at once, several with a button; null when closed. */
function choosePeople({ users, max_quantity: most }) {
  const accounts = users.map((id) => world.users.find((user) => user.id === id) ?? botById(id)).filter(Boolean);
  return dialog(
    most > 1 ? `Choose up to ${most} people` : "Choose a person",
    (close) => (most > 1 ? severalPeople(accounts, most, close) : onePerson(accounts, close)),
    { testid: "chooser" },
  );
}

function onePerson(accounts, close) {
  return el(
    "div",
    { class: "dialog-body" },
    el(
      "ul",
      { class: "choices" },
      accounts.map((account) => el("li", {}, personRow(account, { onclick: () => close({ user_ids: [account.id] }) }))),
    ),
    accounts.length ? null : el("p", { class: "muted" }, "Nobody here fits."),
  );
}

function severalPeople(accounts, most, close) {
  const picked = new Set();
  const share = button(
    { class: "primary", testid: "share-people", disabled: true, onclick: () => close({ user_ids: [...picked] }) },
    "Share",
  );
  const rows = accounts.map((account) => {
    const row = personRow(account, { role: "checkbox", "aria-checked": "false" });
    row.addEventListener("click", () => {
      if (!picked.delete(account.id) && picked.size < most) picked.add(account.id);
      row.setAttribute("aria-checked", String(picked.has(account.id)));
      share.disabled = picked.size === 0;
    });
    row.append(el("span", { class: "tick" }, icon("check")));
    return el("li", {}, row);
  });
  return el(
    "div",
    { class: "dialog-body" },
    el("ul", { class: "choices" }, rows),
    el("div", { class: "dialog-actions" }, share),
  );
}

function personRow(account, props) {
  return button(
    { class: "choice", testid: "choice", ...props },
    avatar(account.id, personName(account)),
    el(
      "span",
      { class: "choice-text" },
      el("b", { dir: "auto" }, personName(account)),
      el("small", {}, account.username ? `@${account.username}` : (account.role ?? "")),
    ),
  );
}

// ------------------------------------------------------------------------------------------------------------- new chats

/** A form of one line that makes a channel or group, and calls `made(chat)`. */
export function newChatForm(type, made) {
  const form = newChatFields(WORDS[type], false, async ({ title }) => {
    try {
      const chat = await api.createChat({ type, title, owner: place.as });
      await refreshWorld();
      made(chat);
    } catch (error) {
      complain(error);
    }
  });
  form.hidden = false;
  return form;
}
