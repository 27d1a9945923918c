// What the current person does. Every function calls the control API and shows a toast when the call is refused.

import { api } from "./api.js";
import { choose } from "./chat_chooser.js";
import { avatar } from "./dom.js";
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

/** Runs an action as the current person and refreshes the chat; null when it was refused (a toast has said why). */
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

export async function sendText(copy, text, entities = []) {
  const values = { to: addressOf(copy), text };
  const answer = await act(copy, "text", entities.length ? { ...values, entities } : values);
  if (answer && !text.startsWith("/")) noteFirstSteps(copy);
  return answer;
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

/** Uploads a file for a later send. Too large files go as a name and a size only: a bot sees no more of them anyway. */
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
  const hasTwin = rows.filter((other) => other.text === item.text).length > 1;
  const where = { in: addressOf(copy), message_id: message.message_id };
  if (hasTwin && copy.botId !== null) return act(copy, "forge_callback", { ...where, data: item.callback_data });
  return act(copy, "press", { ...where, text: item.text });
}

/** Presses a button of the reply keyboard; one that asks for people or a chat shows a dialog first. */
export async function pressReply(copy, item) {
  const text = typeof item === "string" ? item : item.text;
  if (!item.request_chat && !item.request_users) return act(copy, "press", { in: addressOf(copy), text, below: true });
  try {
    const chosen = await choose(copy, item);
    if (chosen) await act(copy, "press", { in: addressOf(copy), text, below: true, ...chosen });
  } catch (error) {
    complain(error);
  }
  refreshWorld().catch(() => {});
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
