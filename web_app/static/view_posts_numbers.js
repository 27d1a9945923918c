// How far tries came: a bar for each step. Used by a post's card and by the statistics.

import { el } from "./admin_dom.js";

const PERIODS = ["today", "7", "30", "all"];
const STEPS = ["tries", "joined", "unlocked", "delivered"];

/** The funnel of a period; `before` are the steps of the period before it, or null. */
export function funnel(steps, before, app) {
  const { t, format } = app;
  if (!steps.tries) return el("p", { class: "aside" }, t("no_tries"));
  const rows = STEPS.map((name) => {
    const share = steps[name] / steps.tries;
    const bar = el("span", { class: "fill" });
    bar.style.width = `${100 * share}%`;
    const was = before ? el("span", { class: "note" }, t("before", { count: format.number(before[name]) })) : null;
    return el("li", {},
      el("span", { class: "step-name" }, t(name)),
      el("span", { class: "step-count" }, el("b", {}, format.number(steps[name])), ` ${format.percent(share)}`, " ", was),
      el("span", { class: "track", "aria-hidden": "true" }, bar));
  });
  return el("ol", { class: "funnel" }, rows);
}

/** The choice of a period. */
export function periods(chosen, app, change) {
  const { t } = app;
  const buttons = PERIODS.map((one) => {
    const node = el("button", { type: "button", "aria-pressed": String(one === chosen) }, t(`period_${one}`));
    node.addEventListener("click", () => {
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === node));
      change(one);
    });
    return node;
  });
  return el("div", { class: "tools", role: "group", "aria-label": t("period") }, buttons);
}
