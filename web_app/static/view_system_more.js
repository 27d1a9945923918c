// Backups, exports and maintenance.

import { button, el, mark, say, select, show } from "./admin_dom.js";
import { took } from "./admin_durations.js";
import { download } from "./admin_telegram.js";

const FILES = ["posts", "subscribers", "days", "activity"], FORMATS = ["csv", "json"];
const API = new URL(document.body.dataset.api, location.href).href;

/** The last backups, and a button that asks for one. */
export function backupsOf(app, refreshSoon) {
  const { t } = app;
  const state = el("p", { class: "aside", role: "status" }), body = el("tbody", { role: "rowgroup" });
  const heads = ["begun", "how", "size", "took"].map((name) => el("th", { role: "columnheader", scope: "col" }, t(`backup_${name}`)));
  const card = el("div", { class: "card", hidden: true }, el("table", { class: "cards desk", role: "table", "aria-label": t("backups") },
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, heads)), body));
  const ask = button(t("backup_now"), async () => {
    try {
      await app.api.post("/scheduler/trigger", { task: "backup" });
      say(state, t("backup_waiting"));
      refreshSoon();
    } catch (error) {
      app.say(error.message, { isBad: true });
    }
  });
  let drawn = "";
  return {
    node: el("section", {}, el("div", { class: "line" }, el("h3", {}, t("backups")), ask),
      el("p", { class: "aside" }, t("backup_where")), state, card),
    show(found) {
      const now = JSON.stringify(found);
      if (now === drawn) return;
      drawn = now;
      const doing = found.is_running ? t("backup_running") : found.is_waiting ? t("backup_waiting") : "";
      say(state, doing || (found.runs.length ? "" : t("no_backups")));
      show(state, state.textContent !== "");
      show(card, found.runs.length > 0);
      body.replaceChildren(...found.runs.map((run) => backupRow(run, app)));
    },
  };
}

function backupRow(run, app) {
  const { t, format, member } = app;
  const isGood = run.outcome === "succeeded" && !run.more;
  const outcome = run.outcome ? t(`outcome_${run.outcome}`) : t("outcome_running");
  const size = run.counts.bytes === undefined ? "–" : bytes(run.counts.bytes, member.language);
  const tone = isGood ? "good" : run.outcome ? "bad" : "busy";
  const cell = (name, ...children) => el("td", { role: "cell", "data-label": t(`backup_${name}`) }, children);
  return el("tr", { role: "row" },
    el("th", { role: "rowheader", scope: "row" }, el("time", { datetime: run.started_at }, format.moment(run.started_at))),
    cell("how", el("span", { class: "outcome", "data-tone": tone }, outcome), ...(run.error ? [el("span", { class: "wrong bad" }, run.error)] : [])),
    cell("size", el("span", {}, size)),
    cell("took", el("span", {}, run.duration_s === null ? "–" : took(run.duration_s, app))));
}

function bytes(count, language) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const at = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(count, 1)) / 3));
  const format = new Intl.NumberFormat(language, { style: "unit", unit: units[at], unitDisplay: "short", maximumFractionDigits: 1 });
  return format.format(count / 1000 ** at);
}

/** A file for each collection: through Telegram where it shows the page, else by the browser. */
export function exportsOf(app) {
  const { t } = app;

  async function order(what, form) {
    try {
      const { path, name } = await app.api.post("/system/export", { what, format: form });
      const url = API + path;
      if (!download(url, name)) el("a", { href: url, download: name }).click();
      app.say(t("export_ordered", { name }));
    } catch (error) {
      app.say(error.message, { isBad: true });
    }
  }

  // what the team did is for those who may read it in Team, too
  const files = FILES.filter((what) => what !== "activity" || app.member.rights.includes("team"));
  const rows = files.map((what) => {
    const name = t(`export_${what}`);
    const buttons = FORMATS.map((form) => {
      const word = form.toUpperCase();
      return button(word, () => order(what, form), { "aria-label": t("export_of", { what: name, form: word }) });
    });
    return el("li", {}, el("span", {}, name), el("span", { class: "buttons" }, buttons));
  });
  return { node: el("section", {}, el("h3", {}, t("exports")), el("p", { class: "aside" }, t("exports_text")),
    el("ul", { class: "card rows" }, rows)) };
}

/** Maintenance: whether it is on, and a form that begins, moves or ends it. */
export async function maintenanceOf(app) {
  const { t, format } = app;
  let now = await app.api.get("/system/maintenance");
  const state = el("p", {}), form = el("div", { class: "tools" });
  let until = "";

  async function store(end) {
    try {
      now = await app.api.put("/system/maintenance", { until: end, seen: now.until });
      app.say(now.until ? t("maintenance_begun", { when: format.moment(now.until) }) : t("maintenance_ended"));
    } catch (error) {
      app.say(error.message, { isBad: true });
      now = await app.api.get("/system/maintenance");
    }
    draw();
    form.querySelector("button")?.focus();
  }

  async function begin() {
    const question = { title: t("maintenance_title", { when: format.moment(until) }), text: t("maintenance_text"), yes: t("maintenance_yes") };
    if (await app.confirm(question)) await store(until);
  }

  function draw() {
    say(state, now.until ? t("maintenance_on", { when: format.moment(now.until) }) : t("maintenance_off"));
    mark(state, "class", now.until ? "bad" : null);
    [until] = now.offered;
    const ends = now.offered.map((end) => [end, format.moment(end)]);
    form.replaceChildren(
      select(t("maintenance_until"), ends, until, (end) => { until = end; }),
      button(t(now.until ? "maintenance_move" : "maintenance_begin"), begin, {}),
      ...(now.until ? [button(t("maintenance_end"), () => store(null), { class: "strong" })] : []),
    );
  }

  draw();
  return { node: el("section", { "data-part": "maintenance" }, el("h3", {}, t("maintenance")),
    el("p", { class: "aside" }, t("maintenance_text")), el("div", { class: "card pad" }, state, form)) };
}
