// The scrolling list of a conversation. Rows are replaced one by one, so that nothing flickers or scrolls away.

import { drawRow, shortText } from "./bubbles.js";
import { button, el, icon } from "./dom.js";
import { dayKey, plural, shortDay } from "./format.js";
import { announce } from "./overlays.js";
import { isMine, selection, sorted, titleOf } from "./store.js";

const NEAR_BOTTOM_PX = 90;
const LEAVE_MS = 760;
const PAGE = 200;
const POINTED_MS = 2000;
const FOLLOW_S = 120;

const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class Transcript {
  /** `empty(copy)` makes the node shown in a chat without messages. */
  constructor(empty) {
    this.empty = empty;
    this.list = el("div", { class: "rows", role: "log", "aria-live": "off", "aria-label": "Messages" });
    this.down = button(
      { class: "to-bottom", "aria-label": "To the newest message", hidden: true, onclick: () => this.toBottom(true) },
      icon("down"),
    );
    this.node = el("div", { class: "scroller", tabindex: "-1" }, this.list);
    this.frame = el("div", { class: "scroller-frame" }, this.node, this.down);
    this.node.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.resized = new ResizeObserver(() => this.stuck && this.toBottom());
    this.resized.observe(this.node);
    this.resized.observe(this.list);
    this.copy = null;
    this.rows = new Map();
    this.stuck = true;
    this.lastTop = 0;
  }

  show(copy) {
    if (this.copy === copy) return this.update();
    this.copy = copy;
    this.rows.clear();
    this.list.replaceChildren();
    this.limit = PAGE;
    this.lastSeen = null;
    this.stuck = true;
    this.update();
    this.toBottom();
  }

  update() {
    const { copy } = this;
    if (!copy) return;
    const messages = sorted(copy);
    const shown = messages.slice(-this.limit);
    const wanted = rowsOf(copy, shown);
    if (messages.length > shown.length)
      wanted.unshift({
        key: "earlier",
        signature: String(messages.length - shown.length),
        draw: () => this.earlier(messages.length - shown.length),
      });
    if (copy.loaded && messages.length === 0)
      wanted.push({ key: "empty", signature: copy.name, draw: () => this.empty(copy) });
    if (copy.typing) wanted.push({ key: "typing", signature: "typing", draw: typingRow });
    const first = this.rows.size === 0;
    this.place(wanted, first);
    this.tellNews(messages);
    if (this.stuck) this.toBottom();
  }

  place(wanted, first) {
    const keys = new Set(wanted.map((row) => row.key));
    for (const [key, entry] of this.rows) {
      if (keys.has(key)) continue;
      entry.node.remove();
      this.rows.delete(key);
    }
    const nodes = wanted.map((row) => this.nodeFor(row, first));
    let cursor = this.list.firstChild;
    for (const node of nodes) {
      if (node === cursor) cursor = cursor.nextSibling;
      else this.list.insertBefore(node, cursor);
    }
  }

  nodeFor(row, first) {
    const entry = this.rows.get(row.key);
    if (!entry) {
      const node = row.draw();
      if (!first && row.items) node.classList.add("entering");
      this.rows.set(row.key, { node, signature: row.signature, dead: row.dead });
      return node;
    }
    if (entry.signature === row.signature) return entry.node;
    entry.signature = row.signature;
    const dies = row.dead && !entry.dead;
    entry.dead = row.dead;
    if (dies && !calm.matches) this.letGo(entry, row);
    else if (!entry.leaving) replaceKeepingFocus(entry, row.draw());
    return entry.node;
  }

  /** A deleted message fades and collapses before its thin line takes the place. */
  letGo(entry, row) {
    const { node } = entry;
    entry.leaving = true;
    for (const marked of [node, ...node.querySelectorAll("[data-deleted]")])
      if (marked.dataset.deleted) marked.dataset.deleted = "true";
    node.style.height = `${node.offsetHeight}px`;
    node.inert = true;
    requestAnimationFrame(() => {
      node.classList.add("leaving");
      node.style.height = "30px";
    });
    setTimeout(() => {
      entry.leaving = false;
      replaceKeepingFocus(entry, row.draw());
    }, LEAVE_MS);
  }

  earlier(count) {
    return el(
      "div",
      { class: "row service" },
      button(
        {
          class: "service-text",
          onclick: () => {
            const before = this.node.scrollHeight - this.node.scrollTop;
            this.limit += PAGE;
            this.update();
            this.node.scrollTop = this.node.scrollHeight - before;
          },
        },
        `Show earlier (${plural(count, "message")})`,
      ),
    );
  }

  tellNews(messages) {
    const last = messages[messages.length - 1];
    const known = this.lastSeen;
    this.lastSeen = last?.message_id ?? 0;
    if (known === null || !last || last.message_id <= known) return;
    if (isMine(this.copy, last)) {
      this.stuck = true;
      return;
    }
    announce(`${titleOf(this.copy)}: ${shortText(last)}`);
    if (!this.stuck) this.down.classList.add("news");
  }

  scrolled() {
    const left = this.node.scrollHeight - this.node.scrollTop - this.node.clientHeight;
    if (this.node.scrollTop < this.lastTop) this.stuck = left < NEAR_BOTTOM_PX;
    else if (left < NEAR_BOTTOM_PX) this.stuck = true;
    this.lastTop = this.node.scrollTop;
    this.down.hidden = left < NEAR_BOTTOM_PX * 2;
    if (this.down.hidden) this.down.classList.remove("news");
  }

  /** Scrolls to a message and marks it for a moment. */
  pointAt(id) {
    const row = this.list.querySelector(`[data-message-id="${id}"]`);
    if (!row) return;
    this.stuck = false;
    row.scrollIntoView({ block: "center" });
    row.classList.add("pointed");
    setTimeout(() => row.classList.remove("pointed"), POINTED_MS);
  }

  toBottom(smooth = false) {
    this.stuck = true;
    this.node.scrollTo({ top: this.node.scrollHeight, behavior: smooth && !calm.matches ? "smooth" : "instant" });
  }
}

