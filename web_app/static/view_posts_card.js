// A post's card: title and text, options, announcements, numbers, links for places, removing.

import { button, el } from "./admin_dom.js";
import { elementsOf } from "./admin_rich_text.js";
import { facts, steps } from "./view_posts_announcements.js";
import { contentFields, optionFields } from "./view_posts_fields.js";
import { funnel, periods } from "./view_posts_numbers.js";

export async function openCard(root, app, code) {
  const path = `/posts/${code}`;
  const card = new Card(root, app, path);
  card.show(await app.api.get(path));
  app.onReturn(() => card.refresh());
  return () => card.end();
}

class Card {
  constructor(root, app, path) {
    [this.root, this.app, this.path] = [root, app, path];
    this.isOpen = true;
    this.period = "all";
  }

  end() {
    this.isOpen = false;
  }

  /** Reads the post again; a failure is shown. */
  async refresh() {
    try {
      this.show(await this.app.api.get(this.path));
    } catch (error) {
      this.app.say(error.message, { isBad: true });
    }
  }

  show(card) {
    if (!this.isOpen) return;
    const { app } = this, { t } = app;
    this.card = card;
    const focus = this.root.contains(document.activeElement) ? document.activeElement.dataset.focus : null;
    this.root.replaceChildren(
      el("p", { class: "up" }, el("a", { href: "#posts" }, `‹ ${t("heading")}`)),
      el("h2", { dir: "auto" }, t("post_titled", { number: card.post.number, title: card.post.title || t("untitled") })),
      this.summary(), this.actions(),
      el("div", { class: "columns" },
        el("div", {}, this.part("content", contentFields(this)), this.part("options", optionFields(this))),
        el("div", {}, this.part("announcements", this.announcements()), this.part("numbers", this.numbers()),
          this.part("places", this.places()), this.part("removal", this.removal()))),
    );
    if (focus) this.root.querySelector(`[data-focus="${focus}"]`)?.focus();
  }

  part(name, children) {
    const heading = el("h3", { id: `part-${name}` }, this.app.t(name));
    return el("section", { class: "card pad", "aria-labelledby": heading.id }, heading, children);
  }

  summary() {
    const { post, is_taken_down: isTakenDown } = this.card, { t, n, format } = this.app;
    const counts = t("opened_delivered", { opened: format.number(post.opened), delivered: format.number(post.delivered) });
    const tone = post.status === "live" ? "good" : "bad";
    return el("p", { class: "aside" },
      el("span", { class: "outcome", "data-tone": tone }, t(`status_${post.status}`)), ` ${n("messages", post.item_count)} · ${counts}`,
      isTakenDown ? ` · ${t("taken_down")}` : null);
  }

  actions() {
    const { card, app } = this, { t } = app;
    const isLive = card.post.status === "live";
    const publish = isLive
      ? el("a", { class: "button strong", href: `#posts/${card.post.code}/publish` }, t("publish")) : null;
    const copy = card.link
      ? button(t("copy_link"), () => copyText(card.link, app), { "data-focus": "copy" })
      : el("span", { class: "aside" }, t("no_link"));
    return el("div", { class: "tools" }, publish, copy);
  }

  announcements() {
    const { card, app } = this;
    if (!card.announcements.length) return el("p", { class: "aside" }, app.t("not_announced"));
    const changed = () => this.refresh();
    return el("ul", { class: "plain-list" }, card.announcements.map((one) =>
      el("li", {}, facts(one, app), el("div", { class: "tools" }, steps(one, app, changed)))));
  }

  numbers() {
    const { app } = this, body = el("div", { "aria-live": "polite" });
    const load = async (period) => {
      this.period = period;
      try {
        const found = await app.api.get(`${this.path}/numbers?period=${period}`);
        if (period === this.period) body.replaceChildren(funnel(found.steps, null, app));
      } catch (error) {
        body.replaceChildren(el("p", { class: "bad" }, error.message));
      }
    };
    void load(this.period);
    return [periods(this.period, app, load), body, el("p", { class: "note" }, app.t("try_is"))];
  }

