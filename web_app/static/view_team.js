// The team: members and their roles, invitations, and what the team did.

import { button, el, newId, say } from "./admin_dom.js";
import { activityPart } from "./view_team_activity.js";

const ROLES = ["owner", "manager", "editor"];

export async function open(root, app) {
  const { t } = app;
  const heading = el("h2", { id: newId("team") }, t("heading"));
  const members = el("div", { class: "card" }), invitations = el("div");
  const load = async () => {
    const team = await app.api.get("/team");
    members.replaceChildren(memberTable(app, team.members, heading.id, again));
    invitations.replaceChildren(...invitationList(app, team.invitations, again));
  };
  const again = () => load().catch((error) => app.say(error.message, { isBad: true }));
  const activity = activityPart(app);
  root.append(el("div", { class: "line" }, heading, button(t("invite"), () => invite(app, again), { class: "strong" })),
    members, invitations, activity.node);
  app.onReturn(() => { void again(); void activity.load(); });
  await Promise.all([load(), activity.load()]);
}

function memberTable(app, members, labelledBy, again) {
  const { t } = app;
  const head = ["name", "role", "joined"].map((key) => el("th", { scope: "col", role: "columnheader" }, t(key)));
  const rows = members.map((member) => memberRow(app, member, again));
  return el("table", { class: "cards", role: "table", "aria-labelledby": labelledBy },
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, head, el("td", { role: "cell" }))), el("tbody", { role: "rowgroup" }, rows));
}

function memberRow(app, member, again) {
  const { t, format } = app;
  const isMe = member.user_id === app.member.user_id;
  const since = member.added_at ? format.date(member.added_at) : "–";
  const joined = member.is_configured ? t("configured") : member.added_by ? t("joined_by", { date: since, name: member.added_by }) : since;
  const cell = (key, text) => el("td", { role: "cell", "data-label": t(key) }, el("span", { dir: "auto" }, text));
  const actions = member.is_configured ? [] : [
    button(t("change_role"), () => changeRole(app, member, again), { "aria-label": t("change_role_of", { name: member.name }) }),
    button(t("remove"), () => remove(app, member, again), { class: "plain", "aria-label": t("remove_of", { name: member.name }) }),
  ];
  return el("tr", { role: "row", "data-id": member.user_id },
    el("th", { role: "rowheader", scope: "row" }, el("span", { dir: "auto", class: "job-name" }, member.name), isMe ? ` (${t("you")})` : ""),
    cell("role", t(member.role)), cell("joined", joined),
    el("td", { role: "cell", class: "doing" }, el("span", { class: "buttons" }, actions)));
}

async function changeRole(app, member, again) {
  const { t } = app;
  const given = await app.form({
    title: t("change_role_of", { name: member.name }), yes: t("save"), text: ROLES.map((role) => t(`does_${role}`)).join(" "),
    fields: [{ name: "role", label: t("new_role"), value: member.role, options: ROLES.map((role) => [role, t(role)]) }],
  });
  if (!given || given.role === member.role) return;
  const isOwner = given.role === "owner";
  if (isOwner && !(await app.confirm({
    title: t("confirm_owner", { name: member.name }), text: t("confirm_owner_text"), yes: t("yes_owner"), isDanger: true,
  }))) return;
  await act(app, () => app.api.put(`/team/members/${member.user_id}/role`, { role: given.role, seen: member.role }),
    t("role_changed", { name: member.name }), again);
}

async function remove(app, member, again) {
  const { t } = app;
  const isSure = await app.confirm({
    title: t("confirm_remove", { name: member.name }), text: t("confirm_remove_text"), yes: t("remove"), isDanger: true,
  });
  if (!isSure) return;
  await act(app, () => app.api.delete(`/team/members/${member.user_id}?seen=${member.role}`), t("removed", { name: member.name }), again);
}

async function act(app, ask, sentence, again) {
  try {
    await ask();
    app.say(sentence);
  } catch (error) {
    app.say(error.message, { isBad: true });
  }
  await again();
}

async function invite(app, again) {
  const { t } = app;
  const given = await app.form({
    title: t("invite"), text: `${t("invite_text")} ${t("does_manager")} ${t("does_editor")}`, yes: t("invite_yes"),
    fields: [{ name: "role", label: t("new_role"), value: "editor", options: ["manager", "editor"].map((role) => [role, t(role)]) }],
  });
  if (!given) return;
  try {
    showInvitation(app, await app.api.post("/team/invitations", given));
  } catch (error) {
    app.say(error.message, { isBad: true });
  }
  await again();
}

function showInvitation(app, made) {
  const { t, format } = app;
  const text = t("invited", { role: t(made.role), date: format.moment(made.expires_at) });
  app.showLink({ title: t("invite"), text, link: made.link });
}

function invitationList(app, invitations, again) {
  const { t, format } = app;
  if (!invitations.length) return [];
  const line = (one) => t("invitation_line", {
    role: t(one.role), who: one.name || t("for_anyone"), name: one.invited_by, date: format.moment(one.expires_at),
  });
  const cancel = (one) => act(app, () => app.api.delete(`/team/invitations/${one.key}`), t("invitation_cancelled"), again);
  const heading = el("h3", { id: newId("invitations") });
  say(heading, t("invitations"));
  return [el("section", { "aria-labelledby": heading.id }, heading, el("ul", { class: "card plain-list" },
    invitations.map((one) => el("li", {}, el("span", { dir: "auto" }, line(one)), button(t("cancel_invitation"), () => cancel(one))))))];
}
