// Draws one row of a conversation: a bubble (one message or an album), a service line, or a thin line for deleted messages.

import { pressInline } from "./actions.js";
import { button, el, icon } from "./dom.js";
import { clockTime, fullTime, personName, plural } from "./format.js";
import { openAsRow } from "./links.js";
import { KIND_WORDS, album, kindOf, mediaOf } from "./media.js";
import { messageMenu } from "./message_menu.js";
import { safeHtml } from "./safe_html.js";
import { emit, isMine, selection, world } from "./store.js";

const PRESS_BUSY_MS = 2500;

/** The row for `items` (one message, or the messages of one album). */
export function drawRow(copy, items, follows) {
  const alive = items.filter((message) => !message.deleted_at);
  const gone = items.filter((message) => message.deleted_at);
  if (kindOf(items[0]) === "service") return serviceRow(items[0]);
  const node = el("div", { class: rowClass(copy, items, follows) });
  if (alive.length) node.append(selectable(alive, bubble(copy, alive)));
  if (gone.length) node.append(deletedLine(copy, gone, alive.length > 0));
  return node;
}

function rowClass(copy, items, follows) {
  const side = isMine(copy, items[0]) ? "mine" : "theirs";
  return `row ${side}${follows ? " follows" : ""}${items.every((message) => message.deleted_at) ? " gone" : ""}`;
}

function mark(message, node) {
  node.dataset.testid = "message";
  node.dataset.messageId = String(message.message_id);
  node.dataset.deleted = String(Boolean(message.deleted_at));
  return node;
}

// ------------------------------------------------------------------------------------------------------------- bubbles

function bubble(copy, items) {
  const [first] = items;
  const kind = kindOf(first);
  const single = items.length === 1;
  const last = items[items.length - 1];
  const captions = items.map((message) => textOf(copy, message)).filter(Boolean);
  const body = el(
    "div",
    { class: bubbleClass(kind, captions, items) },
    origin(first),
    quote(copy, first),
    single ? mediaOf(first) : album(items, (message, node) => mark(message, el("div", { class: "item" }, node))),
    el("div", { class: captions.length ? "caption" : "no-words" }, captions, meta(last, items)),
  );
  if (single) mark(first, body);
  const menuButton = button(
    {
      class: "message-more",
      "aria-label": "Message actions",
      "aria-haspopup": "menu",
      onclick: (event) => messageMenu(event.currentTarget, copy, items),
    },
    icon("more"),
  );
  body.addEventListener("contextmenu", (event) => {
    if (event.target.closest("a, img")) return;
    event.preventDefault();
    messageMenu(menuButton, copy, items, { right: event.clientX + 4, top: event.clientY, bottom: event.clientY });
  });
  return el(
    "div",
    { class: "bubble-box" },
    el("div", { class: "bubble-line" }, body, menuButton),
    inlineKeyboard(copy, last),
    items.map(openAsRow).find(Boolean),
  );
}

function bubbleClass(kind, captions, items) {
  const bare = ["sticker", "video_note"].includes(kind) || kind === "dice";
  const isNamed = Boolean(items[0][kind]?.file_name) && items.length === 1;
  const visual = ["photo", "video", "animation"].includes(kind);
  return [
    "bubble",
    bare && "bare",
    visual && "visual",
    visual && !captions.length && !isNamed && "no-caption",
    items.length > 1 && "album",
  ]
    .filter(Boolean)
    .join(" ");
}

function textOf(copy, message) {
  const text = message.text ?? message.caption;
  if (!text) return null;
  const node = el("div", { class: "text", dir: "auto" });
  if (message.html === undefined || message.html === null) node.append(text);
  else node.append(safeHtml(message.html, { commands: copy.botId !== null }));
  return node;
}

function origin(message) {
  const from = message.forward_origin;
  if (!from) return null;
  const name =
    from.chat?.title ??
    from.sender_chat?.title ??
    from.sender_user_name ??
    (from.sender_user ? personName(from.sender_user) : "somebody");
  return el("div", { class: "origin" }, icon("forward"), "Forwarded from ", el("b", { dir: "auto" }, name));
}

function quote(copy, message) {
  const other = message.reply_to_message;
  if (!other) return null;
  return el("div", { class: "quote" }, shortText(other));
}

/** A message in a few words, for lists, quotes and screen readers. */
export function shortText(message) {
  const text = message.text ?? message.caption;
  const kind = kindOf(message);
  if (kind === "service") return serviceText(message);
  const flat = (text ?? "").replaceAll(/\s+/g, " ");
  if (kind === "text") return flat;
  const word =
    kind === "document" && message.document.file_name ? message.document.file_name : (KIND_WORDS[kind] ?? "Message");
  return flat ? `${word} · ${flat}` : word;
}

function meta(message, items) {
  const edited = items.some((one) => one.edits > 0 || one.edit_date);
  const isProtected = items.some((one) => one.protected || one.has_protected_content);
  return el(
    "span",
    { class: "meta" },
    isProtected
      ? el(
          "span",
          { class: "protected", title: "Protected: cannot be saved or forwarded" },
          icon("lock"),
          el("span", { class: "visually-hidden" }, "protected"),
        )
      : null,
    items.some((one) => one.silent)
      ? el(
          "span",
          { class: "protected", title: "Sent without a sound" },
          icon("silent"),
          el("span", { class: "visually-hidden" }, "silent"),
        )
      : null,
    edited ? el("span", { class: "edited", testid: "edited" }, "edited") : null,
    el("time", { title: `${fullTime(message.date)} · message ${message.message_id}` }, clockTime(message.date)),
  );
}

