// The table of jobs. Rows are made once and then updated in place, so that nothing flickers and the focus stays.

import { button, el, mark, say, show } from "./admin_dom.js";
import { took } from "./admin_durations.js";

// milliseconds after which this page stops waiting for a run it asked for
const GIVE_UP_MS = 60_000;
// by the server's clock: it was read before the request, and rounds to milliseconds
const TOLERANCE_MS = 1_000;
const TONES = { succeeded: "good", failed: "bad", timed_out: "bad", abandoned: "bad" };
// values of `requested_by` other than a member's id
const BY = { hand: "by_hand", takeover: "takeover" };
const COLUMNS = ["job", "schedule", "next", "last"];

/** The section of the jobs; `refreshSoon` asks for a fresh status, which `show` takes. */
export function jobsTable(app, refreshSoon) {
  const rows = new Map(), body = el("tbody", { role: "rowgroup" });
  const heads = COLUMNS.map((name) => el("th", { role: "columnheader", scope: "col" }, app.t(`column_${name}`)));
  heads.push(el("th", { role: "columnheader", scope: "col" }, el("span", { class: "unseen" }, app.t("column_do"))));
  const table = el("table", { class: "cards jobs", role: "table", "aria-label": app.t("jobs") },
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, heads)), body);
  return {
    node: el("section", {}, el("h3", {}, app.t("jobs")), el("div", { class: "card" }, table)),
    isWaiting: () => [...rows.values()].some((row) => row.isWaiting()),
    show(status) {
      for (const job of status.jobs) {
        if (!rows.has(job.name)) {
          rows.set(job.name, jobRow(job.name, app, refreshSoon));
          body.append(rows.get(job.name).node);
        }
        rows.get(job.name).show(job, Date.parse(status.now));
      }
    },
  };
}

function jobRow(name, app, refreshSoon) {
  const { t, api } = app;
  const part = (kind, tag = "span") => el(tag, { class: kind });
  const parts = Object.fromEntries(["job-name", "job-purpose note", "job-schedule", "next-time", "next-distance note",
    "outcome", "last-time", "last-took note", "counts note", "wrong bad"].map((kind) => [kind.split(" ")[0], part(kind)]));
  const said = el("span", { class: "said", role: "status" });
  const run = button(t("run_now"), () => attempt(ask), { class: "run" });
  const pause = button("", () => attempt(toggle), { class: "plain pause" });
  let job = null, asked = null, serverNow = 0, readAt = 0;
  const cell = (label, ...children) => el("td", { role: "cell", "data-label": t(`column_${label}`) }, children);
  const node = el("tr", { role: "row", "data-job": name },
    el("th", { role: "rowheader", scope: "row" }, parts["job-name"], parts["job-purpose"]),
    cell("schedule", parts["job-schedule"]), cell("next", parts["next-time"], parts["next-distance"]),
    cell("last", el("span", { class: "last-line" }, parts.outcome, " ", parts["last-time"]), parts["last-took"], parts.counts,
      parts.wrong),
    el("td", { role: "cell", class: "doing" }, el("span", { class: "buttons" }, run, pause), said));

  function answer(text, isBad = false) {
    say(said, text);
    said.classList.toggle("bad", isBad);
  }

  async function attempt(act) {
    try {
      await act();
    } catch (error) {
      answer(error.message, true);
    }
  }

  async function ask() {
    const at = serverNow + performance.now() - readAt;
    answer(t("asking"));
    await api.post("/scheduler/trigger", { task: name });
    asked = { at, since: performance.now() };
    answer(t("asked"));
    refreshSoon();
  }

  async function toggle() {
    if (!job.is_paused) {
      const question = { title: t("pause_title", { job: job.title }), text: t("pause_text"), yes: t("pause_yes") };
      if (!(await app.confirm(question))) return;
    }
    await api.post(job.is_paused ? "/scheduler/resume" : "/scheduler/pause", { task: name });
    answer(t(job.is_paused ? "resumed" : "paused"));
    refreshSoon();
  }

  /** Shows how a run that this page asked for ended. */
  function showEnd() {
    const { last } = job;
    if (!asked) return;
    const isOurs = last && last.requested_by !== null && Date.parse(last.finished_at ?? "") >= asked.at - TOLERANCE_MS;
    if (isOurs && last.outcome) {
      asked = null;
      const outcome = t(`outcome_${last.outcome}`), details = last.error ?? countsOf(last, app);
      answer(details ? t("ended_so", { outcome, details }) : outcome, last.outcome !== "succeeded");
    } else if (performance.now() - asked.since > GIVE_UP_MS) {
      asked = null;
      answer(t(job.is_waiting ? "nobody_began" : "goes_on"));
    }
  }

  return {
    node,
    isWaiting: () => asked !== null,
    show(fresh, now) {
      [job, serverNow, readAt] = [fresh, now, performance.now()];
      drawJob(node, parts, job, app);
      mark(run, "aria-label", t("run_now_of", { job: job.title }));
      say(pause, t(job.is_paused ? "resume" : "pause"));
      mark(pause, "aria-label", t(job.is_paused ? "resume_of" : "pause_of", { job: job.title }));
      showEnd();
    },
  };
}

