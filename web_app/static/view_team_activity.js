// What the team did: a page at a time, by person, kind and day, and as a file.

import { button, el, newId, say, select, show } from "./admin_dom.js";

const PAGE = 50;

export function activityPart(app) {
  const { t, format } = app;
  const wanted = { who: "", area: "", day: "" };
  let page = 0, asked = 0, isFilled = false;
  const heading = el("h3", { id: newId("activity") }, t("activity"));
  const tools = el("div", { class: "tools" });
  const body = el("tbody", { role: "rowgroup" });
  const empty = el("p", { class: "empty" });
  const head = ["when", "who", "what"].map((key) => el("th", { scope: "col", role: "columnheader" }, t(key)));
  const table = el("table", { class: "cards log", role: "table", "aria-labelledby": heading.id },
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, head)), body);
  const pages = el("nav", { class: "pager", "aria-labelledby": heading.id });
  const node = el("section", { "aria-labelledby": heading.id }, el("div", { class: "line" }, heading), tools,
    el("div", { class: "card under" }, table, empty), pages);

  const query = () => new URLSearchParams(Object.entries(wanted).filter(([, value]) => value));

  async function load() {
    const mine = asked += 1;
    const found = await app.api.get(`/team/activity?${query()}&page=${page}`);
    if (mine !== asked) return;
    if (!isFilled) fill(found);
    body.replaceChildren(...found.rows.map(row));
    show(table, found.rows.length > 0);
    show(empty, found.rows.length === 0);
    say(empty, [...query()].length ? t("none_match") : t("no_activity"));
    turn(found);
  }

  const again = () => load().catch((error) => app.say(error.message, { isBad: true }));

  function narrow(name, value) {
    wanted[name] = value;
    page = 0;
    void again();
  }

  /** Fills the filters once: a choice that is being made is not replaced. */
  function fill({ people, areas }) {
    isFilled = true;
    const all = ["", t("all")];
    const day = el("input", { type: "date", max: format.isoDate(Date.now()) });
    day.addEventListener("change", () => narrow("day", day.value));
    tools.replaceChildren(
      select(t("who"), [all, ...Object.entries(people)], "", (value) => narrow("who", value)),
      select(t("kind"), [all, ...Object.entries(areas)], "", (value) => narrow("area", value)),
      el("label", { class: "field" }, el("span", {}, t("day")), day),
      button(t("csv"), () => app.saveFile(`/team/activity.csv?${query()}`, "activity.csv", "activity")),
    );
  }

  function row(one) {
    const cell = (key, ...children) => el("td", { role: "cell", "data-label": t(key) }, ...children);
    return el("tr", { role: "row" },
      cell("when", el("time", { datetime: one.at, title: format.full(one.at) }, format.moment(one.at))),
      cell("who", el("span", { dir: "auto" }, one.name)), cell("what", el("span", { dir: "auto" }, one.text)));
  }

  function turn({ more, rows }) {
    const to = (text, number, isThere) => (isThere ? button(text, () => { page = number; return again(); }) : el("span"));
    const first = page * PAGE + 1;
    const span = rows.length ? `${format.number(first)}–${format.number(first + rows.length - 1)}` : "";
    pages.replaceChildren(to(t("previous"), page - 1, page > 0), el("span", {}, span), to(t("next"), page + 1, more));
    show(pages, page > 0 || more);
  }

  return { node, load };
}
