// The view “Broadcasts”: the list, and the card of one at #broadcasts/<id>.

import { toChat } from "./admin_chat.js";
import { el } from "./admin_dom.js";
import { openCard } from "./view_broadcasts_card.js";
import { badge, titleOf } from "./view_broadcasts_words.js";

export async function open(root, app) {
  const [, id] = /^([0-9a-f]{24})$/.exec(app.rest) ?? [];
  if (id) return openCard(root, app, id);
  const page = Math.max(0, Number(/^page-(\d{1,3})$/.exec(app.rest)?.[1] ?? 1) - 1);
  const found = await app.api.get(`/broadcasts?page=${page}`);
  root.append(
    el("h2", {}, app.t("heading")), el("p", { class: "aside" }, app.t("compose")), ...toChat(app),
    found.broadcasts.length ? table(found.broadcasts, app) : el("div", { class: "card empty" }, el("p", {}, app.t("empty"))),
    ...pager(found, app),
  );
  return null;
}

function table(rows, app) {
  const heads = ["title", "state", "result", "when"].map((name) => el(
    "th", { role: "columnheader", scope: "col", class: name === "result" && "number" }, app.t(`column_${name}`),
  ));
  return el("div", { class: "card" }, el("table", { class: "cards desk", role: "table", "aria-label": app.t("heading") },
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, heads)),
    el("tbody", { role: "rowgroup" }, rows.map((one) => row(one, app)))));
}

function row(one, app) {
  const cell = (name, ...children) =>
    el("td", { role: "cell", "data-label": app.t(`column_${name}`), class: name === "result" && "number" }, children);
  const title = titleOf(one, app);
  return el("tr", { role: "row", "data-broadcast": one.id },
    el("th", { role: "rowheader", scope: "row" }, el("a", {
      href: `#broadcasts/${one.id}`, dir: "auto", class: "title", "aria-label": app.t("open", { title }),
    }, title)),
    cell("state", badge(one, app)),
    cell("result", el("span", {}, reached(one, app))),
    cell("when", el("time", { datetime: one.send_at, title: app.format.full(one.send_at) }, app.format.moment(one.send_at))));
}

/** How many got it; of how many while it is on its way. */
function reached(one, app) {
  if (!one.has_recipients) return "–";
  if (!one.is_filled && one.status !== "failed") return one.total ? app.n("so_far", one.total) : "–";
  const { number } = app.format;
  if (!one.remaining) return number(one.arrived);
  return app.t("progress", { done: number(one.total - one.remaining), total: number(one.total) });
}

function pager({ page, more }, app) {
  if (!page && !more) return [];
  const to = (at, text, isThere) => (isThere
    ? el("a", { class: "button", href: at ? `#broadcasts/page-${at + 1}` : "#broadcasts" }, text) : el("span", {}));
  return [el("nav", { class: "pager", "aria-label": app.t("heading") },
    to(page - 1, app.t("previous"), page > 0), el("span", {}, app.t("page", { number: app.format.number(page + 1) })),
    to(page + 1, app.t("next"), more))];
}
