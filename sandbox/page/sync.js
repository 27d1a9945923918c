// Keeps the copies up to date: listens to /control/events and fetches only what changed.

import { api } from "./api.js";
import {
  botById,
  botByName,
  chatById,
  chatCopy,
  currentCopy,
  emit,
  forgetCopies,
  knownCopies,
  markRead,
  place,
  readPlace,
  shownPeople,
  world,
} from "./store.js";

/** "typing…" ends after five seconds without an event. */
const TYPING_MS = 5200;
const EMPTY_WORLD_MS = 2000;
const running = new Map();
const CHAT_KINDS = new Set(["message", "edited", "deleted", "toast", "keyboard", "member", "typing"]);

/** Updates one copy. Calls while an update is running make it run once more afterwards, never two at once. */
export function refresh(copy) {
  const current = running.get(copy);
  if (current) {
    current.again = true;
    return current.done;
  }
  const job = { again: false };
  job.done = repeat(copy, job);
  running.set(copy, job);
  return job.done;
}

async function repeat(copy, job) {
  try {
    do {
      job.again = false;
      await fetchOnce(copy, job);
    } while (job.again);
  } finally {
    running.delete(copy);
  }
}

async function fetchOnce(copy, job) {
  let news;
  try {
    news = await fetchCopy(copy);
  } catch (error) {
    copy.failed = error.message;
    emit("chat", copy);
    return;
  }
  copy.failed = null;
  if (news.seq < copy.seq) return startOver(copy, job);
  await learnSharedChats(news.messages);
  for (const message of news.messages) copy.messages.set(message.message_id, message);
  copy.seq = news.seq;
  if (copy.botId !== null) takeState(copy, news);
  if (!copy.loaded || isLookedAt(copy)) markRead(copy);
  copy.loaded = true;
  emit("chat", copy);
  if (news.messages.length || news.toasts?.length) emit("news", copy);
}

/** A chat made in a picker is named in the row about it: fetches the world first when it is not known yet. */
async function learnSharedChats(messages) {
  const isStrange = () => messages.some(({ chat_shared: shared }) => shared && !chatById(shared.chat_id));
  // a request that was under way may have been answered before the chat was made
  for (let tries = 0; tries < 2 && isStrange(); tries += 1) await refreshWorld().catch(() => {});
}

function fetchCopy(copy) {
  if (copy.botId !== null) return api.transcript(copy.user, copy.botId, copy.seq);
  return api.chatMessages(copy.chatId, copy.seq);
}

function takeState(copy, news) {
  copy.keyboard = news.reply_keyboard ?? null;
  copy.commands = news.commands ?? [];
  copy.menu = news.menu_button ?? null;
  copy.blocked = Boolean(news.blocked);
  copy.typing = Boolean(news.typing);
  if (copy.typing) setTimeout(refresh, TYPING_MS, copy);
  if (copy.loaded && copy === currentCopy()) copy.toasts.push(...(news.toasts ?? []));
}

/** Empties the copy and fetches all of it: the server was restarted or reset, and counts its changes from 1 again. */
function startOver(copy, job) {
  copy.messages.clear();
  copy.toasts = [];
  copy.readId = 0;
  copy.seq = 0;
  copy.loaded = false;
  job.again = true;
  refreshWorld().then(readPlace, () => {});
}

function isLookedAt(copy) {
  return copy === currentCopy() && document.visibilityState === "visible";
}

// ------------------------------------------------------------------------------------------------------------ the world

let worldRequest = null;

/** Fetches bots, people and channels; concurrent calls share one request. */
export function refreshWorld() {
  worldRequest ??= loadWorld().finally(() => (worldRequest = null));
  return worldRequest;
}

async function loadWorld() {
  const state = await api.state();
  world.bots = state.bots;
  world.users = state.users;
  world.chats = state.chats.filter((chat) => !chat.gone);
  world.loaded = true;
  emit("clock", state);
  emit("world");
  if (isEmpty()) setTimeout(settleIn, EMPTY_WORLD_MS);
}

const isEmpty = () => world.bots.length === 0 || world.users.length === 0;

/** Filling an empty world sends no event: fetches it again until it has a bot and a person. */
async function settleIn() {
  await refreshWorld().catch(() => {});
  readPlace();
  if (!isEmpty()) await refreshAll();
}

/** Updates the copies that are shown or listed: people in the switch with every bot, own channels, opened chats. */
export function refreshAll() {
  const wanted = new Set(knownCopies().filter((copy) => copy.loaded));
  for (const user of shownPeople()) for (const bot of world.bots) wanted.add(chatCopy(`b${bot.id}`, user.id));
  if (currentCopy()) wanted.add(currentCopy());
  for (const chat of world.chats)
    if (chat.members?.some((member) => member.id === place.as)) wanted.add(chatCopy(`c${chat.id}`));
  return Promise.all([...wanted].map(refresh));
}

// ----------------------------------------------------------------------------------------------------------- the events

let source = null;
/** The number of the last change. It only grows within a world: a smaller one means that the world was reset. */
let lastSeq = 0;

export function listen() {
  source?.close();
  source = new EventSource("/control/events");
  source.onopen = () => {
    const wasLost = !document.querySelector(".offline").hidden;
    document.querySelector(".offline").hidden = true;
    if (wasLost) forgetEverything().catch(() => {});
    else refreshAll();
  };
  source.onerror = () => {
    document.querySelector(".offline").hidden = false;
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 1500);
  };
  source.onmessage = (event) => take(JSON.parse(event.data));
}

function take(event) {
  const wentBack = event.seq < lastSeq;
  lastSeq = event.seq ?? lastSeq;
  if (wentBack) return forgetEverything().catch(() => {});
  if (event.kind === "clock") return emit("clock", null);
  if (event.kind === "call") return emit("calls");
  if (event.kind === "bot") return refreshBot(event.bot);
  if (event.kind === "member" || isUnknown(event)) refreshWorld().catch(() => {});
  if (!CHAT_KINDS.has(event.kind)) return;
  const copy = copyOf(event);
  if (copy) refresh(copy);
}

/** A bot has changed its name, picture, commands or menu button. */
function refreshBot(id) {
  refreshWorld().catch(() => {});
  for (const copy of knownCopies()) if (copy.botId === id && copy.loaded) refresh(copy);
}

function isUnknown(event) {
  if (event.bot !== undefined && event.bot !== null && !findBot(event.bot)) return true;
  if (event.user !== undefined && event.user !== null && !world.users.some((user) => user.id === event.user))
    return true;
  return Number(event.chat) < 0 && !chatById(event.chat);
}

const findBot = (bot) => botById(bot) ?? botByName(bot);

function copyOf(event) {
  if (Number(event.chat) < 0) {
    const known = knownCopies().find((copy) => copy.chatId === Number(event.chat));
    return known ?? (world.loaded ? chatCopy(`c${event.chat}`) : null);
  }
  const bot = findBot(event.bot);
  const user = event.user ?? event.chat;
  if (!bot || !user) return null;
  const followed = user === place.as || shownPeople().some((person) => person.id === user);
  return followed ? chatCopy(`b${bot.id}`, user) : null;
}

async function forgetEverything() {
  forgetCopies();
  await refreshWorld();
  readPlace();
  await refreshAll();
}

document.addEventListener("visibilitychange", () => {
  const copy = currentCopy();
  if (copy && isLookedAt(copy) && markRead(copy)) emit("chat", copy);
});
