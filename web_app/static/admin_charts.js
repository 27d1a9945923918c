// The charts: fetched when their numbers, the theme or the number of days change, and swapped once loaded.

import * as api from "./admin_api.js";
import { number, say, show } from "./admin_words.js";

const KINDS = ["users", "deliveries", "verifications", "broadcasts"];
const dark = matchMedia("(prefers-color-scheme: dark)");

const drawn = new Map(); // kind: the key of the chart that is shown or being fetched
let latest = null; // { days, length } of the last numbers

export function showCharts(days, length) {
  latest = { days, length };
  for (const kind of KINDS) void refresh(kind);
}

dark.addEventListener("change", () => {
  if (latest) showCharts(latest.days, latest.length);
});

export function forgetCharts() {
  latest = null;
  drawn.clear();
  for (const kind of KINDS) document.getElementById(`chart-${kind}`).replaceChildren();
}

async function refresh(kind) {
  const { days, length } = latest, theme = dark.matches ? "dark" : "light";
  const frame = document.getElementById(`chart-${kind}`);
  const summary = SUMMARIES[kind](days), key = JSON.stringify([theme, length, days]);
  say(document.getElementById(`said-${kind}`), summary);
  if (drawn.get(kind) === key) return;
  drawn.set(kind, key);
  const failed = document.getElementById(`failed-${kind}`);
  try {
    const picture = new Image(900, 420);
    picture.alt = `Chart of ${kind}: ${summary}`;
    picture.src = await api.picture(kind, theme, length);
    await picture.decode();
    if (drawn.get(kind) !== key) return; // a newer one is being fetched
    frame.replaceChildren(picture);
    show(failed, false);
  } catch {
    if (drawn.get(kind) !== key) return;
    drawn.delete(kind); // the next refresh tries again
    show(failed, true);
  }
}

const sum = (days, name) => days.reduce((total, day) => total + (day.counters[name] ?? 0), 0);

/** What a chart shows in words, for small screens and screen readers. */
const SUMMARIES = {
  users: (days) => {
    const known = days.filter((day) => "users" in day.counters).at(-1);
    const all = known ? `${number(known.counters.users)} in all, ` : "";
    return `${all}${number(sum(days, "new_users"))} new.`;
  },
  deliveries: (days) => `${number(sum(days, "deliveries"))} posts delivered.`,
  verifications: (days) => `${number(sum(days, "verified"))} verified, ${number(sum(days, "bypassed"))} bypassed.`,
  broadcasts: (days) => {
    const copies = number(sum(days, "broadcast_copies")), begun = number(sum(days, "broadcasts"));
    return `${copies} copies arrived, broadcasts: ${begun}.`;
  },
};
