// The view “System”: backups, exports, maintenance, jobs. What changes by itself is fetched every half minute.

import { el, say } from "./admin_dom.js";
import { backupsOf, exportsOf, maintenanceOf } from "./view_system_more.js";
import { jobsTable } from "./view_system_jobs.js";

const EVERY_MS = 30_000, SOON_MS = 2_000;

export async function open(root, app) {
  const updated = el("p", { class: "aside" });
  let timer = 0, isOver = false, isAsking = false, isAskedAgain = false;
  const may = (right) => app.member.rights.includes(right);
  const jobs = jobsTable(app, () => plan(0));
  const backups = may("backup now") ? backupsOf(app, () => plan(0)) : null;
  const maintenance = may("maintenance") ? await maintenanceOf(app) : null;
  const parts = [backups, may("export") ? exportsOf(app) : null, maintenance, jobs].filter(Boolean);

  async function refresh() {
    if (isAsking) {
      isAskedAgain = true;
      return;
    }
    isAsking = true;
    isAskedAgain = false;
    clearTimeout(timer);
    try {
      const [status, written] = await Promise.all([
        app.api.get("/scheduler/status"), backups ? app.api.get("/system/backups") : null,
      ]);
      if (isOver) return;
      jobs.show(status);
      backups?.show(written);
      say(updated, app.t("updated", { time: app.format.time(status.now) }));
    } finally {
      isAsking = false;
      plan();
    }
  }

  /** Plans the next refresh; none while the page is hidden: it is refreshed when shown again. */
  function plan(wait = jobs.isWaiting() ? SOON_MS : EVERY_MS) {
    clearTimeout(timer);
    if (!isOver && !document.hidden) timer = setTimeout(() => refresh().catch(() => {}), isAskedAgain ? 0 : wait);
  }

  function seen() {
    if (document.hidden) clearTimeout(timer);
    else plan(0);
  }

  root.append(el("div", { class: "line" }, el("h2", {}, app.t("heading")), updated), ...parts.map((part) => part.node));
  await refresh();
  app.onReturn(() => plan(0));
  document.addEventListener("visibilitychange", seen);
  return () => {
    isOver = true;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", seen);
  };
}
