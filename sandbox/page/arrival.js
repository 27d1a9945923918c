// The way back from the web: `/?open=<link>` opens that link once, as the person who was current last in this browser.

import { on, place, world } from "./store.js";

const PERSON = "sandbox.person";

/** Remembers who is current here, so that another tab knows. */
export function rememberPerson() {
  on("place", remember);
  addEventListener("focus", remember);
}

function remember() {
  if (place.as === null) return;
  try {
    localStorage.setItem(PERSON, String(place.as));
  } catch {
    // without storage another tab begins as the owner
  }
}

/** Who was current last, if they live in this world; null otherwise. */
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
