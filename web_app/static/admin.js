// The frame of the admin page: signs in, shows the parts a role may open, and says when server or session are gone.

import * as api from "./admin_api.js";
import * as dialogs from "./admin_dialogs.js";
import { button, el, say, show } from "./admin_dom.js";
import * as format from "./admin_format.js";
import * as signIn from "./admin_sign_in.js";
import * as telegram from "./admin_telegram.js";
import * as views from "./admin_views.js";
import { nearest, wordsOf } from "./admin_words.js";

const AGAIN_MS = 30_000;

const node = (name) => document.getElementById(name);
const banner = node("banner");

let visit = 0; // answers to requests of an earlier sign-in are dropped
let member = null; // who is signed in
let proof = null;
let words = null; // of the frame
let returning = null; // what the open view does when the server answers again
let timer = 0;
let place = ""; // where the member was when the session ended

async function speak(language, zone) {
  words = await wordsOf(language);
  document.documentElement.lang = language;
  format.speak(language, zone);
  api.speak(language, words);
  signIn.speak(words);
  dialogs.speak(words);
  say(node("sign-out"), words.t("sign_out"));
  say(node("skip"), words.t("to_content"));
  say(node("try-now"), words.t("try_now"));
}

async function come() {
  const mine = visit += 1;
  show(node("banner"), false);
  try {
    await speak(nearest(telegram.language()));
    if (mine !== visit) return;
    signIn.showScreen("coming");
    const who = await signIn.enter(proof);
    if (mine !== visit) return;
    proof = null;
    await welcome(who);
  } catch (error) {
    if (mine === visit) signIn.showScreen(reason(error));
  }
}

async function welcome(who) {
  member = who;
  await speak(nearest(who.language), who.zone);
  signIn.hideScreen();
  show(node("sign-out"), true);
  if (place && !location.hash) history.replaceState(null, "", place);
  place = "";
  await views.start(member, words, appOf, showFailure);
}

function reason(error) {
  if (error.status === 429) return "busy";
  if (error.status === 403) return "stranger";
  if (error.status === 401) return proof ? "refused" : "closed";
  if (!error.status && !(error instanceof api.Away)) console.error(error);
  return "away";
}

/** What a view gets; `rest` is what follows its name in the address. */
function appOf(texts, rest) {
  returning = null;
  return {
    ...texts,
    rest,
    member,
    format,
    api: {
      get: guarded(api.get), post: guarded(api.post), put: guarded(api.put), patch: guarded(api.patch),
      delete: guarded(api.remove), picture: guarded(api.picture),
    },
    go: views.go,
    exportAll,
    saveFile,
    say: dialogs.announce,
    confirm: dialogs.confirm,
    /** Asks for values (`admin_dialogs.js`); Escape and the other button are null. */
    form: (question) => dialogs.form({ no: texts.t("leave_it"), ...question }),
    showLink: (link) => dialogs.showLink({ words: texts, ...link }),
    /** Calls `callback` when the server answers again after it did not. */
    onReturn: (callback) => { returning = callback; },
  };
}

/** The same request, with the frame saying when the server, the session or the right is gone. */
const guarded = (call) => async (...parameters) => {
  const mine = visit;
  try {
    const answer = await call(...parameters);
    if (mine === visit) isBack();
    return answer;
  } catch (error) {
    if (mine === visit) lost(error);
    throw error;
  }
};

/** Has the browser, or Telegram, fetch a whole collection as a table. */
async function exportAll(what) {
  try {
    const { path, name } = await guarded(api.post)("/system/export", { what, format: "csv" });
    const url = new URL(document.body.dataset.api + path, location.href).href;
    if (!telegram.download(url, name)) el("a", { href: url, download: name }).click();
    dialogs.announce(words.t("download_begins"));
  } catch (error) {
    dialogs.announce(error.message, { isBad: true });
  }
}

/** Saves a file of the API under a name. Telegram's own views save none: there it is `exportAll` of `what`. */
async function saveFile(path, name, what) {
  if (telegram.isInside) {
    await exportAll(what);
    return;
  }
  try {
    const url = URL.createObjectURL(await guarded(api.file)(path));
    el("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), AGAIN_MS);
  } catch (error) {
    dialogs.announce(error.message, { isBad: true });
  }
}

function lost(error) {
  if (error.status === 401) leave("ended");
  else if (error.status === 403 && error.code === "forbidden") leave("stranger");
  else if (error.status === 403 && error.code === "role") void askAgainWhoIAm();
  else if (error instanceof api.Away) {
    say(node("banner-text"), `${error.message} ${words.t("trying_again")}`);
    show(banner, true);
    plan();
  }
}

function isBack() {
  if (banner.hidden) return;
  show(banner, false);
  clearTimeout(timer);
  returning?.();
}

function plan() {
  clearTimeout(timer);
  if (!document.hidden && member) timer = setTimeout(tryNow, AGAIN_MS);
}

async function tryNow() {
  clearTimeout(timer);
  await guarded(api.get)("/session").catch(() => {}); // what went wrong has been shown
}

/** The role was changed: shows what it may open now. */
async function askAgainWhoIAm() {
  const mine = visit;
  const who = await guarded(api.get)("/session").catch(() => null);
  if (who && mine === visit && who.views.join() !== member.views.join()) await welcome(who);
}

/** In place of a view that did not open. */
function showFailure(error, section) {
  const isOfServer = error instanceof api.Away || error instanceof api.Refused;
  // a mistake in this page's own code goes to the console
  if (!isOfServer) console.error(error);
  const again = button(words.t("try_again"), () => views.go(location.hash.slice(1)), { class: "strong" });
  const text = isOfServer ? error.message : words.t("not_understood");
  section.replaceChildren(
    el("h2", {}, words.t("did_not_open")), el("div", { class: "card empty" }, el("p", {}, text), again),
  );
}

/** Back to the sign-in screen; everything that was shown is removed. */
function leave(why) {
  visit += 1;
  if (why === "ended") place = location.hash;
  member = null;
  clearTimeout(timer);
  api.forget();
  views.stop();
  dialogs.dropQuestion();
  document.title = "Tollgate";
  for (const name of ["banner", "sign-out"]) show(node(name), false);
  signIn.showScreen(why);
  node("sign-in-heading").focus();
}

node("sign-out").addEventListener("click", async () => {
  try {
    await api.remove("/session");
    leave("left");
  } catch (error) {
    if (error.status === 401) leave("left");
    else dialogs.announce(error.message, { isBad: true });
  }
});
node("skip").addEventListener("click", views.focusContent);
node("try-now").addEventListener("click", tryNow);
node("sign-in-again").addEventListener("click", come);
document.addEventListener("visibilitychange", () => {
  if (document.hidden) clearTimeout(timer);
  else if (!banner.hidden) void tryNow();
});
// opening a new sign-in link in this tab changes only the part behind the #
addEventListener("hashchange", () => {
  if (member) return;
  const found = signIn.takeProof();
  if (!found) return;
  proof = found;
  void come();
});

proof = signIn.takeProof();
void come();
