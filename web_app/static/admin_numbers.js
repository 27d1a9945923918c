// The numbers at the top, and the posts that were delivered most.

import { number, say, show, titled } from "./admin_words.js";

const node = (name) => document.getElementById(name);
const POSTS = 8, MINUTE = 60_000;

function tile(name, value, note, isBad = false) {
  say(node(`${name}-value`), value);
  say(node(`${name}-note`), note);
  node(`${name}-note`).classList.toggle("bad", isBad);
}

export function showNumbers(statistics, jobs, clock) {
  const { now, days } = statistics;
  const of = (name) => now[name] ?? 0;
  tile("users", number(of("users")), `${number(of("blocked_users"))} blocked the bot`);
  tile("active", number(of("active_today")), `${number(of("new_users_today"))} new today`);
  const live = of("posts");
  tile("deliveries", number(of("deliveries_today")), `of ${number(live)} ${live === 1 ? "post" : "posts"}`);
  const verified = of("verified_today"), bypassed = of("bypassed_today");
  const share = verified + bypassed ? ` (${Math.round((100 * bypassed) / (verified + bypassed))} %)` : "";
  tile("verified", number(verified), `${number(bypassed)} bypassed${share}`);
  const overdue = of("overdue_deletions");
  const late = overdue ? `${number(overdue)} overdue` : "none overdue";
  tile("deletions", number(of("pending_deletions")), late, overdue > 0);
  showNext(jobs, clock);
  showPosts(days);
}

/** The next planned run. Jobs that run every minute are left out: they would always be next. */
function showNext(jobs, clock) {
  const coming = jobs.filter((job) => job.next_at && !job.is_paused && Date.parse(job.next_at) - clock.now > MINUTE);
  const soonest = coming.map((job) => job.next_at).sort((one, other) => Date.parse(one) - Date.parse(other))[0];
  const names = coming.filter((job) => job.next_at === soonest).map((job) => titled(job.name));
  tile("next", soonest ? clock.moment(soonest) : "–", names.length ? names.join(", ") : "nothing is planned");
}

/** Deliveries of all the days shown, by post. */
function showPosts(days) {
  const posts = new Map();
  for (const post of days.flatMap((day) => day.top_posts)) {
    const seen = posts.get(post.code);
    posts.set(post.code, { title: post.title, deliveries: post.deliveries + (seen?.deliveries ?? 0) });
  }
  const best = [...posts.values()].sort((one, other) => other.deliveries - one.deliveries).slice(0, POSTS);
  const list = node("posts");
  while (list.children.length > best.length) list.lastElementChild.remove();
  while (list.children.length < best.length) list.append(node("post-row").content.cloneNode(true));
  best.forEach((post, place) => {
    const row = list.children[place];
    say(row.querySelector(".post-title"), post.title || "without a title");
    say(row.querySelector(".post-count"), number(post.deliveries));
    row.querySelector(".post-bar").style.width = `${(100 * post.deliveries) / (best[0].deliveries || 1)}%`;
  });
  show(node("no-posts"), best.length === 0);
}
