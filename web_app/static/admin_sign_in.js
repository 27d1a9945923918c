// Signing in with the link's code or the Mini App's data in the address, and the screen shown until that has worked.

import * as api from "./admin_api.js";
import { say, show } from "./admin_dom.js";
import { initData } from "./admin_telegram.js";

// needed when not even the texts come
const NO_WORDS = { away: "The server does not answer", away_text: "It may be starting.", try_again: "Try again" };

const node = (name) => document.getElementById(name);
let t = (key) => NO_WORDS[key] ?? "";

export function speak(words) {
  t = words.t;
}

/** Shows the sign-in screen; `why` chooses its texts. */
export function showScreen(why) {
  say(node("sign-in-heading"), t(why));
  say(node("sign-in-text"), t(`${why}_text`));
  say(node("sign-in-again"), t("try_again"));
  show(node("sign-in-again"), why === "away" || why === "busy");
  show(node("sign-in"), true);
}

export const hideScreen = () => show(node("sign-in"), false);

let isInitDataTaken = false;

/** The proof of who opened the page, removed from the address so that it stays in no history; null when there is none. */
export function takeProof() {
  const hash = location.hash.slice(1);
  const isOfTelegram = hash.includes("tgWebApp");
  const isCode = /^[0-9A-Za-z]{32}$/.test(hash);
  if (isOfTelegram || isCode) history.replaceState(null, "", location.pathname + location.search);
  if (isCode) return { code: hash };
  const given = new URLSearchParams(hash).get("tgWebAppData") ?? (isInitDataTaken ? null : initData);
  isInitDataTaken = true;
  return given ? { init_data: given } : null;
}

/** The member with the existing session; null when there is none and `proof` may start one. Throws Away or Refused. */
async function standing(proof) {
  try {
    return await api.get("/session");
  } catch (error) {
    if (error.status !== 401 || !proof) throw error;
    return null;
  }
}

/**
 * Who is signed in, with the existing session or else with a new one from `proof`; throws Away or Refused.
 *
 * A link that is opened is used up, also where a session stands, and signs in whom it was made for.
 */
export async function enter(proof) {
  const member = await standing(proof);
  if (member && !proof?.code) return member;
  let session;
  try {
    session = await api.signIn(proof);
  } catch (error) {
    if (member && error.status === 401) return member;
    throw error;
  }
  api.forget();
  try {
    return await api.get("/session");
  } catch (error) {
    if (error.status !== 401) throw error;
  }
  api.keep(session); // the browser did not keep the cookie
  return api.get("/session");
}
