// Links of Telegram open inside the page; everything else in a new tab.

import { api } from "./api.js";
import { chooseOwnChannel } from "./chat_chooser.js";
import { avatar, button, el, icon } from "./dom.js";
import { personName } from "./format.js";
import { invitationDialog } from "./joining.js";
import { complain, dialog, toast } from "./overlays.js";
import { botByName, chatCopy, emit, go, hasRole, me, nameOf, others, owner, place, world } from "./store.js";
import { refresh, refreshWorld } from "./sync.js";

const TELEGRAM_HOSTS = new Set(["t.me", "telegram.me", "telegram.dog"]);

/** `address`, with this server's own /t.me/… replaced by https://t.me/…. */
function asTelegrams(address) {
  const standIn = `${location.origin}/t.me/`;
  return address.startsWith(standIn) ? `https://t.me/${address.slice(standIn.length)}` : address;
}

/** {name, params} of a t.me or tg:// link, null for any other address. */
function readTelegramLink(address) {
  let url;
  try {
    url = new URL(/^(t|telegram)\.(me|dog)\//i.test(address) ? `https://${address}` : address);
  } catch {
    return null;
  }
  if (url.protocol === "tg:") return { name: url.searchParams.get("domain") ?? "", params: url.searchParams };
  if (!TELEGRAM_HOSTS.has(url.hostname.toLowerCase())) return null;
  const [name] = url.pathname.slice(1).split("/");
  return { name, params: url.searchParams };
}

/** Opens any link as the current person (or as `user`, who then becomes the current one). */
export async function openLink(given, user = place.as) {
  const address = asTelegrams(given);
  const link = readTelegramLink(address);
  if (!link) return openOutside(address);
  if (link.name === "share") return shareLink(link.params.get("url") ?? "", link.params.get("text") ?? "");
  if (isInvitation(link)) return openInvitation(address, user);
  const bot = botByName(link.name);
  const isPlain = bot && [...link.params.keys()].every((name) => name === "domain");
  if (isPlain) return go({ as: user, chat: `b${bot.id}` });
  try {
    if (bot && link.params.has("startchannel")) return await addToChannel(address, bot, user);
    arrive(await api.act(user, "link", { url: address }), bot, user);
  } catch (error) {
    complain(error);
  }
}

const isInvitation = (link) => link.name.startsWith("+") || link.name === "joinchat" || link.params.has("invite");

/** Shows the invitation's dialog first; a member of the chat goes straight to it. */
async function openInvitation(address, user) {
  try {
    const found = await api.invitation(user, address);
    if (!found.is_member && !(await invitationDialog(found))) return;
    await arrive(await api.act(user, "link", { url: address }), null, user);
  } catch (error) {
    complain(error);
  }
}

/** Telegram's "add to channel" dialogue: the person chooses one of their channels. */
async function addToChannel(address, bot, user) {
  const chat = await chooseOwnChannel();
  if (!chat) return;
  await api.act(user, "link", { url: address, chat_id: chat });
  toast(`${nameOf(bot)} is an administrator there now.`);
  await refreshWorld();
}

/** Goes to the chat a followed link led to. */
async function arrive(answer, bot, user) {
  const person = world.users.find((one) => one.id === user);
  if (answer.dropped) toast("Links of the referral programme never reach a bot.");
  if (bot) {
    go({ as: user, chat: `b${bot.id}` });
    if (!hasRole(person, "owner")) emit("did", "link");
    return;
  }
  await refreshWorld();
  if (answer.requested) return toast("You asked to join. An admin decides.");
  go({ as: user, chat: `c${answer.chat_id}` });
  if (!answer.message_id) return;
  await refresh(chatCopy(`c${answer.chat_id}`));
  emit("point", answer.message_id);
}

function openOutside(address) {
  if (!/^https?:/i.test(address)) return toast("This link leads nowhere on this page.", "error");
  window.open(address, "_blank", "noopener,noreferrer");
}

export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = el("textarea", { class: "visually-hidden" });
    area.value = text;
    (document.querySelector("dialog[open]") ?? document.body).append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  toast("Copied.");
}

/** Telegram's share sheet, reduced to what is possible here: open the link as another person, or copy it. */
function shareLink(url, text) {
  return dialog("Share", (close) =>
    el(
      "div",
      { class: "dialog-body" },
      text ? el("p", {}, text) : null,
      el("p", { class: "link-text" }, url),
      el(
        "ul",
        { class: "choices" },
        others()
          .slice(0, 8)
          .map((person) =>
            el(
              "li",
              {},
              button(
                {
                  class: "choice",
                  onclick: () => {
                    close();
                    openLink(url, person.id);
                  },
                },
                avatar(person.id, personName(person)),
                el(
                  "span",
                  { class: "choice-text" },
                  el("b", {}, `Open as ${personName(person)}`),
                  el("small", {}, person.role ?? ""),
                ),
              ),
            ),
          ),
        el(
          "li",
          {},
          button(
            {
              class: "choice",
              onclick: () => {
                close();
                copyText(url);
              },
            },
            el("span", { class: "avatar plain" }, icon("copy")),
            el("span", { class: "choice-text" }, el("b", {}, "Copy the link")),
          ),
        ),
      ),
    ),
  );
}

/** The start links of known bots in a message's text, entities and buttons, without repeats. */
function startLinks(message) {
  const text = message.text ?? message.caption ?? "";
  const found = [...text.matchAll(/https?:\/\/t\.me\/\w+\?start=[\w-]+/g)].map((hit) => hit[0]);
  for (const entity of message.entities ?? message.caption_entities ?? []) if (entity.url) found.push(entity.url);
  for (const item of (message.reply_markup?.inline_keyboard ?? []).flat()) {
    if (item.url) found.push(item.url);
    if (item.copy_text) found.push(item.copy_text.text);
  }
  const known = found.filter((url) => {
    const link = readTelegramLink(url);
    return link && botByName(link.name) && link.params.has("start");
  });
  return [...new Set(known)];
}

/** "Open as Alice · Bob" under the owner's posts: the shortest way to see what a subscriber gets. */
export function openAsRow(message) {
  const [url] = startLinks(message);
  if (!url || me() !== owner() || others().length === 0) return null;
  return el(
    "div",
    { class: "open-as" },
    icon("person"),
    others()
      .slice(0, 3)
      .map((person) =>
        button(
          {
            testid: `open-as-${person.id}`,
            onclick: () => openLink(url, person.id),
          },
          `Open as ${person.first_name}`,
        ),
      ),
  );
}
