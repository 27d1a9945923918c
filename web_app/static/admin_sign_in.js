// Signing in with the link's code or the Mini App's data in the address, and the screen shown until that has worked.

import * as api from "./admin_api.js";
import { say, show } from "./admin_words.js";

const AGAIN = "Send /admin to the admin bot and open the link it answers with. A link works once, within five minutes.";
const TEXTS = {
  coming: ["One moment", "Signing in."],
  closed: ["Open me from the admin bot: /admin", AGAIN],
  ended: ["Your session has ended", AGAIN],
  left: ["You are signed out", `To come back: ${AGAIN.charAt(0).toLowerCase()}${AGAIN.slice(1)}`],
  refused: ["This link does not work any more", AGAIN],
  stranger: ["This is for owners and managers", "An owner can add you in the admin bot: /admins."],
  away: ["The server does not answer", "It may be starting. Nothing is lost."],
  busy: ["Too many requests", "Please wait a minute."],
};
// milliseconds before its end at which a token in memory is replaced
const RENEW = 300_000;

const screen = document.getElementById("sign-in");
let renewAt = Infinity;

/** Shows the sign-in screen; `why`, a key of TEXTS, chooses its text. */
export function showScreen(why) {
  const [heading, text] = TEXTS[why];
  say(document.getElementById("sign-in-heading"), heading);
  say(document.getElementById("sign-in-text"), text);
  show(document.getElementById("sign-in-again"), why === "away" || why === "busy");
  show(screen, true);
}

export const hideScreen = () => show(screen, false);

/** The proof of who opened the page, removed from the address so that it stays in no history; null when there is none. */
export function takeProof() {
  const hash = location.hash.slice(1);
  const initData = new URLSearchParams(hash).get("tgWebAppData");
  const proof = initData ? { init_data: initData } : /^[0-9A-Za-z]{32}$/.test(hash) ? { code: hash } : null;
  if (proof) history.replaceState(null, "", location.pathname + location.search);
  return proof;
}

/** The first status, with the existing session or else with a new one from `proof`; throws Away or Refused. */
export async function enter(proof) {
  try {
    return await api.status();
  } catch (error) {
    if (error.status !== 401 || !proof) throw error;
  }
  api.useToken(null);
  const session = await api.signIn(proof);
  try {
    return await api.status();
  } catch (error) {
    if (error.status !== 401) throw error;
  }
  keep(session); // the browser did not keep the cookie
  return api.status();
}

function keep(session) {
  api.useToken(session.token);
  renewAt = performance.now() + Date.parse(session.expires_at) - Date.now() - RENEW;
}

/** Replaces a token in memory before it expires; a cookie is replaced by the server. */
export async function renew() {
  if (api.hasToken() && performance.now() >= renewAt) keep(await api.signIn({}));
}

export function forget() {
  api.useToken(null);
  renewAt = Infinity;
}
