// Open sessions of the page: one's own, for owners everybody's; each can be ended, or all of a person.

import { button, el, newId } from "./admin_dom.js";

export async function open(root, app) {
  const { t } = app;
  const heading = el("h2", { id: newId("sessions") }, t("heading"));
  const list = el("div", { class: "card" }), others = el("p", { class: "buttons" });
  const load = async () => {
    const { sessions } = await app.api.get("/sessions");
    list.replaceChildren(table(app, sessions, heading.id, again));
    others.replaceChildren(...allOf(app, sessions, again));
  };
  const again = () => load().catch((error) => app.say(error.message, { isBad: true }));
  root.append(el("div", { class: "line" }, heading, button(t("end_mine"), () => endMine(app), { class: "danger" })),
    el("p", {}, t("sessions_text")), list, others);
  app.onReturn(() => void again());
  await load();
}

function table(app, sessions, labelledBy, again) {
  const { t } = app;
  const head = ["whose", "signed_in_with", "since", "until"].map((key) => el("th", { scope: "col", role: "columnheader" }, t(key)));
  return el("table", { class: "cards", role: "table", "aria-labelledby": labelledBy },
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, head, el("td", { role: "cell" }))),
    el("tbody", { role: "rowgroup" }, sessions.map((one) => row(app, one, again))));
}

function row(app, one, again) {
  const { t, format } = app;
  const cell = (key, text) => el("td", { role: "cell", "data-label": t(key) }, el("span", { dir: "auto" }, text));
  const way = one.way === "link" ? t("link") : t("mini_app");
  const since = format.moment(one.signed_in_at);
  const end = button(t("end"), () => endOne(app, one, again), { class: "plain", "aria-label": t("end_of", { name: one.name, date: since }) });
  return el("tr", { role: "row", "data-key": one.key },
    el("th", { role: "rowheader", scope: "row" }, el("span", { dir: "auto", class: "job-name" }, one.name), one.is_this ? ` (${t("this_one")})` : ""),
    cell("signed_in_with", one.device ? `${way}, ${one.device}` : way), cell("since", since), cell("until", format.moment(one.ends_at)),
    el("td", { role: "cell", class: "doing" }, el("span", { class: "buttons" }, one.is_this ? null : end)));
}

/** A button for each other person who has a session. */
function allOf(app, sessions, again) {
  const names = new Map(sessions.map((one) => [one.user_id, one.name]));
  names.delete(app.member.user_id);
  return [...names].map(([id, name]) => button(app.t("end_all_of", { name }), () => endAllOf(app, id, name, again)));
}

async function endOne(app, one, again) {
  try {
    await app.api.delete(`/sessions/${one.key}`);
    app.say(app.t("ended"));
  } catch (error) {
    app.say(error.message, { isBad: true });
  }
  await again();
}

async function endAllOf(app, id, name, again) {
  const { t } = app;
  const isSure = await app.confirm({ title: t("confirm_all_of", { name }), text: t("confirm_all_of_text"), yes: t("yes_end"), isDanger: true });
  if (!isSure) return;
  try {
    await app.api.delete(`/sessions/of/${id}`);
    app.say(t("all_ended", { name }));
  } catch (error) {
    app.say(error.message, { isBad: true });
  }
  await again();
}

async function endMine(app) {
  const { t } = app;
  const isSure = await app.confirm({ title: t("confirm_mine"), text: t("confirm_mine_text"), yes: t("yes_end"), isDanger: true });
  if (!isSure) return;
  try {
    await app.api.delete(`/sessions/of/${app.member.user_id}`);
    // the next request is refused, and the frame says that the session is over
    await app.api.get("/session");
  } catch (error) {
    if (error.status !== 401) app.say(error.message, { isBad: true });
  }
}
