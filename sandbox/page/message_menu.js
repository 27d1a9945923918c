// The menu of one message: copy, forward, select, delete.

import { deleteMessages, forwardMessages } from "./actions.js";
import { copyText } from "./links.js";
import { menu } from "./overlays.js";
import { canPost, chatById, emit, place, selection } from "./store.js";

export function messageMenu(anchor, copy, items, point) {
  const ids = items.map((message) => message.message_id);
  const text = items.map((message) => message.text ?? message.caption ?? "").find(Boolean);
  const isProtected = items.some((message) => message.protected || message.has_protected_content);
  menu(
    anchor,
    [
      text && !isProtected && { label: "Copy text", icon: "copy", run: () => copyText(text) },
      !isProtected && { label: "Forward…", icon: "forward", testid: "forward", run: () => forwardMessages(copy, ids) },
      { label: "Select", icon: "select", testid: "select", run: () => startSelecting(ids) },
      mayDelete(copy) && {
        label: "Delete",
        icon: "trash",
        danger: true,
        testid: "delete",
        run: () => deleteMessages(copy, ids),
      },
    ],
    point,
  );
}

export function startSelecting(ids = []) {
  selection.ids = new Set(ids);
  emit("selection");
}

export function mayDelete(copy) {
  return copy.botId !== null || canPost(chatById(copy.chatId), place.as);
}
