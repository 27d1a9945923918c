// How numbers and times read on the page. Times are unix seconds of the sandbox clock.

const TIME = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", hour12: false });
const SECONDS = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const DAY = new Intl.DateTimeFormat([], { weekday: "short", day: "numeric", month: "short" });
const FULL = new Intl.DateTimeFormat([], { dateStyle: "medium", timeStyle: "medium" });

export const clockTime = (unix) => TIME.format(new Date(unix * 1000));
export const clockSeconds = (unix) => SECONDS.format(new Date(unix * 1000));
export const shortDay = (unix) => DAY.format(new Date(unix * 1000));
export const fullTime = (unix) => FULL.format(new Date(unix * 1000));

export function dayKey(unix) {
  const date = new Date(unix * 1000);
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}

export function fileSize(bytes) {
  if (!Number.isFinite(bytes)) return "";
  const units = ["B", "KB", "MB", "GB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 || Number.isInteger(value) ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

export function duration(seconds) {
  if (!Number.isFinite(seconds)) return "";
  const rest = String(Math.floor(seconds % 60)).padStart(2, "0");
  return `${Math.floor(seconds / 60)}:${rest}`;
}

/** "+30 min", "+1 d 2 h": how far the sandbox clock is ahead. Empty when it is not. */
export function aheadBy(offset) {
  const minutes = Math.round(Math.abs(offset) / 60);
  if (minutes < 1) return "";
  const days = Math.floor(minutes / 1440);
  const hours = Math.floor((minutes % 1440) / 60);
  const parts = [days && `${days} d`, hours && `${hours} h`, minutes % 60 && `${minutes % 60} min`];
  return `${offset < 0 ? "−" : "+"}${parts.filter(Boolean).join(" ")}`;
}

export function plural(count, word) {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

export function personName(user) {
  return [user.first_name, user.last_name].filter(Boolean).join(" ") || "Deleted account";
}
