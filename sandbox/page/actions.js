// What the current person does: every function asks the control API and tells the person when it refuses.

import { api } from "./api.js";
import { avatar, button, el } from "./dom.js";
import { copyText, openLink } from "./links.js";
import { chooser, complain, confirmBox, toast } from "./overlays.js";
import { refresh, refreshWorld } from "./sync.js";
import {
  adminBot,
  addressOf,
  chatCopy,
  emit,
  go,
  hasRole,
  me,
  owns,
  place,
  selection,
  titleOf,
  world,
} from "./store.js";

const UPLOAD_CAP = 20 * 1024 * 1024;

/** Runs an action as the current person and refreshes the chat; null when it was refused (the person has been told). */
async function act(copy, name, values) {
  try {
    const answer = await api.act(place.as, name, values);
    if (copy) await refresh(copy);
    return answer ?? {};
  } catch (error) {
    complain(error);
    if (error.status === 404) refreshWorld().catch(() => {});
    return null;
  }
}

export function sendText(copy, text, entities = []) {
  const values = { to: addressOf(copy), text };
  return act(copy, "text", entities.length ? { ...values, entities } : values);
}

export async function sendMedia(copy, item) {
  const answer = await act(copy, "media", { to: addressOf(copy), ...item });
  if (answer) noteFirstSteps(copy);
  return answer;
}

export async function sendAlbum(copy, items) {
  const answer = await act(copy, "album", { to: addressOf(copy), items });
  if (answer) noteFirstSteps(copy);
  return answer;
}

function noteFirstSteps(copy) {
  if (hasRole(me(), "owner") && copy.botId === adminBot()?.id) emit("did", "post");
}

/** Uploads a file for a later send. Too large ones go as a name and a size only, which is all a bot ever sees of them. */
export async function uploadFile(file, kind) {
  if (file.size > UPLOAD_CAP) return { file_name: file.name, file_size: file.size };
  const stored = await api.upload(file, kind);
  return { upload: stored.id, file_name: file.name };
}

// ---------------------------------------------------------------------------------------------------------- keyboards

/** Presses an inline button. Links and copy buttons need no server; a callback does. */
export async function pressInline(copy, message, item) {
  const address = item.url ?? item.login_url?.url ?? item.web_app?.url;
  if (address) return openLink(address);
  if (item.copy_text) return copyText(item.copy_text.text);
  if (item.callback_data === undefined) return toast("This kind of button does nothing here.", "error");
  const rows = message.reply_markup.inline_keyboard.flat();
  const twins = rows.filter((other) => other.text === item.text).length > 1;
  const where = { in: addressOf(copy), message_id: message.message_id };
  if (twins && copy.botId !== null) return act(copy, "forge_callback", { ...where, data: item.callback_data });
  return act(copy, "press", { ...where, text: item.text });
}

/** Presses a button of the reply keyboard; a "choose a chat" button asks which one first. */
export async function pressReply(copy, item) {
  const text = typeof item === "string" ? item : item.text;
  if (isPlain(item) && isInlineToo(copy, text)) return sendText(copy, text);
  if (!item.request_chat) return act(copy, "press", { in: addressOf(copy), text });
  const chat = await chooseChat(item.request_chat);
  if (chat) await act(copy, "press", { in: addressOf(copy), text, chat_id: chat });
  refreshWorld().catch(() => {});
}

const isPlain = (item) =>
  typeof item === "string" || Object.keys(item).every((name) => name === "text" || name === "style");

/** Whether an inline button has the same text: pressing by text would mean that one. */
function isInlineToo(copy, text) {
  return [...copy.messages.values()].some(
    (message) =>
      !message.deleted_at && (message.reply_markup?.inline_keyboard ?? []).flat().some((other) => other.text === text),
  );
}

