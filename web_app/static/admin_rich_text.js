// A formatted text as elements: known tags around texts, from the tree the server sends (rich_text.py).

import { el } from "./admin_dom.js";

// the element for each tag; a spoiler stays readable here
const ELEMENTS = {
  b: "b", i: "i", u: "u", s: "s", code: "code", pre: "pre", a: "a", blockquote: "blockquote", "tg-spoiler": "mark",
};
const SAFE = /^(https?|tg|ton|mailto|tel):/i;

/** The elements of `pieces`. */
export const elementsOf = (pieces) => pieces.map(elementOf);

function elementOf(piece) {
  if (!piece.tag) return document.createTextNode(piece.text);
  const attributes = piece.tag === "a" && SAFE.test(piece.href)
    ? { href: piece.href, target: "_blank", rel: "noopener noreferrer" } : {};
  return el(ELEMENTS[piece.tag] ?? "span", attributes, ...elementsOf(piece.inside));
}
