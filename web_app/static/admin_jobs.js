// The table of jobs. Rows are made once and then updated in place, so that nothing flickers and the focus stays.

import * as api from "./admin_api.js";
import { confirm } from "./admin_confirm.js";
import { countsInWords, durationInWords, mark, say, show, titled } from "./admin_words.js";

// milliseconds after which this page stops waiting for a run it asked for
const GIVE_UP_MS = 60_000;
const PAUSING = "It will not run by its schedule until somebody resumes it. A run under way goes on; "
  + "Run now still works.";

const rows = new Map(); // job: its row
const asked = new Map(); // job: { at, since } when this page asked for a run: by the server's clock, by the browser's
let clock = null;
let refreshSoon = () => {}; // asks for a fresh status

export function onChange(callback) {
  refreshSoon = callback;
}

/** Whether this page waits for the end of a run; the status is then fetched more often. */
export const isWaiting = () => asked.size > 0;

export function forgetJobs() {
  asked.clear();
  rows.clear();
  document.getElementById("job-rows").replaceChildren();
}

export function showJobs(jobs, now) {
  clock = now;
  const body = document.getElementById("job-rows");
  for (const job of jobs) {
    if (!rows.has(job.name)) {
      rows.set(job.name, makeRow(job.name));
      body.append(rows.get(job.name));
    }
    update(rows.get(job.name), job);
    showOutcome(job);
  }
}

function makeRow(name) {
  const row = document.getElementById("job-row").content.cloneNode(true).firstElementChild;
  row.dataset.job = name;
  const [runNow, pause] = row.querySelectorAll("button");
  mark(runNow, "aria-label", `Run now: ${titled(name)}`);
  runNow.addEventListener("click", () => press(row, runNow, () => run(row, name)));
  pause.addEventListener("click", () => press(row, pause, () => toggle(row, name)));
  return row;
}

function update(row, job) {
  const part = (name) => row.querySelector(`.${name}`);
  say(part("job-name"), titled(job.name));
  say(part("job-purpose"), job.purpose);
  say(part("job-schedule"), job.schedule);
  row.classList.toggle("paused", job.is_paused);
  mark(row, "data-paused", String(job.is_paused));
  const isPlanned = job.next_at !== null && !job.is_paused;
  const next = job.is_off ? "off" : job.is_paused ? "paused" : isPlanned ? clock.moment(job.next_at) : "when one is due";
  say(part("next-time"), next);
  mark(part("next-time"), "title", isPlanned ? clock.full(job.next_at) : null);
  say(part("next-distance"), isPlanned ? clock.distance(job.next_at) : pausedBy(job));
  updateLast(part, job);
  const toggle = part("pause"), word = job.is_paused ? "Resume" : "Pause";
  say(toggle, word);
  mark(toggle, "aria-label", `${word}: ${titled(job.name)}`);
}

const pausedBy = (job) => (job.is_paused && job.paused_by !== null ? `by ${job.paused_by}` : "");

function updateLast(part, job) {
  const { last } = job, [state, tone] = stateOf(job);
  say(part("outcome"), state);
  mark(part("outcome"), "data-tone", tone);
  say(part("last-time"), last ? clock.moment(last.started_at) : "");
  mark(part("last-time"), "title", last ? clock.full(last.started_at) : null);
  const took = last && last.duration_s !== null && last.outcome ? `took ${durationInWords(last.duration_s)}` : "";
  const by = last && last.requested_by !== null ? BY[last.requested_by] ?? `asked for by ${last.requested_by}` : "";
  say(part("last-took"), [took, by].filter(Boolean).join(", "));
  const counts = last?.outcome ? countsInWords(last.counts, last.more) : "";
  say(part("counts"), counts);
  show(part("counts"), counts !== "");
  say(part("wrong"), last?.error ?? "");
  show(part("wrong"), Boolean(last?.error));
}

// values of `requested_by` other than an admin's id
const BY = { hand: "by hand", takeover: "once more, for a process that vanished" };
const TONES = { succeeded: "good", failed: "bad", timed_out: "bad", abandoned: "bad" };

function stateOf({ last, is_running: isRunning, is_waiting: isWaiting }) {
  if (isWaiting) return ["waiting to begin", "busy"];
  if (isRunning || (last && !last.outcome)) return ["running", "busy"];
  return last ? [last.outcome.replaceAll("_", " "), TONES[last.outcome] ?? "quiet"] : ["not run yet", "quiet"];
}

/** Ignores further presses until the first is done; the result is shown next to the button. */
async function press(row, button, act) {
  if (button.getAttribute("aria-disabled") === "true") return;
  mark(button, "aria-disabled", "true"); // keeps the focus, which a disabled button would lose
  try {
    await act();
  } catch (error) {
    answer(row, error.message, true);
    if (error.status === 401) refreshSoon();
  } finally {
    mark(button, "aria-disabled", null);
  }
}

function answer(row, text, isBad = false) {
  const said = row.querySelector(".said");
  say(said, text);
  said.classList.toggle("bad", isBad);
}

async function run(row, name) {
  const at = clock.at();
  answer(row, "Asking.");
  await api.run(name);
  asked.set(name, { at, since: performance.now() });
  answer(row, "Asked for: it begins in a moment.");
  refreshSoon();
}

async function toggle(row, name) {
  if (row.dataset.paused === "true") {
    await api.resume(name);
    answer(row, "Resumed.");
  } else {
    if (!(await confirm(`Pause ${titled(name).toLowerCase()}?`, PAUSING, "Pause it"))) return;
    await api.pause(name);
    answer(row, "Paused.");
  }
  refreshSoon();
}

/** Shows how a run that this page asked for ended. */
function showOutcome(job) {
  const request = asked.get(job.name), { last } = job, row = rows.get(job.name);
  if (!request) return;
  // one second of tolerance: the server's clock was read before the request, and rounds to milliseconds
  const isOurs = last && last.requested_by !== null && Date.parse(last.finished_at ?? "") >= request.at - 1000;
  if (isOurs && last.outcome) {
    asked.delete(job.name);
    const counts = countsInWords(last.counts, last.more);
    answer(row, [titled(last.outcome), last.error ?? counts].filter(Boolean).join(": "), last.outcome !== "succeeded");
  } else if (performance.now() - request.since > GIVE_UP_MS) {
    asked.delete(job.name);
    answer(row, job.is_waiting ? "Nobody has begun it: is the process that runs the jobs up?" : "It goes on.");
  }
}
