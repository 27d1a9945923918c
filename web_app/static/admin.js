// The admin page: signs in, shows the jobs and the numbers, and refreshes them every half minute while it is visible.

import * as api from "./admin_api.js";
import { forgetCharts, showCharts } from "./admin_charts.js";
import { dropQuestion } from "./admin_confirm.js";
import { forgetJobs, isWaiting, onChange, showJobs } from "./admin_jobs.js";
import { showNumbers } from "./admin_numbers.js";
import * as signIn from "./admin_sign_in.js";
import { Clock, say, show } from "./admin_words.js";

const EVERY = 30_000, SOON = 2_000;

const node = (name) => document.getElementById(name);
const days = node("days");

let visit = 0; // answers to requests of an earlier visit are dropped
let isIn = false;
let proof = null;
let timer = 0;
let numbersAt = -Infinity;
let lastSeen = "";
let statisticsShown = null;
let asking = null; // the visit whose refresh is running
let isAskedAgain = false; // another refresh was asked for meanwhile

/** Plans the next refresh, in `wait` milliseconds. None while the page is hidden: it is refreshed when shown again. */
function plan(wait) {
  clearTimeout(timer);
  if (!document.hidden && isIn) timer = setTimeout(refresh, wait);
}

async function come() {
  const mine = ++visit;
  isIn = false;
  signIn.showScreen("coming");
  try {
    const status = await signIn.enter(proof);
    if (mine !== visit) return;
    proof = null;
    isIn = true;
    numbersAt = -Infinity;
    signIn.hideScreen();
    await refresh(status);
  } catch (error) {
    if (mine === visit) signIn.showScreen(reason(error));
  }
}

function reason(error) {
  if (error instanceof api.Away) return "away";
  if (error.status === 429) return "busy";
  if (error.status === 403) return "stranger";
  if (error.status === 401) return proof ? "refused" : "closed";
  return "away";
}

/** Asks the server once and shows its answers; `given` is a status that was just fetched. */
async function refresh(given) {
  if (asking === visit) {
    isAskedAgain = true;
    return;
  }
  const mine = asking = visit;
  isAskedAgain = false;
  clearTimeout(timer);
  let wait = EVERY;
  try {
    await signIn.renew();
    const areOld = performance.now() - numbersAt > EVERY - SOON;
    const [status, statistics] = await Promise.all([given ?? api.status(), areOld ? api.statistics(days.value) : null]);
    if (mine !== visit) return;
    showAll(status, statistics);
    show(node("banner"), false);
  } catch (error) {
    if (mine !== visit) return;
    wait = lost(error);
  } finally {
    if (asking === mine) asking = null;
  }
  plan(isAskedAgain ? 0 : isWaiting() ? Math.min(SOON, wait) : wait);
}

function showAll(status, statistics) {
  const clock = new Clock(status.zone, status.now);
  lastSeen = clock.seconds();
  say(node("updated"), `Last updated ${lastSeen}`);
  say(node("zone"), `Times are of ${status.zone}.`);
  showJobs(status.jobs, clock);
  if (statistics) {
    statisticsShown = statistics;
    numbersAt = performance.now();
    showCharts(statistics.days, days.value);
  }
  if (statisticsShown) showNumbers(statisticsShown, status.jobs, clock);
  show(node("desk"), true);
  show(node("sign-out"), true);
}

/** Shows what went wrong; returns the milliseconds until the next try. */
function lost(error) {
  if (error.status === 401) leave("ended");
  else if (error.status === 403) leave("stranger");
  else {
    // a mistake in this page's own code goes to the console
    const isOfServer = error instanceof api.Away || error instanceof api.Refused;
    if (!isOfServer) console.error(error);
    const said = isOfServer ? error.message : "This page does not understand the server: please load it again.";
    const seen = lastSeen ? ` What you see is of ${lastSeen}.` : "";
    say(node("banner-text"), `${said}${seen} Trying again every 30 seconds.`);
    show(node("banner"), true);
  }
  return Math.max(EVERY, (error.retryAfter ?? 0) * 1000);
}

/** Back to the sign-in screen; everything that was shown is removed. */
function leave(why) {
  visit += 1;
  isIn = false;
  statisticsShown = null;
  lastSeen = "";
  clearTimeout(timer);
  signIn.forget();
  forgetJobs();
  forgetCharts();
  dropQuestion();
  for (const name of ["desk", "banner", "sign-out"]) show(node(name), false);
  say(node("updated"), "");
  say(node("said-sign-out"), "");
  signIn.showScreen(why);
  node("sign-in-heading").focus();
}

node("sign-out").addEventListener("click", async () => {
  say(node("said-sign-out"), "");
  try {
    await api.signOut();
    leave("left");
  } catch (error) {
    if (error.status === 401) leave("left");
    else say(node("said-sign-out"), error.message);
  }
});
node("try-now").addEventListener("click", () => refresh());
node("sign-in-again").addEventListener("click", come);
days.addEventListener("change", () => {
  numbersAt = -Infinity;
  asking = null;
  visit += 1; // drops the answer of a running request, which is for another number of days
  void refresh();
});
onChange(() => plan(0));
document.addEventListener("visibilitychange", () => {
  if (document.hidden) clearTimeout(timer);
  else if (isIn) void refresh();
});
// opening a new sign-in link in this tab changes only the part behind the #
addEventListener("hashchange", () => {
  const found = signIn.takeProof();
  if (!found || isIn) return;
  proof = found;
  void come();
});

// inside Telegram: tell the app that the page is ready, and use the full height
for (const event of ["web_app_ready", "web_app_expand"]) globalThis.TelegramWebviewProxy?.postEvent(event, "{}");
proof = signIn.takeProof();
void come();