  places() {
    const { card, app } = this, { t, n } = app;
    const rows = card.places.map((place) => el("li", { class: "line" },
      el("span", {}, el("b", {}, place.name), " ", el("span", { class: "note" }, n("place_opened", place.opened))),
      place.link ? button(t("copy_link"), () => copyText(place.link, app), { "aria-label": `${t("copy_link")}: ${place.name}` }) : null));
    const field = el("input", { maxlength: 24, autocapitalize: "off", autocomplete: "off", "data-focus": "place" });
    const form = el("form", { class: "tools" },
      el("label", { class: "field wide" }, el("span", {}, t("place_name")), field),
      el("button", { type: "submit" }, t("add")));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      try {
        this.show(await app.api.post(`${this.path}/places`, { name: field.value }));
      } catch (error) {
        app.say(error.message, { isBad: true });
      }
    });
    return [el("p", { class: "note" }, t("places_help")), el("ul", { class: "plain-list" }, rows), form];
  }

  removal() {
    const { card, app } = this, { t } = app;
    if (!card.may_remove) return el("p", { class: "aside" }, t("not_yours"));
    const isRemoved = card.post.status === "removed";
    const buttons = isRemoved
      ? [button(t("restore"), () => this.restore({}), { "data-focus": "removal" })]
      : [button(t("remove"), () => this.remove(), { "data-focus": "removal" })];
    if (!card.is_taken_down) buttons.push(button(t("take_down"), () => this.takeDown(), { class: "danger" }));
    return [isRemoved ? null : el("p", { class: "note" }, t("removal_text")), el("div", { class: "tools" }, buttons)];
  }

  async remove() {
    const { app } = this, { t } = app, { number } = this.card.post;
    await this.done(() => app.api.post(`${this.path}/remove`), (removed) => {
      const press = () => this.restore({ removed_at: removed.removed_at });
      app.say(t("removed", { number }), { offer: t("undo"), press });
      return removed.card;
    });
  }

  async restore(body) {
    const { number } = this.card.post;
    await this.done(() => this.app.api.post(`${this.path}/restore`, body), (card) => {
      this.app.say(this.app.t("restored", { number }));
      return card;
    });
  }

  async takeDown() {
    const { app } = this, { t, n } = app, { number } = this.card.post;
    await this.done(async () => {
      const standing = await app.api.get(`${this.path}/removal`);
      const text = [
        n("announcements_go", standing.announcements), n("copies_go", standing.copies),
        standing.too_old ? n("copies_old", standing.too_old) : null,
      ].filter(Boolean).join(" ");
      const sure = await app.confirm({ title: t("sure_take_down", { number }), text, yes: t("take_down"), isDanger: true });
      return sure ? app.api.post(`${this.path}/take-down`) : null;
    }, (taken) => {
      app.say(t("is_taken_down", { number }));
      return taken.card;
    });
  }

  /** Does something and shows the card it returns; null: nothing was done. */
  async done(act, cardOf) {
    try {
      const answer = await act();
      if (answer !== null) this.show(cardOf(answer));
    } catch (error) {
      this.app.say(error.message, { isBad: true });
      if (error.status === 409) await this.refresh();
    }
  }

  /** Changes a field from what is shown; returns whether it was stored. Announcements that show it are asked about. */
  async change(field, value, seen, { isUndo = false } = {}) {
    const { app } = this, { t } = app;
    try {
      const answer = await app.api.patch(this.path, { field, value, seen });
      this.show(answer.card);
      const canUndo = !isUndo && answer.before !== value && !String(answer.before).startsWith("own");
      const press = () => this.change(field, answer.before, this.valueOf(field), { isUndo: true });
      if (isUndo) app.say(t("undone"));
      else app.say(t("saved"), canUndo ? { offer: t("undo"), press } : {});
      if (answer.changeable) await this.changeAnnouncements(answer.changeable);
      return true;
    } catch (error) {
      if (error.status === 409) await this.conflict(error, field, value);
      else app.say(error.message, { isBad: true });
      return false;
    }
  }

  async conflict(error, field, value) {
    await this.refresh();
    const press = () => this.change(field, value, this.valueOf(field));
    this.app.say(error.message, { offer: this.app.t("save_mine"), press, isBad: true });
  }

  async changeAnnouncements(count) {
    const { app } = this, { t, n } = app;
    const sure = await app.confirm({ title: t("change_announcements"), text: n("changeable", count), yes: t("change") });
    if (!sure) return;
    await this.done(() => app.api.post(`${this.path}/announcements/change`), (card) => {
      app.say(t("changing"));
      return card;
    });
  }

  /** The value of a field as the card shows it. */
  valueOf(field) {
    if (field === "title") return this.card.post.title;
    return field === "description" ? this.card.text : this.card[field];
  }

  pieces() {
    return elementsOf(this.card.pieces);
  }
}

async function copyText(text, app) {
  try {
    await navigator.clipboard.writeText(text);
    app.say(app.t("copied"));
  } catch {
    // no right to the clipboard, as in some frames: it is shown to be copied by hand
    app.say(text);
  }
}
