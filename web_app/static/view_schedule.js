// The schedule: a month, as a calendar on the desk and a list on the phone; what needs a person is above it.

import { button, el, orSay } from "./admin_dom.js";
import { facts, move, steps, titleOf, typedTime } from "./view_posts_announcements.js";
import { style } from "./view_posts_style.js";
import { Item } from "./view_schedule_item.js";

const DAY_MS = 86_400_000;
/** Noon of a day as UTC: far enough from every midnight. */
const noon = (day) => Date.parse(`${day}T12:00:00Z`);
const dayAfter = (day, count) => new Date(noon(day) + count * DAY_MS).toISOString().slice(0, 10);
const weekdayOf = (day) => (new Date(noon(day)).getUTCDay() + 6) % 7; // 0 is Monday

export async function open(root, app) {
  await style();
  const page = new SchedulePage(root, app);
  await page.load();
  app.onReturn(() => page.refresh());
  return () => page.end();
}

class SchedulePage {
  constructor(root, app) {
    [this.root, this.app] = [root, app];
    this.today = app.format.isoDate(Date.now());
    this.first = `${(/^\d{4}-\d{2}$/.test(app.rest) ? app.rest : this.today).slice(0, 7)}-01`;
    this.pages = 1;
    this.asked = 0;
    this.isOpen = true;
    this.item = new Item(app, () => this.refresh());
  }

  end() {
    this.isOpen = false;
    this.item.close();
  }

  refresh() {
    return orSay(this.app, () => this.load());
  }

  /** Reads the month and shows it; the answers to an earlier choice of the month are dropped. */
  async load() {
    const mine = this.asked += 1, days = daysOf(this.first);
    const found = [];
    for (let page = 0; page < this.pages; page += 1) {
      found.push(await this.app.api.get(`/schedule?first=${this.first}&days=${days}&page=${page}`));
    }
    if (mine !== this.asked || !this.isOpen) return;
    this.show({ ...found[0], more: found.at(-1).more, planned: found.flatMap((one) => one.planned) });
  }

  async turn(months) {
    const [year, month] = this.first.split("-").map(Number);
    const to = months === 0 ? this.today.slice(0, 7) : new Date(Date.UTC(year, month - 1 + months, 1)).toISOString().slice(0, 7);
    [this.first, this.pages] = [`${to}-01`, 1];
    history.replaceState(null, "", `#schedule/${to}`);
    await this.refresh();
  }

  show(found) {
    const { t, n } = this.app;
    const focus = this.root.contains(document.activeElement) ? document.activeElement.dataset.focus : null;
    this.root.replaceChildren(
      el("h2", {}, t("heading")),
      ...(found.troubled.length ? [this.troubles(found.troubled)] : []),
      this.head(), el("p", { class: "aside" }, `${n("planned", found.planned.length)}. ${t("times_of", { zone: found.zone })}`),
      found.planned.length ? this.calendar(found.planned) : this.empty(),
      ...(found.more ? [button(t("more"), () => this.showMore())] : []),
      this.item.box,
    );
    if (focus) this.root.querySelector(`[data-focus="${focus}"]`)?.focus();
  }

  async showMore() {
    this.pages += 1;
    await this.refresh();
  }

  head() {
    const { t, format } = this.app;
    return el("div", { class: "tools month" },
      button("‹", () => this.turn(-1), { "aria-label": t("previous_month"), "data-focus": "before" }),
      el("h3", { role: "status" }, format.month(noon(this.first))),
      button("›", () => this.turn(1), { "aria-label": t("next_month"), "data-focus": "after" }),
      button(t("this_month"), () => this.turn(0), { class: "plain", "data-focus": "now" }));
  }

  empty() {
    const { t } = this.app;
    return el("div", { class: "card empty" }, el("p", {}, t("empty")), el("a", { class: "button", href: "#posts" }, t("to_posts")));
  }

