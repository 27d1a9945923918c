// Numbers, dates and times in the member's language and the zone of the installation.

let language = "en", zone = "UTC";
let formats = make();

/** Sets the language and the zone; UTC when the browser does not know it. */
export function speak(newLanguage, newZone = zone) {
  [language, zone] = [newLanguage, known(newZone)];
  formats = make();
}

function make() {
  // English dates are written day first
  const locale = language === "en" ? "en-GB" : language;
  const of = (options) => new Intl.DateTimeFormat(locale, { timeZone: zone, ...options });
  return {
    number: new Intl.NumberFormat(locale),
    percent: new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 }),
    time: of({ hour: "2-digit", minute: "2-digit" }),
    date: of({ day: "numeric", month: "short" }),
    longDate: of({ day: "numeric", month: "short", year: "numeric" }),
    weekday: of({ weekday: "short", day: "numeric", month: "short" }),
    month: of({ month: "long", year: "numeric" }),
    full: of({ dateStyle: "full", timeStyle: "short" }),
    iso: new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short" }),
    distance: new Intl.RelativeTimeFormat(locale, { numeric: "auto" }),
  };
}

export const number = (value) => formats.number.format(value);
/** 0.123 as 12.3 %. */
export const percent = (share) => formats.percent.format(share);
/** 14:00 */
export const time = (at) => formats.time.format(new Date(at));
/** 24 Nov, with the year when it is another one. */
export function date(at) {
  const isThisYear = isoDate(at).slice(0, 4) === isoDate(Date.now()).slice(0, 4);
  return (isThisYear ? formats.date : formats.longDate).format(new Date(at));
}
/** Mon, 24 Nov */
export const weekday = (at) => formats.weekday.format(new Date(at));
/** November 2026 */
export const month = (at) => formats.month.format(new Date(at));
/** 14:00 today, else 24 Nov, 02:00. */
export const moment = (at) => (isoDate(at) === isoDate(Date.now()) ? time(at) : `${date(at)}, ${time(at)}`);
/** Monday, 24 November 2026 at 14:00 */
export const full = (at) => formats.full.format(new Date(at));
/** 2026-11-24, the day in the zone of the installation. */
export const isoDate = (at) => formats.iso.format(new Date(at));
/** yesterday, 3 days ago, in 2 hours */
export function distance(at) {
  const seconds = (new Date(at) - Date.now()) / 1000, size = Math.abs(seconds);
  if (size < 3600) return formats.distance.format(Math.round(seconds / 60), "minute");
  if (size < 48 * 3600) return formats.distance.format(Math.round(seconds / 3600), "hour");
  return formats.distance.format(Math.round(seconds / 86_400), "day");
}

function known(name) {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return name;
  } catch {
    return "UTC";
  }
}