function drawJob(node, parts, job, app) {
  const { t, format } = app;
  say(parts["job-name"], job.title);
  say(parts["job-purpose"], job.purpose);
  say(parts["job-schedule"], job.schedule);
  node.classList.toggle("paused", job.is_paused);
  const isPlanned = job.next_at !== null && !job.is_paused;
  const next = job.is_off ? t("next_off") : job.is_paused ? t("next_paused") : isPlanned ? format.moment(job.next_at) : t("next_due");
  say(parts["next-time"], next);
  mark(parts["next-time"], "title", isPlanned ? format.full(job.next_at) : null);
  const by = job.is_paused && job.paused_by !== null ? t("paused_by", { who: job.paused_by }) : "";
  say(parts["next-distance"], isPlanned ? format.distance(job.next_at) : by);
  drawLast(parts, job, app);
}

function drawLast(parts, job, app) {
  const { t, format } = app, { last } = job;
  const [word, tone] = stateOf(job, app);
  say(parts.outcome, word);
  mark(parts.outcome, "data-tone", tone);
  const at = last && (last.finished_at ?? last.started_at);
  say(parts["last-time"], at ? format.moment(at) : "");
  const spent = last?.duration_s != null ? took(last.duration_s, app) : "";
  const who = last?.requested_by ?? null;
  const by = who === null ? "" : who in BY ? t(BY[who]) : t("asked_by", { who });
  say(parts["last-took"], [spent, by].filter(Boolean).join(" · "));
  const counts = last?.outcome ? countsOf(last, app) : "";
  say(parts.counts, counts);
  show(parts.counts, counts !== "");
  say(parts.wrong, last?.error ?? "");
  show(parts.wrong, Boolean(last?.error));
}

function stateOf({ last, is_running: isRunning, is_waiting: isWaiting }, { t }) {
  if (isWaiting) return [t("outcome_waiting"), "busy"];
  if (isRunning || (last && !last.outcome)) return [t("outcome_running"), "busy"];
  return last ? [t(`outcome_${last.outcome}`), TONES[last.outcome] ?? "quiet"] : [t("outcome_none"), "quiet"];
}

/** What a run did: “tokens 12 · users 3”, by the names of its counts. */
function countsOf(run, { t, format }) {
  const parts = Object.entries(run.counts).filter(([, count]) => count !== 0);
  const words = parts.map(([name, count]) => `${name.replaceAll("_", " ")} ${format.number(count)}`);
  if (!parts.length && Object.keys(run.counts).length) words.push(t("nothing_to_do"));
  if (run.more) words.push(t("more"));
  return words.join(" · ");
}