  troubles(troubled) {
    const { app } = this, heading = el("h3", { id: "needs-you" }, app.t("needs_you"));
    const rows = troubled.map((one) => el("li", {},
      el("p", {}, el("a", { href: `#posts/${one.code}`, dir: "auto" }, titleOf(one, app))), facts(one, app),
      el("div", { class: "tools" }, steps(one, app, () => this.refresh()), one.may.includes("move")
        ? button(app.t("step_move"), () => this.item.open(one)) : null)));
    return el("section", { class: "card pad", "aria-labelledby": heading.id }, heading, el("ul", { class: "plain-list" }, rows));
  }

  calendar(planned) {
    const { format } = this.app, byDay = new Map();
    for (const one of planned) {
      const day = format.isoDate(one.at);
      byDay.set(day, [...(byDay.get(day) ?? []), one]);
    }
    const weeks = [], last = dayAfter(this.first, daysOf(this.first) - 1);
    for (let monday = dayAfter(this.first, -weekdayOf(this.first)); monday <= last; monday = dayAfter(monday, 7)) {
      weeks.push(el("tr", {}, Array.from({ length: 7 }, (_, place) => this.day(dayAfter(monday, place), byDay))));
    }
    const names = Array.from({ length: 7 }, (_, place) => el("th", { scope: "col" }, weekday(place, this.app)));
    return el("div", { class: "card" }, el("table", { class: "calendar", "aria-label": format.month(noon(this.first)) },
      el("thead", {}, el("tr", {}, names)), el("tbody", {}, weeks)));
  }

  day(day, byDay) {
    const { app } = this, items = byDay.get(day) ?? [], isOther = day.slice(0, 7) !== this.first.slice(0, 7);
    if (isOther) return el("td", { class: "other free" });
    const cell = el("td", { class: `${items.length ? "" : "free"}${day === this.today ? " today" : ""}`, "data-day": day },
      el("span", { class: "day-number", "aria-hidden": "true" }, String(Number(day.slice(8)))),
      el("span", { class: "day-name" }, app.format.weekday(noon(day))),
      el("ul", {}, items.map((one) => el("li", {}, this.entry(one)))));
    this.takeDrops(cell, day);
    return cell;
  }

  entry(one) {
    const { app } = this, time = app.format.time(one.at), title = titleOf(one, app);
    const node = button("", () => this.item.open(one), {
      class: "entry", draggable: "true", "data-focus": one.id,
      "aria-label": app.t("in_calendar", { time: app.format.full(one.at), title, channel: one.channel }),
    });
    node.append(el("b", {}, time), " ", el("span", { dir: "auto" }, title));
    node.addEventListener("dragstart", (event) => {
      this.dragged = one;
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", title);
    });
    node.addEventListener("dragend", () => { this.dragged = null; });
    return node;
  }

  /** An announcement that is dropped on a day moves to it, at the same time of day. */
  takeDrops(cell, day) {
    cell.addEventListener("dragover", (event) => {
      if (!this.dragged || day < this.today) return;
      event.preventDefault();
      cell.classList.add("over");
    });
    cell.addEventListener("dragleave", () => cell.classList.remove("over"));
    cell.addEventListener("drop", (event) => {
      event.preventDefault();
      cell.classList.remove("over");
      const one = this.dragged;
      if (!one || this.app.format.isoDate(one.at) === day) return;
      void move(one, `${day} ${typedTime(one.at, this.app).slice(11)}`, this.app, () => this.refresh());
    });
  }
}

/** Mon, in the member's language; 5 January 1970 was a Monday. */
const weekday = (place, { member }) =>
  new Intl.DateTimeFormat(member.language === "en" ? "en-GB" : member.language, { weekday: "short", timeZone: "UTC" })
    .format(new Date((4 + place) * DAY_MS));

const daysOf = (first) => {
  const [year, month] = first.split("-").map(Number);
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
};
