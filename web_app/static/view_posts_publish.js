// Publishing a post: to which channels, when, and how it will look, while it is being chosen.

import { button, el, say, show } from "./admin_dom.js";
import { facts, steps } from "./view_posts_announcements.js";
import { span } from "./view_posts_fields.js";
import { textEditor } from "./view_posts_text.js";

const LEAVES = [0, 60, 360, 1440, 2820];
// milliseconds between two looks at what became of it, and how many
const LOOK_MS = 2_000, LOOKS = 20;

export async function openPublish(root, app, code) {
  const [card, draft] = await Promise.all([app.api.get(`/posts/${code}`), app.api.get(`/posts/${code}/draft`)]);
  const page = new PublishPage(root, app, card, draft);
  page.show();
  return () => page.end();
}

class PublishPage {
  constructor(root, app, card, draft) {
    [this.root, this.app, this.card, this.draft] = [root, app, card, draft];
    this.chosen = {
      targets: new Set(draft.targets.filter((one) => one.is_ticked).map((one) => one.chat_id)),
      when: "at_once", typed: "", cover: draft.cover, leaves: draft.leaves_after_minutes, silent: false, pin: false,
    };
    this.characters = null;
    this.timer = 0;
  }

  end() {
    clearTimeout(this.timer);
    this.timer = null;
  }

  show() {
    const { app, card, draft } = this, { t } = app, { post } = card;
    this.editor = textEditor(draft.text, app, {
      pieces: draft.pieces, preview: "/posts/draft/preview",
      changed: (characters) => {
        this.characters = characters;
        this.update();
      },
    });
    this.label = el("input", { maxlength: 40, dir: "auto", value: draft.label });
    this.label.addEventListener("input", () => this.update());
    this.count = el("p", { class: "note", role: "status" });
    this.send = button("", () => this.publish(), { class: "strong" });
    this.look = this.preview();
    const form = draft.targets.length
      ? [this.targets(), this.times(), ...this.content(), ...this.more()]
      : [el("p", { class: "empty" }, t("no_channels"))];
    this.root.replaceChildren(
      el("p", { class: "up" }, el("a", { href: `#posts/${post.code}` }, `‹ ${t("post", { number: post.number })}`)),
      el("h2", {}, t("publish_post", { number: post.number })),
      el("div", { class: "columns publish" }, el("div", { class: "card pad form" }, form),
        el("section", { class: "look", "aria-label": t("preview") }, el("h3", {}, t("preview")), this.look),
        draft.targets.length ? el("div", { class: "tools send" }, this.send) : null));
    this.update();
    void this.editor.refresh();
  }

  targets() {
    const { t, format } = this.app, { targets } = this.chosen;
    const boxes = this.draft.targets.map((one) => {
      const box = el("input", { type: "checkbox", checked: targets.has(one.chat_id) });
      box.addEventListener("change", () => {
        if (box.checked) targets.add(one.chat_id);
        else targets.delete(one.chat_id);
        this.update();
      });
      const there = one.standing
        && t(one.standing.state === "planned" ? "planned_there" : "there_since", { time: format.moment(one.standing.at) });
      const name = [el("span", { dir: "auto" }, one.name), there ? el("span", { class: "note" }, ` ${there}`) : null];
      return el("label", { class: "pick" }, box, el("span", {}, name));
    });
    return el("fieldset", {}, el("legend", {}, t("to")), boxes);
  }

  times() {
    const { app, draft, chosen } = this, { t } = app;
    const field = el("input", { type: "datetime-local" });
    const own = el("label", { class: "field", hidden: true }, el("span", {}, t("time_label", { zone: app.member.zone })), field);
    field.addEventListener("input", () => {
      chosen.typed = field.value.replace("T", " ");
      this.update();
    });
    const offered = [["at_once", t("at_once")], ["slot", draft.slot], ["tonight", draft.today], ["tomorrow", draft.tomorrow],
      ["another_time", t("another_time")]].filter(([, time]) => time);
    const name = "when";
    const boxes = offered.map(([one, time]) => {
      const box = el("input", { type: "radio", name, value: one, checked: one === chosen.when });
      box.addEventListener("change", () => {
        chosen.when = one;
        show(own, one === "another_time");
        this.update();
      });
      const words = ["at_once", "another_time"].includes(one) ? time : t(one, { time: one === "slot" ? time : time.slice(11) });
      return el("label", { class: "pick" }, box, el("span", {}, words));
    });
    return el("fieldset", {}, el("legend", {}, t("when")), boxes, own);
  }

  content() {
    const { app, draft, editor, chosen } = this, { t } = app;
    const usual = button(t("usual_text"), () => {
      editor.area.value = draft.text;
      return editor.refresh();
    }, { class: "plain" });
    const option = (one) => el("option", { value: one, selected: one === chosen.cover }, t(`cover_${one}`));
    const covers = el("select", {}, draft.covers.map(option));
    covers.addEventListener("change", () => {
      chosen.cover = covers.value;
      this.update();
    });
    return [
      el("label", { class: "field" }, el("span", {}, t("text")), editor.area),
      el("div", { class: "line" }, editor.tags, usual), editor.problem, this.count,
      el("label", { class: "field" }, el("span", {}, t("cover")), covers),
      el("label", { class: "field" }, el("span", {}, t("label")), this.label),
    ];
  }

