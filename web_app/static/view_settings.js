// The view “Settings”: the groups of the panel, and a form for each setting of the open one.

import { el } from "./admin_dom.js";
import { makeField } from "./view_settings_field.js";

export async function open(root, app) {
  const { settings, has_shorteners: hasShorteners } = await app.api.get("/settings");
  const groups = [...new Set(settings.map((setting) => setting.group))];
  const group = groups.includes(app.rest) ? app.rest : groups[0];
  const links = groups.map((name) => el(
    "li", {}, el("a", { href: `#settings/${name}`, "aria-current": name === group && "page" }, app.t(`group_${name}`)),
  ));
  const facts = { hasShorteners };
  const forms = settings.filter((setting) => setting.group === group).map((setting) => makeField(setting, app, facts));
  const notes = { texts: "text_help", unlocking: "shorteners_in_chat" };
  root.append(
    el("h2", {}, app.t("heading")),
    el("nav", { class: "rooms", "aria-label": app.t("groups") }, el("ul", {}, links)),
    ...(group in notes ? [el("p", { class: "aside" }, app.t(notes[group]))] : []),
    el("div", { class: "card settings" }, forms),
  );
}
