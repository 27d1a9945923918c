// Formats times, numbers and counts for people, and writes them into the page as text.

const MINUTE = 60_000, HOUR = 60 * MINUTE;

/** Sets the text of a node if it differs: an unchanged one is neither drawn nor read out again. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function show(node, isShown) {
  if (node.hidden === isShown) node.hidden = !isShown;
}

/** Sets or, with null, removes an attribute. */
export function mark(node, name, value) {
  if (value === null) node.removeAttribute(name);
  else if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

export const number = (value) => new Intl.NumberFormat("en-GB").format(value);

export const titled = (name) => {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
};

/** What a run did, as the admin bot says it: "tokens 12 · users 3". */
export function countsInWords(counts, hasMore) {
  const parts = Object.entries(counts).filter(([, count]) => count !== 0);
  const words = parts.map(([name, count]) => `${name.replaceAll("_", " ")} ${number(count)}`);
  if (!parts.length) words.push(Object.keys(counts).length ? "nothing to do" : "");
  if (hasMore) words.push("more is left for the next run");
  return words.filter(Boolean).join(" · ");
}

export function durationInWords(seconds) {
  if (seconds < 1) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Formats moments in one zone. `now` is the server's time: the browser's clock may be wrong. */
export class Clock {
  constructor(zone, now) {
    this.zone = zone;
    this.now = Date.parse(now);
    this.read = performance.now();
    const part = (options) => new Intl.DateTimeFormat("en-GB", { timeZone: known(zone), ...options });
    this.time = part({ hour: "2-digit", minute: "2-digit" });
    this.exact = part({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
    this.date = part({ day: "numeric", month: "short" });
    this.whole = part({ dateStyle: "full", timeStyle: "long" });
    this.iso = new Intl.DateTimeFormat("sv-SE", { timeZone: known(zone), dateStyle: "short" });
  }

  /** 14:00 today, else 24 Nov, 02:00. */
  moment(text) {
    const at = new Date(text), day = this.iso.format(at);
    return day === this.today() ? this.time.format(at) : `${this.date.format(at)}, ${this.time.format(at)}`;
  }

  full(text) {
    return this.whole.format(new Date(text));
  }

  today() {
    return this.iso.format(this.now);
  }

  seconds() {
    return this.exact.format(this.now);
  }

  /** Milliseconds since 1970 on the server's clock, at this moment. */
  at() {
    return this.now + performance.now() - this.read;
  }

  /** in 12 min, 3 h ago */
  distance(text) {
    const away = Date.parse(text) - this.now, size = Math.abs(away);
    const words = size < HOUR ? `${Math.round(size / MINUTE)} min`
      : size < 48 * HOUR ? `${Math.round(size / HOUR)} h` : `${Math.round(size / (24 * HOUR))} days`;
    if (size < MINUTE) return away >= 0 ? "within a minute" : "just now";
    return away >= 0 ? `in ${words}` : `${words} ago`;
  }
}

/** The zone, or UTC when the browser does not know it. */
function known(zone) {
  try {
    new Intl.DateTimeFormat("en-GB", { timeZone: zone });
    return zone;
  } catch {
    return "UTC";
  }
}
