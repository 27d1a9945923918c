// The posts: a list with search and filter; a post's card and its publishing have addresses of their own.

import { button, el, select } from "./admin_dom.js";
import { openCard } from "./view_posts_card.js";
import { openPublish } from "./view_posts_publish.js";
import { style } from "./view_posts_style.js";

const SHOWN = ["live", "scheduled", "not_announced", "removed", "imported", "all"];

// what the list shows, kept while a card is open
const list = { show: "live", search: "", page: 0 };

export async function open(root, app) {
  await style();
  const [code, room] = app.rest.split("/");
  if (code && room === "publish") return openPublish(root, app, code);
  if (code) return openCard(root, app, code);
  return openList(root, app);
}

async function openList(root, app) {
  const { t } = app;
  const body = el("div", {});
  let asked = 0;

  /** Shows the page of the list that is chosen; the answers to earlier choices are dropped. */
  async function refresh() {
    const mine = asked += 1;
    const query = new URLSearchParams({ show: list.show, search: list.search, page: list.page });
    const found = await app.api.get(`/posts?${query}`);
    if (mine === asked) body.replaceChildren(...content(found));
  }

  const change = async (what) => {
    Object.assign(list, { page: 0 }, what);
    try {
      await refresh();
    } catch (error) {
      app.say(error.message, { isBad: true });
    }
  };

  function content({ posts, more }) {
    if (!posts.length && !list.page) return [nothing()];
    return [table(posts, app), ...(list.page || more ? [pager(more)] : [])];
  }

  function nothing() {
    const isAll = !list.search && list.show === "live";
    const text = isAll ? t("empty") : list.search ? t("nothing_found", { search: list.search }) : t("nothing_shown");
    return el("div", { class: "card empty" }, el("p", {}, text));
  }

  function pager(more) {
    const to = async (page) => {
      await change({ page });
      root.querySelector("h2").focus();
    };
    return el("nav", { class: "pager", "aria-label": t("heading") },
      list.page ? button(t("previous"), () => to(list.page - 1)) : el("span", {}),
      el("span", {}, t("page", { number: app.format.number(list.page + 1) })),
      more ? button(t("next"), () => to(list.page + 1)) : el("span", {}));
  }

  const field = el("input", { type: "search", maxlength: 200, value: list.search, dir: "auto" });
  const form = el("form", { class: "tools", role: "search" },
    el("label", { class: "field wide" }, el("span", {}, t("search_label")), field),
    el("button", { type: "submit" }, t("search")),
    select(t("show"), SHOWN.map((one) => [one, t(`show_${one}`)]), list.show, (show) => change({ show })));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void change({ search: field.value.trim() });
  });
  await refresh();
  root.append(el("h2", {}, t("heading")), el("p", { class: "aside" }, t("new_in_chat")), form, body);
  app.onReturn(() => void refresh().catch(() => {}));
}

function table(posts, app) {
  const { t } = app;
  const columns = ["number", "title", "opened", "delivered", "announced", "made"];
  const head = columns.map((name) => el("th", { scope: "col", role: "columnheader" }, t(`column_${name}`)));
  return el("div", { class: "card" },
    el("table", { class: "cards posts-table", role: "table", "aria-label": t("heading") },
      el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, head)),
      el("tbody", { role: "rowgroup" }, posts.map((post) => row(post, app)))));
}

function row(post, app) {
  const { t, n, format } = app;
  const cell = (name, text, more = {}) =>
    el("td", { role: "cell", "data-label": t(`column_${name}`), ...more }, el("span", {}, text));
  const announced = [
    post.published ? n("in_channels", post.published) : null, post.planned ? n("waiting", post.planned) : null,
  ].filter(Boolean).join(", ");
  return el("tr", { role: "row" },
    cell("number", format.number(post.number)),
    el("th", { scope: "row", role: "rowheader" },
      el("a", { class: "row-link", href: `#posts/${post.code}`, dir: "auto" }, post.title || t("untitled"))),
    cell("opened", format.number(post.opened)),
    cell("delivered", format.number(post.delivered)),
    cell("announced", announced || "–"),
    cell("made", format.date(post.created_at)));
}
