// Durations in short words: 30 min, 1 h 30 min, 3 days. `app` has them among its words (views/page/durations.py).

const UNITS = [["hour", 3600], ["minute", 60], ["second", 1]];
const DAY = 86_400;

/** `seconds` as whole units, exactly; days from two on, and 1 day where days are counted. */
export function duration(seconds, app, { inDays = false } = {}) {
  let left = Math.round(seconds);
  const parts = [];
  if (left >= 2 * DAY || (inDays && left >= DAY)) {
    parts.push(app.n("duration_day", Math.floor(left / DAY)));
    left %= DAY;
  }
  for (const [unit, length] of UNITS) {
    const count = Math.floor(left / length);
    left -= count * length;
    if (count) parts.push(app.t(`duration_${unit}`, { count: app.format.number(count) }));
  }
  return parts.join(" ") || app.t("duration_minute", { count: app.format.number(0) });
}

/** How long something took: 0.42 s, 12 s, 3 min 5 s. */
export function took(seconds, app) {
  if (seconds >= 60) return duration(seconds, app);
  const precision = seconds < 10 ? 100 : 1;
  return app.t("duration_second", { count: app.format.number(Math.round(seconds * precision) / precision) });
}