// ------------------------------------------------------------------------------------------------------------ keyboards

function inlineKeyboard(copy, message) {
  const rows = message.reply_markup?.inline_keyboard;
  if (!rows?.length) return null;
  return el(
    "div",
    { class: "inline-keyboard" },
    rows.map((row) =>
      el(
        "div",
        { class: "keyboard-row" },
        row.map((item) => {
          const sign = item.url || item.login_url || item.web_app ? "external" : item.copy_text ? "copy" : null;
          return button(
            {
              class: item.style ? `inline-button style-${item.style}` : "inline-button",
              testid: "button",
              dir: "auto",
              title: item.url ?? item.copy_text?.text,
              onclick: (event) => pressed(event.currentTarget, copy, message, item),
            },
            el("span", {}, item.text),
            sign ? icon(sign) : null,
          );
        }),
      ),
    ),
  );
}

async function pressed(node, copy, message, item) {
  if (item.callback_data !== undefined) {
    node.classList.add("busy");
    setTimeout(() => node.classList.remove("busy"), PRESS_BUSY_MS);
  }
  const answer = await pressInline(copy, message, item);
  if (answer === null) node.classList.remove("busy");
}

// ------------------------------------------------------------------------------------------------------------ selection

function selectable(items, content) {
  if (selection.ids === null) return content;
  const ids = items.map((message) => message.message_id);
  const picked = ids.every((id) => selection.ids.has(id));
  const box = button(
    {
      class: "pick",
      role: "checkbox",
      "aria-checked": String(picked),
      "aria-label": `Select: ${shortText(items[0])}`,
      testid: "pick",
      onclick: () => {
        for (const id of ids) picked ? selection.ids.delete(id) : selection.ids.add(id);
        emit("selection");
      },
    },
    picked ? icon("check") : null,
  );
  return el("div", { class: "selectable" }, box, content);
}

// -------------------------------------------------------------------------------------------------- deleted and service

/** The thin line in place of deleted messages; pressing it shows them, faded. */
function deletedLine(copy, items, partly) {
  const words =
    items.length === 1
      ? `${KIND_WORDS[kindOf(items[0])] ?? "Message"} deleted`
      : `${partly ? "" : "Album: "}${plural(items.length, "message")} deleted`;
  const line = button(
    { class: "deleted-line", "aria-expanded": "false", title: "Show what was here" },
    icon("trash"),
    el("span", {}, words),
    el("time", { title: fullTime(items[0].deleted_at) }, clockTime(items[0].deleted_at)),
  );
  const marks = items.slice(1).map((message) => mark(message, el("i", { class: "deleted-mark" })));
  const node = mark(items[0], el("div", { class: "deleted" }, line, marks));
  line.addEventListener("click", () => {
    const ghost = node.querySelector(".ghost");
    line.setAttribute("aria-expanded", String(!ghost));
    if (ghost) return ghost.remove();
    node.append(
      el(
        "div",
        { class: "ghost", inert: true },
        items.map((message) => el("div", { class: "bubble" }, mediaOf(message), textOf(copy, message))),
      ),
    );
  });
  return node;
}

function serviceRow(message) {
  const node = el(
    "div",
    { class: "row service" },
    el(
      "span",
      { class: "service-text", dir: "auto" },
      message.deleted_at ? "Service message deleted" : serviceText(message),
    ),
  );
  return mark(message, node);
}

function namesOf(ids) {
  const known = (id) => world.users.find((user) => user.id === id) ?? world.bots.find((bot) => bot.id === id);
  return ids.map((id) => (known(id) ? personName(known(id)) : "somebody")).join(", ");
}

function serviceText(message) {
  const who = message.from ? personName(message.from) : (message.chat?.title ?? "Somebody");
  const title = (chat) => chat?.title ?? world.chats.find((known) => known.id === chat?.chat_id)?.title ?? "a chat";
  if (message.chat_shared) return `You shared ${title(message.chat_shared)} with the bot`;
  if (message.users_shared) return `You shared ${namesOf(message.users_shared.user_ids)} with the bot`;
  if (message.pinned_message) return `Pinned: ${shortText(message.pinned_message)}`;
  if (message.new_chat_members) return `${message.new_chat_members.map(personName).join(", ")} joined`;
  if (message.left_chat_member) return `${personName(message.left_chat_member)} left`;
  if (message.new_chat_title) return `${who} renamed the chat to ${message.new_chat_title}`;
  if (message.message_auto_delete_timer_changed) return `${who} changed the auto-delete timer`;
  if (message.successful_payment)
    return `Paid ${message.successful_payment.total_amount} ${message.successful_payment.currency}`;
  if (message.migrate_to_chat_id) return "The group became a supergroup";
  if (message.channel_chat_created) return "Channel created";
  if (message.group_chat_created || message.supergroup_chat_created) return "Group created";
  const known = [
    "message_id",
    "date",
    "chat",
    "from",
    "seq",
    "outgoing",
    "deleted_at",
    "protected",
    "edits",
    "silent",
    "html",
    "sender_chat",
  ];
  const name = Object.keys(message).find((key) => !known.includes(key));
  return (name ?? "service message").replaceAll("_", " ");
}
