// The page's state: the world, the current place, and a copy of every chat that was opened.

export const world = { bots: [], users: [], chats: [], loaded: false };
/** Where we are: `as` a user id, `chat` like "b1001" or "c-1001234", `log` whether the call log is open. */
export const place = { as: null, chat: null, log: false };
/** Messages picked in the open chat while selecting; null when not selecting. */
export const selection = { ids: null };

const chats = new Map();
const bus = new EventTarget();

/** Events: world, place, chat (detail: its copy), news (new messages; detail: its copy), clock, calls, did (detail: step), selection, point (detail: message id). */
export function on(name, listener) {
  bus.addEventListener(name, (event) => listener(event.detail));
}

export function emit(name, detail) {
  bus.dispatchEvent(new CustomEvent(name, { detail }));
}

// ---------------------------------------------------------------------------------------------- people, bots, chats

export const me = () => world.users.find((user) => user.id === place.as) ?? null;
export const botById = (id) => world.bots.find((bot) => bot.id === Number(id));
export const botByName = (name) => world.bots.find((bot) => bot.username.toLowerCase() === String(name).toLowerCase());
export const chatById = (id) => world.chats.find((chat) => chat.id === Number(id));

export const hasRole = (who, word) => (who?.role ?? "").toLowerCase().includes(word);
export const owner = () => world.users.find((user) => hasRole(user, "owner")) ?? world.users[0];
export const adminBot = () => world.bots.find((bot) => hasRole(bot, "admin")) ?? world.bots[0];
export const others = () => world.users.filter((user) => user.id !== place.as);

/** People shown in the switch; the others are in a menu beside it. */
export const MAX_PEOPLE = 5;
export function shownPeople() {
  const first = world.users.slice(0, MAX_PEOPLE);
  const current = me();
  return !current || first.includes(current) ? first : [...first.slice(0, MAX_PEOPLE - 1), current];
}

export const memberOf = (chat, id) => (chat?.members ?? []).find((member) => member.id === id);
const JOINED = ["creator", "administrator", "member", "restricted"];
export const isIn = (chat, id) => JOINED.includes(memberOf(chat, id)?.status);
export const owns = (chat, id) => memberOf(chat, id)?.status === "creator";
export const canPost = (chat, id) =>
  owns(chat, id) || memberOf(chat, id)?.status === "administrator" || (chat?.type !== "channel" && isIn(chat, id));

// ---------------------------------------------------------------------------------------------------- copies of chats

/** A chat's copy: of the private chat of a person with a bot, or of a channel or group. */
export function chatCopy(key, user = place.as) {
  const name = key.startsWith("b") ? `${user}/${key}` : key;
  if (!chats.has(name)) chats.set(name, emptyCopy(name, key, user));
  return chats.get(name);
}

function emptyCopy(name, key, user) {
  const id = Number(key.slice(1));
  const isBot = key.startsWith("b");
  return {
    name,
    key,
    user: isBot ? user : null,
    botId: isBot ? id : null,
    chatId: isBot ? null : id,
    seq: 0,
    messages: new Map(),
    keyboard: null,
    commands: [],
    menu: null,
    toasts: [],
    blocked: false,
    typing: false,
    loaded: false,
    readId: 0,
    failed: null,
  };
}

export const knownCopies = () => [...chats.values()];
export const currentCopy = () => (place.chat && place.as !== null ? chatCopy(place.chat) : null);
export const forgetCopies = () => chats.clear();

/** The id by which calls of the control API name this chat. */
export const addressOf = (copy) => (copy.botId !== null ? copy.botId : copy.chatId);

export function subjectOf(copy) {
  return copy.botId !== null ? botById(copy.botId) : chatById(copy.chatId);
}

export function titleOf(copy) {
  const subject = subjectOf(copy);
  return subject ? nameOf(subject) : "Gone";
}

/** The name of a bot in the language of the current person, of a person, or of a chat. */
export function nameOf(subject) {
  return subject.title ?? ownWords(subject, "name") ?? subject.first_name;
}

/** A text of a bot (name, description…) in the language of the current person, else its general one. */
export function ownWords(bot, which) {
  const texts = bot.texts?.[which] ?? {};
  return texts[(me()?.language_code ?? "").split("-")[0]] ?? texts[""];
}

export const sorted = (copy) => [...copy.messages.values()].sort((a, b) => a.message_id - b.message_id);

/** Whether the copy's person wrote the message; it is then shown on the right. */
export function isMine(copy, message) {
  if (copy.botId !== null) return !message.outgoing;
  return Boolean(message.from) && message.from.id === place.as && !message.sender_chat;
}

export function unread(copy) {
  let count = 0;
  for (const message of copy.messages.values()) {
    if (message.message_id > copy.readId && !message.deleted_at && !isMine(copy, message)) count += 1;
  }
  return count;
}

export function markRead(copy) {
  const last = Math.max(copy.readId, ...copy.messages.keys());
  const changed = last !== copy.readId;
  copy.readId = last;
  return changed;
}

// --------------------------------------------------------------------------------------------------------------- place

/** Changes the place through the address bar, so that Back works and two windows can be two people. */
export function go(change) {
  const next = { ...place, ...change };
  const parts = new URLSearchParams();
  if (next.as !== null) parts.set("as", String(next.as));
  if (next.chat) parts.set("chat", next.chat);
  if (next.log) parts.set("log", "1");
  const hash = `#${parts}`;
  if (hash === location.hash) return;
  const replace = next.as !== place.as || next.log !== place.log;
  if (replace) history.replaceState(null, "", hash);
  else history.pushState(null, "", hash);
  readPlace();
}

/** Reads the place from the address bar; an unknown person becomes the owner, an unknown chat the list. */
export function readPlace() {
  const parts = new URLSearchParams(location.hash.slice(1));
  const as = Number(parts.get("as"));
  place.as = world.users.some((user) => user.id === as) ? as : (owner()?.id ?? null);
  place.chat = knownChat(parts.get("chat")) ? parts.get("chat") : null;
  place.log = parts.get("log") === "1";
  selection.ids = null;
  emit("place");
}

function knownChat(key) {
  if (!key) return false;
  if (key.startsWith("b")) return Boolean(botById(key.slice(1)));
  const chat = chatById(key.slice(1));
  return Boolean(chat) && (isIn(chat, place.as) || Boolean(chat.username));
}
