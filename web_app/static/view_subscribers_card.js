// One subscriber: what is stored, what can be changed, and what happened last.

import { button, el } from "./admin_dom.js";
import { askChange, changeAll, tell } from "./view_subscribers_changes.js";
import { hasPass, nameOf, newKey, states } from "./view_subscribers_words.js";

export async function openCard(root, app, id) {
  const load = async () => {
    const card = await app.api.get(`/subscribers/${id}`);
    const hadFocus = root.contains(document.activeElement) && document.activeElement.dataset.act;
    root.replaceChildren(...parts(app, id, card, load));
    root.querySelector(`[data-act="${hadFocus}"]`)?.focus();
  };
  app.onReturn(() => load().catch(() => {}));
  await load();
}

function parts(app, id, card, load) {
  const { t } = app;
  const one = card.subscriber;
  return [
    el("p", {}, el("a", { href: "#subscribers" }, `‹ ${t("back")}`)),
    el("div", { class: "line" }, el("h2", { dir: "auto", tabindex: -1 }, nameOf(app, one)),
      el("p", {}, states(app, one).map((text) => el("span", { class: "outcome", "data-tone": "bad" }, text)))),
    el("div", { class: "card pad" }, facts(app, card)),
    actions(app, id, card, load),
    el("section", { "aria-labelledby": "history-heading" }, el("h3", { id: "history-heading" }, t("history")),
      el("p", { class: "aside" }, t("history_note")), history(app, card.history)),
  ];
}

function facts(app, card) {
  const { t, n, format } = app;
  const one = card.subscriber;
  const since = format.date(one.joined_at);
  const pass = one.pass_until ? t(hasPass(one) ? "until" : "ended", { date: format.moment(one.pass_until) }) : t("no_pass");
  const rows = [
    [t("id"), one.username ? `${one.user_id} · @${one.username}` : String(one.user_id)],
    [t("since"), one.source ? t("since_from", { date: since, source: one.source }) : since],
    [t("seen"), format.moment(one.last_seen_at)],
    [t("credits"), format.number(one.credits)],
    [t("pass"), pass],
    [t("received"), n("received_in", card.received, { days: format.number(card.kept_days) })],
    [t("unlocked"), n("times", card.unlocks)],
    [t("channels"), card.channels ? t("channels_of", { joined: card.joined_channels, all: card.channels }) : t("no_channels")],
    [t("news"), card.gets_news ? t("on") : t("off")],
  ];
  if (one.is_banned) {
    const until = one.banned_until ? t("banned_until", { date: format.moment(one.banned_until) }) : t("banned_ever");
    rows.push([t("state"), until]);
    if (card.ban_reason) rows.push([t("reason"), card.ban_reason]);
  }
  return el("dl", { class: "facts" }, rows.flatMap(([name, value]) => [el("dt", {}, name), el("dd", { dir: "auto" }, value)]));
}

function actions(app, id, card, load) {
  const { t } = app;
  const one = card.subscriber;
  const again = () => load().catch((error) => app.say(error.message, { isBad: true }));
  const change = async (kind) => {
    const asked = await askChange(app, kind);
    if (!asked) return;
    const result = await changeAll(app, { key: newKey(), change: asked.change, ids: [id] });
    // a refusal says itself why
    if (result.error?.status === 422) app.say(result.error.message, { isBad: true });
    else tell(app, result, again);
    if (!result.changed.length) await again();
  };
  const simply = async (path, body, sentence) => {
    try {
      await app.api.post(`/subscribers/${id}/${path}`, body);
      app.say(t(sentence));
    } catch (error) {
      app.say(error.message, { isBad: true });
    }
    await again();
  };
  const act = (kind, attributes = {}) => button(t(kind), () => change(kind), { "data-act": kind, ...attributes });
  return el("div", {}, el("div", { class: "tools" }, act("give"), act("prolong"),
    hasPass(one) ? button(t("end_pass"), () => simply("end-pass", { seen: one.pass_until }, "pass_ended"), { "data-act": "end" }) : null,
    one.is_banned ? button(t("unban"), () => simply("unban", {}, "unbanned"), { "data-act": "ban" }) : card.may_ban ? act("ban") : null),
    el("p", { class: "aside under" }, card.may_ban ? t("in_chat") : t("of_the_team")));
}

function history(app, events) {
  const { t, n, format } = app;
  if (!events.length) return el("p", { class: "card empty" }, t("no_history"));
  const words = ({ kind, post, amount }) => {
    const key = kind === "credits" && amount < 0 ? "happened_credits_taken" : `happened_${kind}`;
    return t(key, { post: post || t("a_post"), credits: n("credits_option", Math.abs(amount)) });
  };
  return el("ol", { class: "card pad events" }, events.map((event) =>
    el("li", {}, el("time", { datetime: event.at, class: "note" }, format.moment(event.at)), " ", el("span", { dir: "auto" }, words(event)))));
}
