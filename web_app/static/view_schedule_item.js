// One announcement of the schedule in a box: what it is, another time, and what else can be done.

import { button, el, say } from "./admin_dom.js";
import { facts, move, steps, titleOf, typedTime } from "./view_posts_announcements.js";

export class Item {
  constructor(app, changed) {
    this.changed = changed;
    this.problem = el("p", { class: "bad", role: "alert" });
    // what goes wrong while the box is open is said in it: it covers everything else
    const tell = (text, more = {}) => (this.box.open && !more.offer ? say(this.problem, text) : app.say(text, more));
    this.app = { ...app, say: tell };
    this.heading = el("h3", { id: "item-heading" });
    this.content = el("div", { class: "question" });
    this.box = el("dialog", { class: "item", "aria-labelledby": "item-heading" }, this.content);
    this.box.addEventListener("click", (event) => {
      if (event.target === this.box) this.close();
    });
  }

  open(one) {
    const { app } = this, { t } = app;
    this.heading.textContent = titleOf(one, app);
    this.heading.dir = "auto";
    const after = () => {
      this.close();
      void this.changed();
    };
    say(this.problem, "");
    this.content.replaceChildren(
      this.heading, this.problem, facts(one, app), one.may.includes("move") ? this.form(one, after) : "",
      el("div", { class: "tools" }, steps(one, app, after)),
      el("div", { class: "answers" }, el("a", { class: "button plain", href: `#posts/${one.code}` }, t("open_post")),
        button(t("close"), () => this.close())));
    this.box.showModal();
  }

  form(one, after) {
    const { app } = this, { t } = app;
    const field = el("input", { type: "datetime-local", value: typedTime(one.at, app).replace(" ", "T"), required: true });
    const form = el("form", { class: "tools" },
      el("label", { class: "field wide" }, el("span", {}, t("move_to", { zone: app.member.zone })), field),
      el("button", { type: "submit", class: "strong" }, t("move")));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      await move(one, field.value.replace("T", " "), app, after);
    });
    return form;
  }

  close() {
    if (this.box.open) this.box.close();
  }
}
