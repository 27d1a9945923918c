// Announcements with what can be done about each: on a post's card, after publishing, and on the schedule.

import { button, el } from "./admin_dom.js";

/** What a person has to decide about. */
const TROUBLED = ["failed", "missed", "unknown"];
const TONES = { published: "good", planned: "busy", sending: "busy", failed: "bad", missed: "bad", unknown: "bad" };
// what others feel is asked about first; the rest can be undone
const CONFIRMED = { now: false, again: false, withdraw: true };

/** A time as the server reads it: 2026-12-24 18:00, on the clocks of the installation. */
export const typedTime = (at, { format }) => `${format.isoDate(at)} ${format.time(at)}`;

export const titleOf = (one, { t }) => one.title || t("untitled");

/** The state of an announcement and the lines about it. */
export function facts(one, app) {
  const { t, format } = app;
  const lines = [
    one.error ? el("p", { class: "bad" }, one.error) : null,
    one.leaves_at ? el("p", { class: "note" }, t("leaves_at", { time: format.moment(one.leaves_at) })) : null,
    one.moved_by ? el("p", { class: "note" }, t("moved_by", { name: one.moved_by })) : null,
  ];
  return el("div", { class: "announced" },
    el("p", {}, el("b", { dir: "auto" }, one.channel), " · ", format.moment(one.at), " ",
      el("span", { class: "outcome", "data-tone": TONES[one.state] ?? "" }, t(`state_${one.state}`))),
    ...lines);
}

/** Buttons for what the member can do now; `changed(announcement)` is called after each, null when it is to be read again. */
export function steps(one, app, changed) {
  const { t } = app;
  const buttons = one.may.filter((step) => step !== "back" && step !== "move").map((step) => {
    const isDrop = step === "off" && TROUBLED.includes(one.state);
    return button(t(isDrop ? "step_drop" : `step_${step}`), () => act(one, step, app, changed, isDrop), {
      class: step === "withdraw" ? "danger" : "", "aria-label": null,
    });
  });
  if (one.link) {
    buttons.push(el("a", { class: "button plain", href: one.link, target: "_blank", rel: "noopener noreferrer" }, t("open_message")));
  }
  return buttons;
}

async function act(one, step, app, changed, isDrop) {
  const { t, api } = app;
  const fields = { title: titleOf(one, app), channel: one.channel };
  if (step in CONFIRMED) {
    const isDanger = CONFIRMED[step];
    const sure = await app.confirm({
      title: t(`sure_${step}`, fields), text: t(`sure_${step}_text`), yes: t(`step_${step}`), isDanger,
    });
    if (!sure) return;
  }
  try {
    const now = await api.post(`/announcements/${one.id}/${step}`, { state: one.state });
    if (step === "off" && !isDrop) offerBack(one, app, changed);
    else app.say(t(isDrop ? "done_drop" : `done_${step}`));
    changed(now);
  } catch (error) {
    refused(error, app, changed);
  }
}

function offerBack(one, app, changed) {
  const { t, api } = app;
  const press = async () => {
    try {
      const back = await api.post(`/announcements/${one.id}/back`, { at: one.at });
      app.say(t("undone"));
      changed(back);
    } catch (error) {
      refused(error, app, changed);
    }
  };
  app.say(t("done_off"), { offer: t("undo"), press });
}

/** Plans an announcement for a typed time; whoever was faster is named, and the own time can still be taken. */
export async function move(one, at, app, changed, { isUndo = false } = {}) {
  const { t, api, format } = app;
  try {
    const now = await api.post(`/announcements/${one.id}/move`, { at, seen: one.at });
    if (isUndo) app.say(t("undone"));
    else {
      const press = () => move(now, typedTime(one.at, app), app, changed, { isUndo: true });
      app.say(t("done_move", { time: format.moment(now.at) }), { offer: t("undo"), press });
    }
    changed(now);
    return true;
  } catch (error) {
    if (error.status === 409) await offerMine(one, at, error, app, changed);
    else refused(error, app, changed);
    return false;
  }
}

async function offerMine(one, at, error, app, changed) {
  const { t, api } = app;
  const now = await api.get(`/announcements/${one.id}`).catch(() => null);
  const canMove = now?.may.includes("move");
  const press = () => move(now, at, app, changed);
  app.say(error.message, canMove ? { offer: t("save_mine"), press, isBad: true } : { isBad: true });
  changed(now);
}

function refused(error, app, changed) {
  app.say(error.message, { isBad: true });
  if (error.status === 404 || error.status === 409) changed(null);
}
