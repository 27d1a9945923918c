// Joining channels: the dialog of an invitation, and the join requests an admin decides about.

import { api } from "./api.js";
import { avatar, button, el, icon } from "./dom.js";
import { personName, plural } from "./format.js";
import { complain, dialog, toast } from "./overlays.js";
import { chatById, memberOf, on, place, world } from "./store.js";
import { refreshWorld } from "./sync.js";

/** What Telegram shows before an invitation is used. Resolves with true when the person joins or asks to. */
export function invitationDialog(found) {
  const kind = found.type === "channel" ? "channel" : "group";
  const asks = found.creates_join_request;
  const line = found.works
    ? found.is_requested
      ? "You asked to join. An admin decides."
      : asks
        ? `An admin of this ${kind} has to approve your request.`
        : `You are invited to join this ${kind}.`
    : "This invitation has expired or is not for you.";
  return dialog(
    "Invitation",
    (close) =>
      el(
        "div",
        { class: "dialog-body invitation" },
        avatar(found.chat_id, found.title, "channel"),
        el("h3", { dir: "auto" }, found.title),
        el("small", {}, `${kind} · ${plural(found.members, "member")}`),
        el("p", {}, line),
        el(
          "div",
          { class: "dialog-actions" },
          button({ onclick: () => close(null) }, found.works && !found.is_requested ? "Cancel" : "Close"),
          found.works && !found.is_requested
            ? button(
                { class: "primary", testid: "invitation-go", autofocus: true, onclick: () => close(true) },
                asks ? "Request to join" : `Join ${kind}`,
              )
            : null,
        ),
      ),
    { testid: "invitation" },
  );
}

/** Whether the current person may let people into `chat`. */
export function mayDecide(chat) {
  const own = memberOf(chat, place.as);
  return own?.status === "creator" || (own?.status === "administrator" && Boolean(own.rights?.can_invite_users));
}

/** "2 join requests" above the messages; null for people who may not decide about them. */
export function requestsBar(chat) {
  const count = mayDecide(chat) ? (chat.join_requests ?? []).length : 0;
  if (!count) return null;
  return button(
    { class: "requests-bar", testid: "requests-bar", onclick: () => requestsDialog(chat.id) },
    icon("person"),
    plural(count, "join request"),
  );
}

let redraw = null;
on("world", () => redraw?.());

export async function requestsDialog(chatId) {
  const list = el("ul", { class: "members waiting" });
  redraw = () => {
    const rows = (chatById(chatId)?.join_requests ?? []).map((request) => requestRow(chatId, request));
    list.replaceChildren(...(rows.length ? rows : [el("li", { class: "muted" }, "Nobody is waiting.")]));
  };
  redraw();
  await dialog("Join requests", () => el("div", { class: "dialog-body" }, list), { testid: "requests" });
  redraw = null;
}

function requestRow(chatId, request) {
  const user = world.users.find((one) => one.id === request.user);
  const name = user ? personName(user) : `id ${request.user}`;
  return el(
    "li",
    { class: "member" },
    avatar(request.user, name),
    el(
      "div",
      { class: "member-text" },
      el("b", { dir: "auto" }, name),
      el("small", { dir: "auto" }, request.link ? `by “${request.link}”` : "asked to join"),
    ),
    el(
      "div",
      { class: "member-buttons" },
      button(
        { class: "chip strong", testid: `approve-${request.user}`, onclick: () => decide("approve", chatId, request) },
        "Approve",
      ),
      button(
        { class: "chip", testid: `decline-${request.user}`, onclick: () => decide("decline", chatId, request) },
        "Decline",
      ),
    ),
  );
}

async function decide(action, chatId, request) {
  try {
    await api.act(place.as, action, { chat: chatId, user: request.user });
    toast(action === "approve" ? "Approved." : "Declined.");
  } catch (error) {
    complain(error);
  }
  await refreshWorld();
}