  more() {
    const { app, chosen } = this, { t } = app;
    const times = LEAVES.includes(chosen.leaves) ? LEAVES : [...LEAVES, chosen.leaves];
    const leaves = el("select", {}, times.map((one) => el("option", { value: one, selected: one === chosen.leaves }, span(one, app))));
    leaves.addEventListener("change", () => { chosen.leaves = Number(leaves.value); });
    const tick = (label, isOn, change) => {
      const box = el("input", { type: "checkbox", checked: isOn });
      box.addEventListener("change", () => change(box.checked));
      return el("label", { class: "pick" }, box, el("span", {}, label));
    };
    return [
      el("label", { class: "field" }, el("span", {}, t("leaves")), leaves),
      tick(t("sound"), true, (isOn) => { chosen.silent = !isOn; }),
      tick(t("pin"), false, (isOn) => { chosen.pin = isOn; }),
    ];
  }

  preview() {
    this.picture = el("div", { class: "picture", role: "img", "aria-label": this.app.t("picture_here") }, this.app.t("picture_here"));
    this.button = el("span", { class: "link-button", dir: "auto" });
    return el("div", { class: "message" }, this.picture, this.editor.bubble, this.button);
  }

  /** Shows what is chosen: the preview, how long the text is, and what the button will do. */
  update() {
    const { app, draft, chosen } = this, { t, n, format } = app;
    show(this.picture, chosen.cover !== "none");
    say(this.button, this.label.value.trim() || draft.label);
    const limit = chosen.cover === "none" ? draft.text_max : draft.caption_max, over = (this.characters ?? 0) - limit;
    this.count.classList.toggle("bad", over > 0);
    if (this.characters === null) say(this.count, "");
    else if (over > 0) say(this.count, t("too_long", { count: format.number(over) }));
    else say(this.count, t("characters", { count: format.number(this.characters), limit: format.number(limit) }));
    const at = this.at(), count = chosen.targets.size;
    if (!count) say(this.send, t("choose_channel"));
    else if (at === "") say(this.send, t("choose_time"));
    else say(this.send, at === null ? n("publish_now", count) : n("schedule_it", count, { time: at }));
  }

  /** The chosen time as it is typed; null: now, "": none yet. */
  at() {
    const { draft, chosen } = this;
    return { at_once: null, slot: draft.slot, tonight: draft.today, tomorrow: draft.tomorrow, another_time: chosen.typed }[chosen.when];
  }

  async publish(again = false) {
    const { app, chosen, card } = this, at = this.at();
    if (!chosen.targets.size || at === "") return;
    const body = {
      key: this.draft.key, chat_ids: [...chosen.targets], text: this.editor.area.value, label: this.label.value,
      cover: chosen.cover, at, is_slot: chosen.when === "slot", leaves_after_minutes: chosen.leaves,
      silent: chosen.silent, pin: chosen.pin, again,
    };
    try {
      const answer = await app.api.post(`/posts/${card.post.code}/publish`, body);
      if (answer.made.length) this.showOutcome(answer.made, at === null);
      else await this.askAgain(answer.standing);
    } catch (error) {
      app.say(error.message, { isBad: true });
    }
  }

  async askAgain(standing) {
    const { t, confirm } = this.app;
    const channels = standing.map((one) => one.channel).join(", ");
    const sure = await confirm({ title: t("is_there"), text: t("is_there_text", { channels }), yes: t("publish_again") });
    if (sure) await this.publish(true);
  }

  /** What became of each announcement, until nothing more happens to it by itself. */
  showOutcome(made, isNow) {
    const { app, card } = this, { t } = app;
    const list = el("ul", { class: "plain-list", "aria-live": "polite" });
    const heading = el("h2", { tabindex: "-1" }, t("outcome"));
    const draw = (rows) => list.replaceChildren(...rows.map((one) => {
      const changed = (now) => {
        Object.assign(one, now ?? {});
        draw(rows);
      };
      return el("li", { class: "card pad" }, facts(one, app), el("div", { class: "tools" }, steps(one, app, changed)));
    }));
    draw(made);
    this.root.replaceChildren(
      el("p", { class: "up" }, el("a", { href: `#posts/${card.post.code}` }, `‹ ${t("post", { number: card.post.number })}`)),
      heading, list, el("p", {}, el("a", { href: "#schedule" }, t("to_schedule"))));
    heading.focus();
    app.say(t(isNow ? "published" : "scheduled"));
    if (isNow) this.follow(made, draw, LOOKS);
  }

  follow(rows, draw, looks) {
    const isSettled = rows.every((one) => !["planned", "sending"].includes(one.state));
    if (isSettled || !looks || this.timer === null) return;
    this.timer = setTimeout(async () => {
      const now = await Promise.all(rows.map((one) => this.app.api.get(`/announcements/${one.id}`).catch(() => one)));
      if (this.timer === null) return;
      draw(now);
      this.follow(now, draw, looks - 1);
    }, LOOK_MS);
  }
}
