// In front of the page: signing in by what stands in the address, and saying why somebody is not in.

import * as api from "./admin_api.js";
import { say, show } from "./admin_words.js";

const AGAIN = "Send /admin to the admin bot and open the link it answers with. A link works once, within five minutes.";
const SAYINGS = {
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

const door = document.getElementById("door");
let renewAt = Infinity;

/** Show the door, with what it says; `why` is a key of SAYINGS. */
export function close(why) {
  const [heading, text] = SAYINGS[why];
  say(document.getElementById("door-heading"), heading);
  say(document.getElementById("door-text"), text);
  show(document.getElementById("door-again"), why === "away" || why === "busy");
  show(door, true);
}

export const open = () => show(door, false);

/** What the address proves, which is taken out of it: it works once and is nobody else's to read. */
export function takeProof() {
  const hash = location.hash.slice(1);
  const initData = new URLSearchParams(hash).get("tgWebAppData");
  const proof = initData ? { init_data: initData } : /^[0-9A-Za-z]{32}$/.test(hash) ? { code: hash } : null;
  if (proof) history.replaceState(null, "", location.pathname + location.search);
  return proof;
}

/** The first status, with the session there is or a new one; throws Away or Refused. */
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
  keep(session); // the browser took no cookie
  return api.status();
}

function keep(session) {
  api.useToken(session.token);
  renewAt = performance.now() + Date.parse(session.expires_at) - Date.now() - RENEW;
}

/** A token in memory is replaced before it ends; the cookie is by the server. */
export async function renew() {
  if (api.hasToken() && performance.now() >= renewAt) keep(await api.signIn({}));
}

export function forget() {
  api.useToken(null);
  renewAt = Infinity;
}
