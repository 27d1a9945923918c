// Turns what a person types as **bold** into entities, as Telegram's own clients do. Offsets are UTF-16 units.

const MARKS = [
  ["```", "pre"],
  ["**", "bold"],
  ["__", "italic"],
  ["~~", "strikethrough"],
  ["||", "spoiler"],
  ["`", "code"],
];
const LITERAL = new Set(["pre", "code"]);

/** {text, entities}: the text without its formatting characters, and their meaning. Unpaired ones stay text. */
export function readMarkup(source) {
  const open = new Map();
  const entities = [];
  let text = "";
  let at = 0;
  while (at < source.length) {
    const mark = MARKS.find(([sign]) => source.startsWith(sign, at));
    const literal = [...open.keys()].find((type) => LITERAL.has(type));
    if (!mark || (literal && literal !== mark[1])) {
      text += source[at];
      at += 1;
      continue;
    }
    const [sign, type] = mark;
    at += sign.length;
    if (open.has(type) && text.length > open.get(type)) {
      entities.push({ type, offset: open.get(type), length: text.length - open.get(type) });
      open.delete(type);
    } else if (!open.has(type) && source.indexOf(sign, at + 1) > 0) {
      open.set(type, text.length);
    } else {
      text += sign;
    }
  }
  return { text, entities: entities.sort((a, b) => a.offset - b.offset || b.length - a.length) };
}

/** The sample that shows every kind of formatting. */
export function sampleText() {
  return readMarkup(
    "**A formatted note** with __italic__, ~~struck~~, `code` and a ||hidden|| word.\n" +
      "Plain < & > signs and a link: https://example.org/page",
  );
}
