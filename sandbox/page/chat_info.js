// The menu of a chat, and the list of a channel's members with their rights.

import { block, clearChat, deleteChannel, joinChat, leaveChat, setMember, unblock } from "./actions.js";
import { avatar, button, el } from "./dom.js";
import { personName } from "./format.js";
import { mayDecide, requestsDialog } from "./joining.js";
import { dialog, menu } from "./overlays.js";
import { startSelecting } from "./message_menu.js";
import { botById, chatById, isIn, on, owns, place, world } from "./store.js";

/** The rights a bot needs to store and copy posts; granted when the owner makes it an admin on this page. */
const ADMIN_RIGHTS = {
  can_manage_chat: true,
  can_post_messages: true,
  can_edit_messages: true,
  can_delete_messages: true,
  can_invite_users: true,
};
const STATUS_WORDS = {
  creator: "owner",
  administrator: "admin",
  member: "member",
  restricted: "restricted",
  left: "not a member",
  kicked: "removed",
};

export function chatMenu(anchor, copy) {
  const select = { label: "Select messages", icon: "select", testid: "select-messages", run: () => startSelecting() };
  if (copy.botId !== null) {
    return menu(anchor, [
      select,
      { label: "Clear chat…", icon: "trash", testid: "clear-chat", run: () => clearChat(copy) },
      copy.blocked
        ? { label: "Unblock the bot", icon: "check", testid: "menu-unblock", run: () => unblock(copy) }
        : { label: "Block the bot", icon: "block", danger: true, testid: "block", run: () => block(copy) },
    ]);
  }
  const chat = chatById(copy.chatId);
  return menu(anchor, [
    { label: "Members and rights", icon: "info", testid: "members", run: () => membersDialog(copy.chatId) },
    mayDecide(chat) && {
      label: "Join requests",
      icon: "person",
      testid: "requests-menu",
      hint: String((chat.join_requests ?? []).length || ""),
      run: () => requestsDialog(copy.chatId),
    },
    select,
    isIn(chat, place.as)
      ? !owns(chat, place.as) && {
          label: "Leave",
          icon: "leave",
          danger: true,
          testid: "leave",
          run: () => leaveChat(copy),
        }
      : { label: "Join", icon: "plus", testid: "menu-join", run: () => joinChat(chat) },
    owns(chat, place.as) && {
      label: "Delete the channel…",
      icon: "trash",
      danger: true,
      run: () => deleteChannel(copy),
    },
  ]);
}

let redraw = null;
on("world", () => redraw?.());

/** Members with their rights; the owner can make bots admins here, demote and remove them. */
async function membersDialog(chatId) {
  const list = el("ul", { class: "members" });
  redraw = () => {
    const chat = chatById(chatId);
    if (chat) list.replaceChildren(...rowsFor(chat));
  };
  redraw();
  await dialog(chatById(chatId).title, () => el("div", { class: "dialog-body" }, list));
  redraw = null;
}

function rowsFor(chat) {
  const known = (chat.members ?? []).map((member) => ({ ...member, who: findAnyone(member.id) }));
  const missing = world.bots.filter((bot) => !known.some((member) => member.id === bot.id));
  const all = [...known, ...missing.map((bot) => ({ id: bot.id, status: "left", who: bot }))];
  return all.filter((member) => member.who).map((member) => memberRow(chat, member));
}

const findAnyone = (id) => botById(id) ?? world.users.find((user) => user.id === id);

function memberRow(chat, member) {
  const rights = Object.entries(member.rights ?? {})
    .filter(([, value]) => value)
    .map(([name]) => name.replace(/^can_/, "").replaceAll("_", " "));
  return el(
    "li",
    { class: "member" },
    avatar(member.id, personName(member.who)),
    el(
      "div",
      { class: "member-text" },
      el("b", { dir: "auto" }, personName(member.who)),
      el("small", {}, STATUS_WORDS[member.status] ?? member.status),
      member.status === "administrator" && rights.length ? el("small", { class: "rights" }, rights.join(", ")) : null,
    ),
    owns(chat, place.as) && member.status !== "creator" ? memberButtons(chat, member) : null,
  );
}

function memberButtons(chat, member) {
  const isBot = Boolean(botById(member.id));
  const set = (label, status, rights) => {
    const testid = `${label.toLowerCase().replaceAll(" ", "-")}-${member.id}`;
    return button({ class: "chip", testid, onclick: () => setMember(chat, member.id, status, rights) }, label);
  };
  return el(
    "div",
    { class: "member-buttons" },
    isBot && member.status !== "administrator" ? set("Make admin", "administrator", ADMIN_RIGHTS) : null,
    isBot && member.status === "administrator" ? set("Demote", "member") : null,
    member.status === "kicked" && !isBot ? set("Unban", "left") : null,
    ["administrator", "member", "restricted"].includes(member.status) ? set("Remove", "kicked") : null,
  );
}
