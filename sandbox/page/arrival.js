// Coming from another page: `/?open=<link>` opens that link once, as the person who was last current in this browser.

import { on, place, world } from "./store.js";

const PERSON = "sandbox.person";

/** Stores the current person, for other tabs of this browser. */
export function rememberPerson() {
  on("place", remember);
  addEventListener("focus", remember);
}

function remember() {
  if (place.as === null) return;
  try {
    localStorage.setItem(PERSON, String(place.as));
  } catch {
    // without storage another tab starts as the owner
  }
}

/** The person who was last current, null when there is no such person in this world. */
export function lastPerson() {
  try {
    const id = Number(localStorage.getItem(PERSON));
    return world.users.some((user) => user.id === id) ? id : null;
  } catch {
    return null;
  }
}

/** The link to open, taken out of the address so that reloading does not open it again; null when there is none. */
export function takeLink() {
  const link = new URLSearchParams(location.search).get("open");
  if (location.search) history.replaceState(null, "", location.pathname + location.hash);
  return link;
}
