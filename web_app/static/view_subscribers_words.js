// How a subscriber is called and what state they are in.

/** The name, without characters that only steer its direction. */
export function nameOf(app, { name }) {
  return name.replaceAll(/[\p{Cc}\p{Cf}]/gu, "").trim() || app.t("somebody");
}

/** What keeps posts or messages from them. */
export function states(app, one) {
  return [one.is_banned ? app.t("is_banned") : null, one.has_blocked ? app.t("has_blocked") : null].filter(Boolean);
}

export const hasPass = ({ pass_until: until }) => until !== null && Date.parse(until) > Date.now();

/** A key of one change: sent again with it, the change is not done again. */
export const newKey = () => crypto.randomUUID?.() ?? code(32);

const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** Random letters and digits. */
export function code(length) {
  // 248 is the highest multiple of 62 in a byte: above it some letters would be drawn more often
  const drawn = [];
  while (drawn.length < length) drawn.push(...crypto.getRandomValues(new Uint8Array(64)).filter((one) => one < 248));
  return drawn.slice(0, length).map((one) => LETTERS[one % 62]).join("");
}
