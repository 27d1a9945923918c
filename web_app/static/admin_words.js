// The texts of the page: fetched a view at a time, in the language of the member.

import { number } from "./admin_format.js";

const { words: ROOT, wordsVersion: VERSION, languages } = document.body.dataset;
const fetched = new Map(); // address: promise of its texts

/** The language of the page nearest to `code`, like `ru-RU`. */
export function nearest(code) {
  const name = (code ?? "").toLowerCase().split(/[-_]/)[0];
  const known = languages.split(" ");
  return known.includes(name) ? name : known[0];
}

function file(language, view) {
  const address = `${ROOT}/${language}/${view}.json?v=${VERSION}`;
  if (!fetched.has(address)) {
    const coming = fetch(address, { redirect: "error" }).then((answer) => {
      if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
      return answer.json();
    });
    coming.catch(() => fetched.delete(address)); // the next call asks again
    fetched.set(address, coming);
  }
  return fetched.get(address);
}

/** The texts of the frame and of one view: `t("key", { name })`, `n("key", count, { name })`. Throws when they do not come. */
export async function wordsOf(language, view = null) {
  const parts = await Promise.all([file(language, "shell"), view === null ? {} : file(language, view)]);
  const words = Object.assign({}, ...parts);
  const rules = new Intl.PluralRules(language);
  return {
    t: (key, fields = {}) => filled(words[key] ?? key, fields),
    n: (key, count, fields = {}) => {
      const forms = words[key] ?? { other: key };
      return filled(forms[rules.select(count)] ?? forms.other, { count: number(count), ...fields });
    },
    has: (key) => key in words,
  };
}

const filled = (text, fields) => text.replace(/\{(\w+)\}/g, (field, name) => fields[name] ?? field);
