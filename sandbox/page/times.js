// Moments in messages (<tg-time>): shown in the zone and the language of this browser, by Telegram's format letters.

import { sandboxNow } from "./clock.js";
import { on } from "./store.js";

const FULL = new Intl.DateTimeFormat([], { dateStyle: "full", timeStyle: "medium" });
const RELATIVE = new Intl.RelativeTimeFormat([], { numeric: "auto" });
const STEPS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];
const REFRESH_MS = 10_000;

/** An element for `unix`. `form` is r, or w, d or D, t or T in this order; without one the given text is kept. */
export function timeNode(unix, form, text) {
  const node = document.createElement("time");
  node.className = "tg-time";
  const moment = new Date(unix * 1000);
  if (!Number.isFinite(moment.getTime())) {
    node.textContent = text;
    return node;
  }
  node.dateTime = moment.toISOString();
  node.title = form ? `${text}\n${FULL.format(moment)}` : FULL.format(moment);
  node.textContent = form ? words(unix, form) : text;
  if (form === "r") node.dataset.unix = String(unix);
  return node;
}

function words(unix, form) {
  if (form === "r") return ago(unix - sandboxNow());
  const options = {};
  if (form.includes("w")) options.weekday = form.includes("d") ? "short" : "long";
  if (form.includes("d")) Object.assign(options, { day: "2-digit", month: "2-digit", year: "2-digit" });
  if (form.includes("D")) Object.assign(options, { day: "numeric", month: "long", year: "numeric" });
  if (/t/i.test(form)) Object.assign(options, { hour: "2-digit", minute: "2-digit", hour12: false });
  if (form.includes("T")) options.second = "2-digit";
  return new Intl.DateTimeFormat([], options).format(new Date(unix * 1000));
}

function ago(seconds) {
  const [unit, size] = STEPS.find(([, length]) => Math.abs(seconds) >= length) ?? STEPS.at(-1);
  return RELATIVE.format(Math.round(seconds / size), unit);
}

function refresh() {
  for (const node of document.querySelectorAll(".tg-time[data-unix]"))
    node.textContent = words(Number(node.dataset.unix), "r");
}

setInterval(refresh, REFRESH_MS);
on("clock", () => setTimeout(refresh, 300));
