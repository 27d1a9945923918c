// Subscribers: the list with its filters and the search, or one of them (`#subscribers/501`).

import { button, el, mark, newId, say, select, show } from "./admin_dom.js";
import { openCard } from "./view_subscribers_card.js";
import { changeBar } from "./view_subscribers_changes.js";
import { askGift } from "./view_subscribers_gifts.js";
import { hasPass, nameOf, states } from "./view_subscribers_words.js";

const SHOWN = ["everybody", "new", "active", "with_pass", "source", "banned", "blocked"];
const PAGE = 50;

// what was shown last: coming back from a card shows it again
let place = { show: "everybody", source: "", search: "", page: 0 };

export async function open(root, app) {
  if (/^\d+$/.test(app.rest)) return openCard(root, app, Number(app.rest));
  const list = new SubscriberList(root, app);
  await list.load();
  return () => list.end();
}

class SubscriberList {
  constructor(root, app) {
    this.app = app;
    this.asked = 0;
    this.chosen = new Set();
    this.isAll = false;
    this.rows = [];
    const { t } = app;
    this.totals = el("p", { class: "aside" });
    const can = app.member.rights;
    this.search = el("input", { type: "search", value: place.search, maxlength: 120, "aria-label": t("search_label") });
    this.source = el("input", { value: place.source, maxlength: 24, autocomplete: "off" });
    this.sourceField = el("label", { class: "field" }, el("span", {}, t("source_label")), this.source);
    const form = el("form", { class: "tools", role: "search" },
      el("div", { class: "field wide" }, el("span", { "aria-hidden": "true" }, t("search_label")), this.search),
      select(t("show"), SHOWN.map((one) => [one, t(`show_${one}`)]), place.show, (value) => this.narrow(value)),
      this.sourceField, el("button", { type: "submit" }, t("search")));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.go({ search: this.search.value.trim(), source: this.source.value.trim(), page: 0 });
    });
    const more = el("div", { class: "tools" }, button(t("gift"), () => askGift(app)),
      can.includes("export") ? button(t("export"), () => app.exportAll("subscribers")) : null);
    this.empty = el("p", { class: "empty" });
    this.all = el("input", { type: "checkbox", "aria-label": t("choose_page") });
    this.all.addEventListener("change", () => this.choosePage(this.all.checked));
    this.body = el("tbody", { role: "rowgroup" });
    const heading = el("h2", { id: newId("subscribers") }, t("heading"));
    const head = ["name", "credits", "pass", "seen", "source"].map((key) =>
      el("th", { scope: "col", role: "columnheader", class: key === "credits" ? "number" : null }, t(key)));
    this.table = el("table", { class: "cards people", role: "table", "aria-labelledby": heading.id },
      el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, el("th", { scope: "col", role: "columnheader", class: "tick" }, this.all), head)), this.body);
    this.pages = el("nav", { class: "pager", "aria-label": t("page", { page: "" }).trim() });
    this.bar = changeBar(app, this);
    root.append(el("div", { class: "line" }, heading, this.totals), form, more,
      el("div", { class: "card" }, this.table, this.empty), this.pages, this.bar.node);
    show(this.sourceField, place.show === "source");
    app.onReturn(() => this.load());
  }

  end() {
    this.asked = -1;
    this.bar.end();
  }

  async go(change) {
    place = { ...place, ...change };
    this.chooseNone();
    await this.load().catch((error) => this.app.say(error.message, { isBad: true }));
  }

  narrow(value) {
    show(this.sourceField, value === "source");
    this.search.value = "";
    if (value === "source" && !this.source.value) {
      place = { ...place, show: value, search: "", page: 0 };
      this.source.focus();
      return;
    }
    void this.go({ show: value, search: "", page: 0 });
  }

  /** What the list is narrowed to, as the API names it. */
  part() {
    return place.show === "source" ? { show: place.show, source: place.source } : { show: place.show };
  }

  get isSearch() {
    return place.search !== "";
  }

  async load() {
    const mine = this.asked += 1;
    if (place.show === "source" && !place.source && !this.isSearch) place = { ...place, show: "everybody" };
    const query = new URLSearchParams(this.isSearch ? { search: place.search } : this.part());
    const found = await this.app.api.get(`/subscribers?${query}&page=${place.page}`);
    if (mine !== this.asked) return;
    this.rows = found.rows;
    const { t, format } = this.app;
    say(this.totals, t("totals", { count: format.number(found.subscribers), reached: format.number(found.reached) }));
    this.body.replaceChildren(...found.rows.map((row) => this.row(row)));
    show(this.table, found.rows.length > 0);
    show(this.empty, found.rows.length === 0);
    say(this.empty, this.isSearch ? t("none_found", { text: place.search }) : place.show === "everybody" ? t("empty") : t("none_here"));
    this.turn(found);
    this.showChosen();
  }

  row(one) {
    const { t, format } = this.app;
    const name = nameOf(this.app, one);
    const tick = el("input", { type: "checkbox", "aria-label": t("choose", { name }) });
    tick.checked = this.chosen.has(one.user_id);
    tick.addEventListener("change", () => this.choose(one.user_id, tick.checked));
    const link = el("a", { href: `#subscribers/${one.user_id}`, dir: "auto" }, name);
    const cell = (key, text, more = {}) => el("td", { role: "cell", "data-label": t(key), ...more }, el("span", { dir: "auto" }, text ?? "–"));
    const maybe = (key, text) => cell(key, text, { class: text ? null : "none" });
    return el("tr", { role: "row", "data-id": one.user_id },
      el("td", { role: "cell", class: "tick" }, tick),
      el("th", { role: "rowheader", scope: "row" }, link, " ",
        el("span", { class: "note" }, one.username ? `@${one.username}` : String(one.user_id)),
        states(this.app, one).map((text) => el("span", { class: "outcome", "data-tone": "bad" }, text))),
      cell("credits", format.number(one.credits), { class: "number" }),
      maybe("pass", hasPass(one) ? t("until", { date: format.date(one.pass_until) }) : null),
      cell("seen", format.moment(one.last_seen_at)),
      maybe("source", one.source));
  }

  turn({ page, more, rows }) {
    const { t, format } = this.app;
    const to = (text, number, isThere) => (isThere ? button(text, () => this.turnTo(number)) : el("span"));
    const first = page * PAGE + 1;
    const span = rows.length ? `${format.number(first)}–${format.number(first + rows.length - 1)}` : "";
    this.pages.replaceChildren(to(t("previous"), page - 1, page > 0), el("span", { "aria-current": "page" }, span), to(t("next"), page + 1, more));
    show(this.pages, page > 0 || more);
  }

  async turnTo(page) {
    place = { ...place, page };
    this.isAll = false;
    await this.load().catch((error) => this.app.say(error.message, { isBad: true }));
    scrollTo({ top: 0 });
  }

  // choosing several

  choose(id, isChosen) {
    this.isAll = false;
    if (isChosen) this.chosen.add(id);
    else this.chosen.delete(id);
    this.showChosen();
  }

  choosePage(isChosen) {
    for (const { user_id: id } of this.rows) {
      if (isChosen) this.chosen.add(id);
      else this.chosen.delete(id);
    }
    this.isAll = false;
    this.showChosen();
  }

  chooseNone() {
    this.chosen.clear();
    this.isAll = false;
    this.showChosen();
  }

  showChosen() {
    for (const row of this.body.children) {
      const tick = row.querySelector("input");
      tick.checked = this.isAll || this.chosen.has(Number(row.dataset.id));
      mark(row, "aria-selected", tick.checked ? "true" : null);
    }
    const here = this.rows.filter((row) => this.chosen.has(row.user_id)).length;
    this.all.checked = this.isAll || (here > 0 && here === this.rows.length);
    this.all.indeterminate = !this.all.checked && here > 0;
    this.bar.update();
  }
}
