// Changing subscribers: what is asked, how it is sent in batches, and Undo. One or many, it is the same.

import { button, el, say, show } from "./admin_dom.js";
import { newKey } from "./view_subscribers_words.js";

const BATCH = 100;
const CREDITS_MAX = 100_000, DAYS_MAX = 3650;
const SECOND = 1000;

/** Asks what to change; null for nothing, else the change and its words for a question. */
export async function askChange(app, kind) {
  const { t, n, format } = app;
  if (kind === "give") {
    const given = await app.form({
      title: t("give"), yes: t("give"),
      fields: [{ name: "credits", label: t("amount"), value: "10", inputmode: "text" }],
      check: ({ credits }) => (readCredits(credits) === null ? { credits: t("number_expected") } : {}),
    });
    if (!given) return null;
    const credits = readCredits(given.credits);
    return { change: { credits }, what: n("credits_option", Math.abs(credits)) };
  }
  if (kind === "prolong") {
    const given = await app.form({
      title: t("prolong"), yes: t("prolong"),
      fields: [{ name: "days", label: t("days"), value: "7", inputmode: "numeric" }],
      check: ({ days }) => (/^[0-9]{1,4}$/.test(days) && +days >= 1 && +days <= DAYS_MAX ? {} : { days: t("days_expected") }),
    });
    return given && { change: { days: Number(given.days) }, what: n("days_option", Number(given.days)) };
  }
  const lengths = [1, 7, 30].map((days) => [String(days), n("days_option", days)]);
  const given = await app.form({
    title: t("ban"), text: t("ban_text"), yes: t("ban"), isDanger: true,
    fields: [
      { name: "days", label: t("for_how_long"), value: "7", options: [...lengths, ["0", t("for_ever")]] },
      { name: "reason", label: t("why"), maxlength: 200 },
    ],
  });
  return given && { change: { ban_days: Number(given.days), reason: given.reason || null }, what: format.number(given.days) };
}

/** `25`, `+25`, `-5`, a minus as phones type it too; null for anything else. */
function readCredits(text) {
  const found = /^([-+−–]?) ?([0-9]{1,6})$/.exec(text);
  const amount = found ? Number(found[2]) : 0;
  if (amount < 1 || amount > CREDITS_MAX) return null;
  return ["", "+"].includes(found[1]) ? amount : -amount;
}

/**
 * Changes subscribers: `ids`, or all of `part`. `progress(count)` is called after each batch and stops by returning
 * false. Returns { key, changed, skipped, error }; with an error what was done until then. The same `key` goes on.
 */
export async function changeAll(app, { key, change, ids = null, part = null, progress = () => true }) {
  const result = { key, changed: [], skipped: 0, error: null };
  let after = 0, at = 0, more = true;
  try {
    while (more) {
      const named = ids ? { ids: ids.slice(at, at + BATCH) } : { part: { ...part, after } };
      const answer = await patiently(() => app.api.post("/subscribers/changes", { key, change, ...named }));
      result.changed.push(...answer.changed);
      result.skipped += answer.skipped;
      at += BATCH;
      after = answer.after;
      more = ids ? at < ids.length : answer.more;
      if (!progress(result.changed.length + result.skipped)) break;
    }
  } catch (error) {
    result.error = error;
  }
  return result;
}

/** The answer, waiting while the server says that there were too many requests. */
async function patiently(ask) {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (error.status !== 429) throw error;
      await new Promise((resolve) => { setTimeout(resolve, Math.max(1, error.retryAfter) * SECOND); });
    }
  }
}

/** Says what a change did and offers to undo it; `seen` is called when something is different. */
export function tell(app, { key, changed, skipped, error }, seen) {
  const { t, n } = app;
  if (error) app.say(`${error.message} ${n("broke_off", changed.length)}`, { isBad: true });
  else if (!changed.length) app.say(t("nothing_changed"));
  else {
    const left = skipped ? ` ${n("skipped", skipped)}` : "";
    app.say(`${n("done", changed.length)}${left}`, { offer: t("undo"), press: () => undo(app, key, changed, seen) });
  }
  if (changed.length) seen();
}

async function undo(app, key, changed, seen) {
  let undone = 0, kept = 0;
  try {
    for (let at = 0; at < changed.length; at += BATCH) {
      const answer = await patiently(() => app.api.post("/subscribers/undo", { key, changed: changed.slice(at, at + BATCH) }));
      undone += answer.undone;
      kept += answer.kept;
    }
    const { number } = app.format;
    app.say(kept ? app.t("undone_some", { count: number(undone), kept: number(kept) }) : app.t("undone"));
  } catch (error) {
    app.say(error.message, { isBad: true });
  }
  seen();
}

/** The bar below the list: how many are chosen, what to do with them, and how far it is. */
export function changeBar(app, list) {
  const { t, n, format } = app;
  const count = el("b", { role: "status" });
  const everyone = button("", () => chooseAll());
  const actions = el("span", { class: "tools" });
  const stop = button(t("stop"), () => { isStopped = true; });
  const node = el("div", { class: "card bar", hidden: true }, count, actions);
  let total = 0, isStopped = false, pending = null;

  const ids = () => [...list.chosen];
  const howMany = () => (list.isAll ? total : list.chosen.size);

  async function chooseAll() {
    try {
      ({ count: total } = await app.api.get(`/subscribers/count?${new URLSearchParams(list.part())}`));
    } catch (error) {
      app.say(error.message, { isBad: true });
      return;
    }
    list.isAll = true;
    list.showChosen();
  }

  async function press(kind) {
    const asked = await askChange(app, kind);
    if (!asked) return;
    const people = howMany();
    if (people > 1 && !(await confirmed(kind, asked, people))) return;
    const named = list.isAll ? { part: list.part() } : { ids: ids() };
    // the same change of the same people goes on where it broke off
    const what = JSON.stringify([asked.change, named]);
    const key = pending?.what === what ? pending.key : newKey();
    isStopped = false;
    actions.replaceChildren(stop);
    const result = await changeAll(app, {
      key, change: asked.change, ...named,
      progress: (done) => {
        say(count, t("working", { count: format.number(done), all: format.number(people) }));
        return !isStopped;
      },
    });
    pending = result.error ? { what, key } : null;
    if (!result.error) list.chooseNone();
    tell(app, result, () => void list.load().catch(() => {}));
    update();
  }

  const confirmed = (kind, { change, what }, people) => {
    const asks = kind === "give" && change.credits < 0 ? "take" : kind;
    return app.confirm({
      title: n(`ask_${asks}`, people, { what }), yes: asks === "ban" ? t("ban") : t(`yes_${asks}`), isDanger: asks === "ban",
    });
  };

  function update() {
    const people = howMany();
    show(node, people > 0);
    say(count, list.isAll ? n("all_chosen", people) : n("chosen", people));
    const canAll = !list.isAll && !list.isSearch && list.rows.every((row) => list.chosen.has(row.user_id)) && list.rows.length > 0;
    say(everyone, t("all_in_list"));
    actions.replaceChildren(...[["give", "credits"], ["prolong", "pass"], ["ban", "ban"]].map(([kind, key]) => button(t(key), () => press(kind))),
      ...(canAll ? [everyone] : []), button(t("choose_none"), () => list.chooseNone(), { class: "plain" }));
  }

  return { node, update, end: () => { isStopped = true; } };
}
