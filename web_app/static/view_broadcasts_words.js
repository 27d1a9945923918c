// What list and card say alike of a broadcast.

import { el } from "./admin_dom.js";

// statuses in which something goes on, and their tones
const TONES = {
  queued: "busy", sending: "busy", recalling: "busy", sent: "good", recalled: "quiet", cancelled: "quiet",
  paused: "quiet", failed: "bad",
};

export const titleOf = (one, app) => one.title.trim() || app.t("untitled");

export const badge = (one, app) =>
  el("span", { class: "outcome", "data-tone": TONES[one.status] ?? "quiet" }, app.t(`status_${one.status}`));
