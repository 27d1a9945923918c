// Every Bot API call the sandbox answered, newest first, live.

import { api } from "./api.js";
import { button, clear, el, iconButton } from "./dom.js";
import { clockSeconds } from "./format.js";
import { botById, botByName, go, on, place, world } from "./store.js";

const KEEP = 400;
const PAUSE_MS = 400;

let calls = [];
let last = 0;
let timer = null;
let busy = false;
const opened = new Set();
const rows = new Map();
const body = el("tbody");
const method = el("select", { "aria-label": "Method", testid: "call-method", onchange: () => draw() });
const polls = el("input", { type: "checkbox", onchange: () => draw() });
const empty = el("p", { class: "muted" }, "No calls yet.");

export function mountCallLog(node) {
  node.dataset.testid = "call-log-view";
  node.append(
    el(
      "header",
      { class: "log-head" },
      iconButton("back", "Back to the chats", { class: "icon-button log-back", onclick: () => go({ log: false }) }),
      el("h1", {}, "Call log"),
      method,
      el("label", { class: "check" }, polls, "getUpdates"),
      iconButton("close", "Close the call log", { class: "icon-button log-close", onclick: () => go({ log: false }) }),
    ),
    el(
      "div",
      { class: "log-scroll" },
      el(
        "table",
        {},
        el(
          "thead",
          {},
          el(
            "tr",
            {},
            ["Time", "Bot", "Method", "Status", "ms"].map((title) => el("th", { scope: "col" }, title)),
          ),
        ),
        body,
      ),
      empty,
    ),
  );
  on("place", () => {
    node.hidden = !place.log;
    document.body.classList.toggle("with-log", place.log);
    if (place.log) soon(0);
  });
  on("calls", () => place.log && soon(PAUSE_MS));
  on("world", () => place.log && soon(PAUSE_MS));
}

/** Fetches at most every PAUSE_MS, however many calls there are. */
function soon(delay) {
  if (timer !== null) return;
  timer = setTimeout(async () => {
    timer = null;
    if (busy) return soon(PAUSE_MS);
    busy = true;
    await fetchCalls().catch(() => {});
    busy = false;
  }, delay);
}

async function fetchCalls() {
  const newest = (await api.calls(Number.MAX_SAFE_INTEGER, 1)).last;
  const answer = await api.calls(Math.max(last, newest - KEEP), KEEP);
  if (answer.last < last) {
    calls = [];
    last = 0;
    return soon(0);
  }
  const known = new Map(calls.map((call) => [call.n, call]));
  for (const call of answer.calls) known.set(call.n, call);
  calls = [...known.values()].sort((a, b) => b.n - a.n).slice(0, KEEP);
  last = Math.max(last, ...answer.calls.map((call) => call.n));
  draw();
}

function draw() {
  drawMethods();
  const wanted = calls.filter((call) =>
    method.value ? call.method === method.value : polls.checked || call.method.toLowerCase() !== "getupdates",
  );
  const keys = new Set(wanted.map((call) => call.n));
  for (const [n, row] of rows) {
    if (keys.has(n)) continue;
    row.nodes.forEach((node) => node.remove());
    rows.delete(n);
  }
  let cursor = body.firstChild;
  for (const call of wanted) {
    for (const node of rowFor(call).nodes) {
      if (node === cursor) cursor = cursor.nextSibling;
      else body.insertBefore(node, cursor);
    }
  }
  empty.hidden = wanted.length > 0;
}

function drawMethods() {
  const names = [...new Set(calls.map((call) => call.method))].sort();
  if (method.options.length === names.length + 1) return;
  const chosen = method.value;
  clear(
    method,
    el("option", { value: "" }, "All methods"),
    names.map((name) => el("option", { value: name }, name)),
  );
  method.value = names.includes(chosen) ? chosen : "";
}

function rowFor(call) {
  if (rows.has(call.n)) return rows.get(call.n);
  const detail = el("tr", { class: "call-detail", hidden: !opened.has(call.n) }, el("td", { colspan: "5" }));
  const name = button(
    { class: "call-name", "aria-expanded": "false", onclick: () => toggle(call, detail, name) },
    call.method,
  );
  const row = el(
    "tr",
    { class: call.ok ? "call" : "call failed", testid: "call-row", data: { method: call.method } },
    el("td", {}, clockSeconds(call.at)),
    el("td", {}, botName(call.bot)),
    el("td", {}, name, call.fault ? el("span", { class: "tag warn" }, "fault") : null),
    el("td", {}, el("span", { class: "status" }, String(call.status ?? "…"))),
    el("td", { class: "number" }, milliseconds(call.duration_ms)),
  );
  const entry = { nodes: [row, detail] };
  rows.set(call.n, entry);
  return entry;
}

function milliseconds(value) {
  if (value === undefined || value === null) return "";
  return value < 10 ? value.toFixed(1) : String(Math.round(value));
}

function botName(bot) {
  const known = botById(bot) ?? botByName(bot);
  if (!known) return String(bot ?? "");
  const index = world.bots.indexOf(known);
  return el(
    "span",
    { class: `bot-name bot-${index % 4}`, title: `@${known.username}` },
    known.role?.replace(/\s*bot$/i, "") ?? known.first_name,
  );
}

function toggle(call, detail, name) {
  detail.hidden = !detail.hidden;
  name.setAttribute("aria-expanded", String(!detail.hidden));
  if (detail.hidden) return opened.delete(call.n);
  opened.add(call.n);
  clear(
    detail.firstChild,
    section("Parameters", pretty(call.params)),
    call.error ? section("Error", call.error) : null,
    call.result_preview ? section("Result", pretty(call.result_preview)) : null,
    call.fault ? section("Injected fault", pretty(call.fault)) : null,
  );
}

function section(title, text) {
  return [el("h3", {}, title), el("pre", {}, text)];
}

/** Values that are JSON inside a string (keyboards, lists) are shown unpacked. */
function pretty(value) {
  if (typeof value === "string") return unpacked(value);
  const plain = Object.fromEntries(
    Object.entries(value ?? {}).map(([name, part]) => [name, typeof part === "string" ? tryParse(part) : part]),
  );
  return JSON.stringify(plain, null, 2);
}

function unpacked(text) {
  const parsed = tryParse(text);
  return typeof parsed === "string" ? parsed : JSON.stringify(parsed, null, 2);
}

function tryParse(text) {
  if (!/^[[{]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