/** Days, albums and single messages in order, each with a stable key and a signature that differs after a change. */
function rowsOf(copy, messages) {
  const rows = [];
  let day = null;
  let previous = null;
  for (const message of messages) {
    const today = dayKey(message.date);
    if (today !== day) rows.push({ key: `day ${today}`, signature: today, draw: () => dayRow(message.date) });
    const last = rows[rows.length - 1];
    if (message.media_group_id && last?.album === message.media_group_id && today === day) last.items.push(message);
    else rows.push(messageRow(copy, message, today === day && follows(copy, previous, message)));
    day = today;
    previous = message;
  }
  return rows.map((row) => (row.items ? finished(copy, row) : row));
}

function messageRow(copy, message, isFollowing) {
  const album = message.media_group_id ?? null;
  return {
    key: album ? `album ${album} ${message.message_id}` : `message ${message.message_id}`,
    album,
    items: [message],
    follows: isFollowing,
  };
}

function finished(copy, row) {
  const picks = selection.ids === null ? "" : row.items.map((message) => selection.ids.has(message.message_id)).join();
  const parts = row.items.map((message) => `${message.message_id}:${message.seq}:${message.deleted_at ?? ""}`);
  return {
    ...row,
    dead: row.items.every((message) => message.deleted_at),
    signature: [parts, row.follows, selection.ids === null, picks].join("|"),
    draw: () => drawRow(copy, row.items, row.follows),
  };
}

const follows = (copy, previous, message) =>
  Boolean(previous) &&
  !previous.deleted_at &&
  isMine(copy, previous) === isMine(copy, message) &&
  message.date - previous.date < FOLLOW_S;

function dayRow(date) {
  return el("div", { class: "row service day" }, el("span", { class: "service-text" }, shortDay(date)));
}

function typingRow() {
  return el(
    "div",
    { class: "row theirs" },
    el("div", { class: "bubble typing", "aria-label": "typing" }, el("i"), el("i"), el("i")),
  );
}

/** Swaps the node; the focus stays on the button of the same name, or on the row. */
function replaceKeepingFocus(entry, fresh) {
  const { activeElement } = document;
  const label = entry.node.contains(activeElement) ? activeElement.textContent : null;
  entry.node.replaceWith(fresh);
  entry.node = fresh;
  if (label === null) return;
  const same = [...fresh.querySelectorAll("button")].find((node) => node.textContent === label);
  (same ?? fresh.querySelector("button"))?.focus({ preventScroll: true });
}
