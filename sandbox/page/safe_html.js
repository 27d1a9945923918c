// The server's `html` field is the only HTML that enters the page, and only through this allow-list.

import { timeNode } from "./times.js";

const SAME = {
  B: "b",
  STRONG: "b",
  I: "i",
  EM: "i",
  U: "u",
  INS: "u",
  S: "s",
  DEL: "s",
  STRIKE: "s",
  CODE: "code",
  PRE: "pre",
  BLOCKQUOTE: "blockquote",
  BR: "br",
};
const SAFE_LINK = /^(https?:|tg:|mailto:|tel:)/i;
const COMMAND = /(^|[\s(])(\/[a-z0-9_]{1,32})(?=$|[\s.,;:!?)])/gi;
const BARE_LINK = /\b(?:https?:\/\/|t\.me\/)[^\s<>"']+[^\s<>"'.,;:!?)]/gi;

/**
 * A fragment with the allowed part of `html`. Tags outside the list are unwrapped (their text stays), attributes are
 * dropped except a link's address. Bare links and /commands in plain text become links with `data-url`/`data-command`.
 */
export function safeHtml(html, { commands = false } = {}) {
  const parsed = new DOMParser().parseFromString(`<body>${html}`, "text/html");
  const fragment = document.createDocumentFragment();
  copyChildren(parsed.body, fragment, { commands, plain: true });
  return fragment;
}

function copyChildren(from, to, options) {
  for (const node of from.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) appendText(to, withoutBlockBreaks(node), options);
    else if (node.nodeType === Node.ELEMENT_NODE) copyElement(node, to, options);
  }
}

/** A block element starts and ends its own line: a line break next to it would show as a second one. */
function withoutBlockBreaks(node) {
  let text = node.data;
  if (isBlock(node.previousSibling)) text = text.replace(/^\n/, "");
  if (isBlock(node.nextSibling)) text = text.replace(/\n$/, "");
  return text;
}

const isBlock = (node) => node?.tagName === "PRE" || node?.tagName === "BLOCKQUOTE";

function copyElement(node, to, options) {
  if (["SCRIPT", "STYLE", "TEMPLATE", "IFRAME", "OBJECT"].includes(node.tagName)) return;
  if (node.tagName === "TG-TIME")
    return to.append(timeNode(Number(node.getAttribute("unix")), node.getAttribute("format") ?? "", node.textContent));
  const copy = allowedElement(node);
  if (!copy) return copyChildren(node, to, options);
  const literal = ["A", "CODE", "PRE"].includes(node.tagName);
  copyChildren(node, copy, literal ? { ...options, plain: false } : options);
  to.append(copy);
}

function allowedElement(node) {
  if (node.tagName in SAME) {
    const copy = document.createElement(SAME[node.tagName]);
    if (node.tagName === "BLOCKQUOTE" && node.hasAttribute("expandable")) {
      copy.className = "expandable";
      copy.tabIndex = 0;
      copy.title = "Press to see all of it";
    }
    return copy;
  }
  if (node.tagName === "A") return link(node.getAttribute("href") ?? "");
  if (node.tagName === "TG-SPOILER" || node.classList.contains("tg-spoiler")) return spoiler();
  return null;
}

function link(href) {
  if (!SAFE_LINK.test(href)) return null;
  const node = document.createElement("a");
  node.href = href;
  node.dataset.url = href;
  node.target = "_blank";
  node.rel = "noopener noreferrer";
  return node;
}

function spoiler() {
  const node = document.createElement("span");
  node.className = "tg-spoiler";
  node.tabIndex = 0;
  node.setAttribute("role", "button");
  node.setAttribute("aria-label", "Hidden text, press to show");
  return node;
}

/** Text with its bare links and commands made clickable; text inside a link or code stays as it is. */
function appendText(to, text, { commands, plain }) {
  if (!plain) return to.append(text);
  const found = [...text.matchAll(BARE_LINK)].map((hit) => ({ at: hit.index, text: hit[0], url: true }));
  if (commands) {
    for (const hit of text.matchAll(COMMAND)) found.push({ at: hit.index + hit[1].length, text: hit[2], url: false });
  }
  let from = 0;
  for (const hit of found.sort((a, b) => a.at - b.at)) {
    if (hit.at < from) continue;
    to.append(text.slice(from, hit.at), hit.url ? bareLink(hit.text) : command(hit.text));
    from = hit.at + hit.text.length;
  }
  to.append(text.slice(from));
}

function bareLink(text) {
  const node = link(/^https?:/i.test(text) ? text : `https://${text}`);
  node.textContent = text;
  return node;
}

function command(text) {
  const node = document.createElement("a");
  node.href = "#";
  node.dataset.command = text;
  node.setAttribute("role", "button");
  node.textContent = text;
  return node;
}
