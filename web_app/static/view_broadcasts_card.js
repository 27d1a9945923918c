// One broadcast: how far it is, who got it, what it is made of, and what can be decided about it.

import { button, el } from "./admin_dom.js";
import { duration } from "./admin_durations.js";
import { badge, titleOf } from "./view_broadcasts_words.js";

const EVERY_MS = 3_000;
const GOING_ON = new Set(["queued", "sending", "recalling"]);
// the order of the results; those with a note have one below
const RESULTS = ["blocked", "failed", "unknown", "swept", "left_out", "deleted", "kept"];
const NOTES = new Set(["unknown", "kept"]);
const ENDED = new Set(["cancelled", "failed", "sent", "recalling", "recalled"]);
const ASKED_FIRST = new Set(["cancel", "recall"]);

/** Shows the card and keeps it up to date while something goes on; returns what ends that. */
export async function openCard(root, app, id) {
  let one = await app.api.get(`/broadcasts/${id}`), timer = 0, isOver = false;
  const state = el("div", { class: "state" }), results = el("div"), choices = el("div", { class: "tools" });
  let drawn = "", offered = "";
  root.append(
    el("p", {}, el("a", { href: "#broadcasts" }, `‹ ${app.t("back")}`)),
    el("h2", { dir: "auto" }, titleOf(one, app)),
    el("div", { class: "card pad" }, state, results, choices),
    el("section", {}, el("h3", {}, app.t("details")), el("div", { class: "card pad" }, details(one, app))),
  );

  function draw() {
    const now = JSON.stringify(one);
    if (now === drawn) return;
    drawn = now;
    state.replaceChildren(...stateOf(one, app));
    results.replaceChildren(...resultsOf(one, app));
    if (offered === one.decisions.join()) return; // the focus stays on its button
    offered = one.decisions.join();
    choices.replaceChildren(...one.decisions.map((name) => button(
      app.t(name === "cancel" ? "cancel_broadcast" : name), () => decide(name),
      { class: ASKED_FIRST.has(name) ? "danger" : "", "data-decision": name },
    )));
  }

  async function decide(name) {
    if (ASKED_FIRST.has(name) && !(await app.confirm(question(name, one, app)))) return;
    try {
      one = await app.api.post(`/broadcasts/${id}/${name}`);
      app.say(app.t(`${name}_said`));
    } catch (error) {
      app.say(error.message, { isBad: true });
      if (error.status === 409) one = await app.api.get(`/broadcasts/${id}`);
    }
    draw();
    if (!choices.contains(document.activeElement)) (choices.querySelector("button") ?? root.querySelector("h2")).focus();
    plan();
  }

  async function refresh() {
    try {
      const answer = await app.api.get(`/broadcasts/${id}`);
      if (isOver) return;
      one = answer;
      draw();
    } catch {
      // the frame has said so
    }
    plan();
  }

  function plan() {
    clearTimeout(timer);
    if (!isOver && !document.hidden && GOING_ON.has(one.status)) timer = setTimeout(refresh, EVERY_MS);
  }

  document.addEventListener("visibilitychange", plan);
  draw();
  plan();
  return () => {
    isOver = true;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", plan);
  };
}

function question(name, one, app) {
  const left = one.is_filled ? app.n("cancel_text", one.remaining) : app.t("cancel_text_unknown");
  const held = (one.counts.sent ?? 0) + (one.counts.unknown ?? 0);
  const text = name === "cancel" ? left : app.n("recall_text", held);
  return { title: app.t(`${name}_title`), text, yes: app.t(`${name}_yes`), isDanger: true };
}

function stateOf(one, app) {
  const words = [];
  const { moment } = app.format;
  if (one.status === "queued" && !one.started_at) words.push(app.t("waits_until", { when: moment(one.send_at) }));
  if (one.status === "sending" && !one.is_filled) words.push(app.t("listing"));
  if (one.started_at) words.push(app.t("begun", { when: moment(one.started_at) }));
  if (one.finished_at) words.push(app.t("ended", { when: moment(one.finished_at) }));
  const lines = [el("p", { class: "line" }, badge(one, app), el("span", { class: "aside" }, words.join(" · ")))];
  if (one.error) lines.push(el("p", { class: "bad" }, app.t("why", { reason: one.error })));
  if (!one.has_recipients) lines.push(el("p", { class: "aside" }, app.t("not_known")));
  return lines;
}

function resultsOf(one, app) {
  if (!one.has_recipients) return [];
  const { number } = app.format;
  const isRecall = one.status === "recalling" || one.status === "recalled";
  const whole = isRecall ? one.arrived : one.total, left = isRecall ? one.counts.sent ?? 0 : one.remaining;
  const parts = [];
  if (whole && (one.is_filled || ENDED.has(one.status))) {
    const words = app.t("progress", { done: number(whole - left), total: number(whole) });
    const bar = el("progress", { max: whole, value: whole - left, "aria-label": words });
    parts.push(el("p", { class: "measure" }, bar, el("span", { class: "aside" }, words)));
  } else if (one.total) parts.push(el("p", { class: "aside" }, app.n("so_far", one.total)));
  const rows = [["arrived", one.arrived]];
  if (one.remaining) rows.push([ENDED.has(one.status) ? "not_sent" : "remaining", one.remaining]);
  for (const name of RESULTS) if (one.counts[name]) rows.push([name, one.counts[name]]);
  parts.push(el("dl", { class: "facts", "aria-label": app.t("results") }, rows.flatMap(([name, count]) => [
    el("dt", {}, app.t(name)),
    el("dd", { "data-result": name }, number(count), ...(NOTES.has(name)
      ? [el("span", { class: "note" }, ` ${app.t(`${name}_note`)}`)] : [])),
  ])));
  return parts;
}

function details(one, app) {
  const { moment } = app.format, yes = (is) => app.t(is ? "yes" : "no");
  const auto = one.lifetime_minutes
    ? app.t("auto_delete_after", { time: duration(one.lifetime_minutes * 60, app) })
    : app.t("auto_delete_never");
  const facts = [
    ["audience", audienceOf(one.audience, app)], ["messages", app.format.number(one.messages)],
    ["sound", app.t(one.silent ? "sound_off" : "sound_on")], ["pin", yes(one.pin)], ["auto_delete", auto],
    ["stop_button", yes(one.has_stop_button)], ["made", app.t("made_by", { when: moment(one.created_at), id: one.created_by })],
  ];
  const list = el("dl", { class: "facts" }, facts.flatMap(([name, text]) => [el("dt", {}, app.t(name)), el("dd", {}, text)]));
  if (one.buttons.length) {
    list.append(el("dt", {}, app.t("buttons")), el("dd", {}, one.buttons.map((each) => el("div", {},
      el("a", { href: each.url, target: "_blank", rel: "noopener noreferrer", dir: "auto" }, each.text)))));
  }
  return list;
}

function audienceOf({ kind, days, language, source }, app) {
  if (kind === "new" || kind === "active") return app.n(`audience_${kind}`, days);
  return app.t(`audience_${kind}`, { language: language ?? "", source: source ?? "" });
}