/** Which of the person's channels or groups; null when the person thinks better of it. */
export function chooseChat(wish) {
  const type = wish.chat_is_channel ? "channel" : "group";
  const fits = (chat) => (wish.chat_is_channel ? chat.type === "channel" : chat.type !== "channel");
  const options = world.chats
    .filter((chat) => fits(chat) && owns(chat, place.as))
    .map((chat) => ({
      label: chat.title,
      hint: chat.username ? `@${chat.username}` : `private ${chat.type}`,
      picture: avatar(chat.id, chat.title, "channel"),
      value: chat.id,
    }));
  return chooser(`Choose a ${type}`, options, {
    empty: `You own no ${type} yet.`,
    extra: (close) => newChatForm(wish.chat_is_channel ? "channel" : "supergroup", (chat) => close(chat.id)),
  });
}

/** One line to make a channel or group; `made` is called with it. */
export function newChatForm(type, made) {
  const title = el("input", {
    type: "text",
    maxlength: "128",
    required: true,
    placeholder: `New ${type}`,
    "aria-label": `Name of the new ${type}`,
  });
  return el(
    "form",
    {
      class: "inline-form",
      onsubmit: async (event) => {
        event.preventDefault();
        try {
          const chat = await api.createChat({ type, title: title.value.trim(), owner: place.as });
          await refreshWorld();
          made(chat);
        } catch (error) {
          complain(error);
        }
      },
    },
    title,
    button({ type: "submit" }, "Create"),
  );
}

// ---------------------------------------------------------------------------------------------------- messages, people

export async function deleteMessages(copy, ids) {
  selection.ids = null;
  emit("selection");
  return act(copy, "delete", { in: addressOf(copy), message_ids: ids });
}

export async function forwardMessages(copy, ids) {
  const options = world.bots.map((bot) => ({
    label: bot.first_name,
    hint: `@${bot.username}`,
    picture: avatar(bot.id, bot.first_name),
    value: `b${bot.id}`,
  }));
  for (const chat of world.chats) {
    if (owns(chat, place.as))
      options.push({
        label: chat.title,
        hint: chat.type,
        picture: avatar(chat.id, chat.title, "channel"),
        value: `c${chat.id}`,
      });
  }
  const key = await chooser("Forward to", options);
  if (!key) return;
  const target = chatCopy(key);
  const done = await act(target, "forward", { to: addressOf(target), from_chat: addressOf(copy), message_ids: ids });
  selection.ids = null;
  emit("selection");
  if (done) go({ chat: key });
}

export async function block(copy) {
  await act(copy, "block", { bot: copy.botId });
}

export async function unblock(copy) {
  await act(copy, "unblock", { bot: copy.botId });
}

export async function clearChat(copy) {
  const sure = await confirmBox(
    "Clear this chat?",
    `Every message between you and ${titleOf(copy)} is deleted.`,
    "Clear",
  );
  if (sure) await act(copy, "clear", { in: copy.botId });
}

export async function leaveChat(copy) {
  if (await act(null, "leave", { chat: copy.chatId })) toast(`You left ${titleOf(copy)}.`);
  await refreshWorld();
}

export async function joinChat(chat) {
  if (await act(null, "join", { chat: chat.id })) toast(`You joined ${chat.title}.`);
  await refreshWorld();
}

export async function requestToJoin(chat) {
  if (await act(null, "request_join", { chat: chat.id })) toast(`You asked to join ${chat.title}.`);
  await refreshWorld();
}

export async function deleteChannel(copy) {
  const sure = await confirmBox(
    "Delete the channel?",
    `${titleOf(copy)} and everything in it is gone, for the bots too.`,
    "Delete",
  );
  if (!sure) return;
  try {
    await api.deleteChat(copy.chatId);
    go({ chat: null });
    await refreshWorld();
  } catch (error) {
    complain(error);
  }
}

export async function setMember(chat, id, status, rights) {
  try {
    await api.setMember(chat.id, id, status, rights);
    await refreshWorld();
  } catch (error) {
    complain(error);
  }
}
