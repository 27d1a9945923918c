// The sandbox clock: the time the bots see, and buttons that move it ahead.

import { api } from "./api.js";
import { button, el, icon } from "./dom.js";
import { aheadBy, clockSeconds, shortDay } from "./format.js";
import { announce, complain } from "./overlays.js";
import { emit, on } from "./store.js";

const SKIPS = [
  { seconds: 60, name: "1m", label: "1 minute", short: "1 min" },
  { seconds: 1800, name: "30m", label: "30 minutes", short: "30 min" },
  { seconds: 86400, name: "1d", label: "1 day", short: "1 day" },
];
const HINT =
  "The bots and this Telegram share one clock. Skip ahead and everything that was due in between happens now.";

let ahead = 0;
const time = el("b", { class: "clock-time", testid: "clock" });
const day = el("span", { class: "clock-date" });
const shift = el("span", { class: "clock-shift" });

export const sandboxNow = () => Date.now() / 1000 + ahead;

export function mountClock(node) {
  node.append(
    el(
      "span",
      { class: "clock-face", title: HINT },
      icon("clock"),
      el("span", { class: "clock-text" }, time, el("small", { class: "clock-day" }, day, shift)),
    ),
    el("span", { class: "skip-word" }, "Skip"),
    ...SKIPS.map((skip) =>
      button(
        {
          class: "chip skip",
          testid: `skip-${skip.name}`,
          "aria-label": `Skip ${skip.label}`,
          title: `Skip ${skip.label}. ${HINT}`,
          onclick: (event) => advance(event.currentTarget, skip),
        },
        skip.short,
      ),
    ),
  );
  on("clock", (state) => (state ? take(state) : api.clock().then(take, () => {})));
  setInterval(tick, 1000);
}

function take(state) {
  ahead = state.now - Date.now() / 1000;
  offset = state.offset_s ?? ahead;
  tick();
}

let offset = 0;

function tick() {
  const now = sandboxNow();
  time.textContent = clockSeconds(now);
  day.textContent = shortDay(now);
  shift.textContent = aheadBy(offset);
}

/** Highlights the clock for a moment to show that it was moved. */
function flash() {
  time.classList.remove("flash");
  void time.offsetWidth;
  time.classList.add("flash");
}

async function advance(node, skip) {
  node.disabled = true;
  try {
    take(await api.advance(skip.seconds));
    announce(`Skipped ${skip.label}.`);
    flash();
    if (skip.seconds >= 1800) emit("did", "skip");
  } catch (error) {
    complain(error);
  }
  node.disabled = false;
}
