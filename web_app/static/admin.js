// The admin page: comes in, shows what there is, looks again every half minute while somebody can see it.

import * as api from "./admin_api.js";
import { forgetCharts, showCharts } from "./admin_charts.js";
import { dropQuestion } from "./admin_confirm.js";
import * as door from "./admin_door.js";
import { forgetJobs, isWaiting, onChange, showJobs } from "./admin_jobs.js";
import { showNumbers } from "./admin_numbers.js";
import { Clock, say, show } from "./admin_words.js";

const EVERY = 30_000, SOON = 2_000;

const node = (name) => document.getElementById(name);
const days = node("days");

let visit = 0; // what was asked in an earlier visit is not shown in this one
let isIn = false;
let proof = null;
let timer = 0;
let numbersAt = -Infinity;
let lastSeen = "";
let statisticsShown = null;
let asking = null; // the visit whose refresh is under way
let isAskedAgain = false; // something was done while it was

/** Look again after so many milliseconds; while nobody sees the page, when somebody does. */
function plan(wait) {
  clearTimeout(timer);
  if (!document.hidden && isIn) timer = setTimeout(refresh, wait);
}

async function come() {
  const mine = ++visit;
  isIn = false;
  door.close("coming");
  try {
    const status = await door.enter(proof);
    if (mine !== visit) return;
    proof = null;
    isIn = true;
    numbersAt = -Infinity;
    door.open();
    await refresh(status);
  } catch (error) {
    if (mine === visit) door.close(reason(error));
  }
}

function reason(error) {
  if (error instanceof api.Away) return "away";
  if (error.status === 429) return "busy";
  if (error.status === 403) return "stranger";
  if (error.status === 401) return proof ? "refused" : "closed";
  return "away";
}

/** One look at the server; `given` is a status that is fresh. */
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
    await door.renew();
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

/** Says what is wrong; returns the milliseconds until the next try. */
function lost(error) {
  if (error.status === 401) leave("ended");
  else if (error.status === 403) leave("stranger");
  else {
    // a mistake of this page's own is for the console
    const isTold = error instanceof api.Away || error instanceof api.Refused;
    if (!isTold) console.error(error);
    const said = isTold ? error.message : "This page does not understand the server: please load it again.";
    const seen = lastSeen ? ` What you see is of ${lastSeen}.` : "";
    say(node("banner-text"), `${said}${seen} Trying again every 30 seconds.`);
    show(node("banner"), true);
  }
  return Math.max(EVERY, (error.retryAfter ?? 0) * 1000);
}

/** Back to the door; nothing of what was seen stays. */
function leave(why) {
  visit += 1;
  isIn = false;
  statisticsShown = null;
  lastSeen = "";
  clearTimeout(timer);
  door.forget();
  forgetJobs();
  forgetCharts();
  dropQuestion();
  for (const name of ["desk", "banner", "sign-out"]) show(node(name), false);
  say(node("updated"), "");
  say(node("said-sign-out"), "");
  door.close(why);
  node("door-heading").focus();
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
node("door-again").addEventListener("click", come);
days.addEventListener("change", () => {
  numbersAt = -Infinity;
  asking = null;
  visit += 1; // an answer on its way is of another length of time
  void refresh();
});
onChange(() => plan(0));
document.addEventListener("visibilitychange", () => {
  if (document.hidden) clearTimeout(timer);
  else if (isIn) void refresh();
});
// a new link opened in this tab changes only what stands behind the #
addEventListener("hashchange", () => {
  const found = door.takeProof();
  if (!found || isIn) return;
  proof = found;
  void come();
});

// inside Telegram: up, and as high as it goes
for (const event of ["web_app_ready", "web_app_expand"]) globalThis.TelegramWebviewProxy?.postEvent(event, "{}");
proof = door.takeProof();
void come();
