// The statistics of a period: figures, where tries stop, day by day, posts, sources, shorteners. Editors see posts.

import { button, el, orSay } from "./admin_dom.js";
import { download, isInside } from "./admin_telegram.js";
import { funnel, periods } from "./view_posts_numbers.js";
import { style } from "./view_posts_style.js";
import { chart } from "./view_statistics_chart.js";

let period = "7"; // kept while another view is open

export async function open(root, app) {
  await style();
  const page = new StatisticsPage(root, app);
  await page.load();
  app.onReturn(() => page.refresh());
  return () => page.end();
}

class StatisticsPage {
  constructor(root, app) {
    [this.root, this.app] = [root, app];
    this.body = el("div", { class: "view" });
    this.asked = 0;
    this.hasAll = app.member.rights.includes("statistics");
    root.append(el("h2", {}, app.t("heading")),
      el("div", { class: "line" }, periods(period, app, (one) => this.choose(one)), this.hasAll ? this.csv() : null), this.body);
  }

  end() {
    this.asked = -1;
  }

  async choose(one) {
    period = one;
    await this.refresh();
  }

  refresh() {
    return orSay(this.app, () => this.load());
  }

  async load() {
    const mine = this.asked += 1, { api } = this.app;
    const [numbers, posts] = await Promise.all([
      this.hasAll ? api.get(`/numbers?period=${period}`) : null, api.get(`/numbers/posts?period=${period}`),
    ]);
    if (mine !== this.asked) return;
    const all = numbers ? [this.tiles(numbers), this.stops(numbers), this.days(numbers)] : [];
    const lists = numbers ? [this.sources(numbers), this.shorteners(numbers)] : [];
    this.body.replaceChildren(...all, this.posts(posts), ...lists);
  }

  csv() {
    const { t, api, say } = this.app;
    return button(t("csv"), async () => {
      try {
        if (isInside) await this.orderDays();
        else {
          const href = await api.picture(`/numbers.csv?period=${period}`);
          el("a", { href, download: `statistics-${period}.csv` }).click();
        }
        say(t("download_begins"));
      } catch (error) {
        say(error.message, { isBad: true });
      }
    });
  }

  /** Telegram's views save no file of the page: it fetches all days by an address that holds for two minutes. */
  async orderDays() {
    const { path, name } = await this.app.api.post("/system/export", { what: "days", format: "csv" });
    download(new URL(document.body.dataset.api + path, location.href).href, name);
  }

  part(name, ...children) {
    const heading = el("h3", { id: `part-${name}` }, this.app.t(name));
    return el("section", { class: "card pad", "aria-labelledby": heading.id }, heading, children);
  }

  tiles(numbers) {
    const { t, format } = this.app, { number, percent } = format;
    const ended = numbers.unlocks + numbers.too_fast;
    const tiles = [
      ["subscribers", number(numbers.subscribers), t("subscribers_note", { new: number(numbers.new), blocked: number(numbers.blocked) })],
      ["active", number(numbers.active), this.change(numbers)],
      ["delivered", number(numbers.steps.delivered), numbers.steps_before ? t("before", { count: number(numbers.steps_before.delivered) }) : ""],
      ["unlocks", number(numbers.unlocks), t("too_fast", { count: number(numbers.too_fast), share: percent(ended ? numbers.too_fast / ended : 0) })],
      ["sent", number(numbers.announcements), t("sent_note", { broadcasts: number(numbers.broadcasts), copies: number(numbers.broadcast_copies) })],
    ];
    return el("dl", { class: "tiles" }, tiles.map(([name, value, note]) => el("div", { class: "card tile", "data-tile": name },
      el("dt", {}, t(name)), el("dd", {}, el("b", {}, value), el("span", { class: "note" }, note)))));
  }

  change({ period: shown, active_change: change }) {
    const { t, format } = this.app;
    if (shown === "all") return t("active_all");
    if (change === null) return t("not_comparable");
    if (Math.abs(change) < 0.0005) return t("as_before");
    return t(change > 0 ? "more_than_before" : "less_than_before", { share: format.percent(Math.abs(change)) });
  }

  stops(numbers) {
    const { t, format } = this.app;
    const since = numbers.counted_since && el("p", { class: "note" },
      t("counted_since", { date: format.date(`${numbers.counted_since}T12:00:00Z`) }));
    return this.part("funnel", funnel(numbers.steps, numbers.steps_before, this.app), el("p", { class: "note" }, t("try_is")), since);
  }

  days(numbers) {
    const { t } = this.app;
    if (!numbers.days.length) return this.part("day_by_day", el("p", { class: "aside" }, t("no_days")));
    return this.part("day_by_day", chart(numbers.days, this.app), period === "all" ? el("p", { class: "note" }, t("last_year")) : null);
  }

  posts({ posts, more }) {
    const { app } = this, { t } = app;
    if (!posts.length) return this.part("posts", el("p", { class: "aside" }, t("no_posts")));
    let page = 0;
    const most = posts[0].deliveries, list = el("ol", { class: "funnel" });
    const add = (rows) => list.append(...rows.map((one) => {
      const bar = el("span", { class: "fill" });
      bar.style.width = `${(100 * one.deliveries) / most}%`;
      return el("li", {}, el("a", { class: "step-name", href: `#posts/${one.code}`, dir: "auto" }, one.title || t("no_title")),
        el("span", { class: "step-count" }, el("b", {}, app.format.number(one.deliveries))),
        el("span", { class: "track", "aria-hidden": "true" }, bar));
    }));
    add(posts);
    const next = button(t("next"), async () => {
      try {
        const found = await app.api.get(`/numbers/posts?period=${period}&page=${page += 1}`);
        add(found.posts);
        next.hidden = !found.more;
      } catch (error) {
        app.say(error.message, { isBad: true });
      }
    });
    next.hidden = !more;
    return this.part("posts", list, next);
  }

  sources({ sources }) {
    const { t, format } = this.app;
    if (!sources.length) return this.part("sources", el("p", { class: "aside" }, t("no_sources")));
    return this.part("sources", this.table("sources", ["column_source", "new", "tries", "delivered"], sources.map((one) => [
      one.name || t("others"), ...[one.new, one.tries, one.delivered].map(format.number),
    ])));
  }

  shorteners({ shorteners }) {
    const { t, format } = this.app;
    if (!shorteners.length) return this.part("shorteners", el("p", { class: "aside" }, t("no_shorteners")));
    const columns = ["column_shortener", "links", "finished", "fast", "failed", "median"];
    return this.part("shorteners", this.table("shorteners", columns, shorteners.map((one) => [
      one.name, ...[one.links, one.finished, one.too_fast, one.failed].map(format.number),
      one.median_s === null ? "–" : t("seconds", { count: format.number(one.median_s) }),
    ])));
  }

  table(name, columns, rows) {
    const { t } = this.app, names = columns.map((one) => t(one));
    return el("table", { class: "cards", role: "table", "aria-label": t(name) },
      el("thead", { role: "rowgroup" }, el("tr", { role: "row" },
        names.map((one, place) => el("th", { scope: "col", role: "columnheader", class: place ? "number" : "" }, one)))),
      el("tbody", { role: "rowgroup" }, rows.map(([first, ...rest]) => el("tr", { role: "row" },
        el("th", { scope: "row", role: "rowheader", dir: "auto" }, first),
        rest.map((one, place) => el("td", { role: "cell", class: "number", "data-label": names[place + 1] }, el("span", {}, one)))))));
  }
}
