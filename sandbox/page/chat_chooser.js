// The dialog in which the current person chooses one of their channels or groups, or makes one.

import { api } from "./api.js";
import { avatar, button, el } from "./dom.js";
import { chooser, complain } from "./overlays.js";
import { owns, place, world } from "./store.js";
import { refreshWorld } from "./sync.js";

/**
 * Resolves with the id of the chat that was chosen, null when the dialog was closed. `request` is the `request_chat`
 * of a button; of its fields only `chat_is_channel` is read.
 */
export function chooseChat(request) {
  const type = request.chat_is_channel ? "channel" : "group";
  const fits = (chat) => (request.chat_is_channel ? chat.type === "channel" : chat.type !== "channel");
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
    extra: (close) => newChatForm(request.chat_is_channel ? "channel" : "supergroup", (chat) => close(chat.id)),
  });
}

/** A form of one line that makes a channel or group, and calls `made(chat)`. */
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
