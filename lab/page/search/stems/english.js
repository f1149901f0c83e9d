/**
 * The English stemmer of Snowball 3.1 ("Porter 2"), from its description at
 * https://snowballstem.org/algorithms/english, for folded words: letters a to z, so it needs no rule for apostrophes.
 */

import { endingOf, without } from "./endings.js";

const WHOLE = new Map(Object.entries({
  skis: "ski", skies: "sky", idly: "idl", gently: "gentl", ugly: "ugli", early: "earli", only: "onli", singly: "singl",
  sky: "sky", news: "news", howe: "howe", atlas: "atlas", cosmos: "cosmos", bias: "bias", andes: "andes",
}));
/** R1 begins behind these, however their vowels stand: "general" and "generous" are no forms of one word. */
const STARTS = /^(?:gener|commun|arsen|past|univers|later|emerg|organ|inter)/u;
const UNCUT = new Set(["inn", "out", "cann", "herr", "earr", "even"]);
const PLAIN_EED = new Set(["proc", "exc", "succ"]);
const VOWEL = /[aeiouy]/u;
/** A syllable ends: a vowel and a letter that is none. */
const SYLLABLE = /[aeiouy][^aeiouy]/u;
const SHORT = /(?:[^aeiouy][aeiouy][^aeiouywxY]|^[aeiouy][^aeiouy]|past)$/u;
const DOUBLE = /(?:bb|dd|ff|gg|mm|nn|pp|rr|tt)$/u;

const plural = endingOf("sses ied ies s us ss");
const past = endingOf("eed eedly ed edly ing ingly");

const SECOND = table({
  tion: "tional", ence: "enci", ance: "anci", able: "abli", ent: "entli", ize: "izer ization",
  ate: "ational ation ator", al: "alism aliti alli", ful: "fulness fulli", ous: "ousli ousness", ive: "iveness iviti",
  ble: "biliti bli", og: "ogist ogi", less: "lessli", "": "li",
});
const THIRD = table({
  tion: "tional", ate: "ational", al: "alize", ic: "icate iciti ical", "": "ful ness ative",
});
const fourth = endingOf("al ance ence er ic able ible ant ement ment ent ism ate iti ous ive ize ion");

/**
 * @param {string} word of letters a to z
 * @returns {string} its stem
 */
export function english(word) {
  const known = WHOLE.get(word);
  if (known) return known;
  if (word.length < 3) return word;
  word = word.replace(/^y/u, "Y").replace(/([aeiouy])y/gu, "$1Y"); // these are consonants
  const r1 = region(word, 0, STARTS.exec(word)?.[0].length);
  const r2 = region(word, r1);
  word = singular(word);
  word = present(word, r1);
  word = word.replace(/(?<=.[^aeiouy])[yY]$/u, "i");
  word = replaced(word, SECOND, r1, second);
  word = replaced(word, THIRD, r1, (ending, cut) => ending !== "ative" || cut >= r2);
  word = shorter(word, r2);
  return last(word, r1, r2).replaceAll("Y", "y");
}

function region(word, from, given) {
  if (given !== undefined) return given;
  const found = word.slice(from).search(SYLLABLE);
  return found < 0 ? word.length : from + found + 2;
}

function singular(word) {
  const ending = plural(word);
  if (ending === "sses") return without(word, 2);
  if (ending === "ied" || ending === "ies") return without(word, word.length > 4 ? 2 : 1);
  return ending === "s" && VOWEL.test(without(word, 2)) ? without(word, 1) : word;
}

function present(word, r1) {
  const ending = past(word);
  if (!ending) return word;
  const stem = without(word, ending.length);
  if (ending === "eed" || ending === "eedly") return stem.length >= r1 && !PLAIN_EED.has(stem) ? `${stem}ee` : word;
  if (ending === "ing") {
    if (/^[^aeiouy]y$/u.test(stem)) return `${stem[0]}ie`;
    if (UNCUT.has(stem)) return word;
  }
  if (!VOWEL.test(stem)) return word;
  if (/(?:at|bl|iz)$/u.test(stem)) return `${stem}e`;
  if (DOUBLE.test(stem)) return /^[aeo]..$/u.test(stem) ? stem : without(stem, 1);
  return stem.length === r1 && SHORT.test(stem) ? `${stem}e` : stem;
}

/** What must stand before an ending of the second step. */
function second(ending, cut, word) {
  if (ending === "ogi") return word[cut - 1] === "l";
  return ending !== "li" || /[cdeghkmnrt]/u.test(word[cut - 1] ?? "");
}

function shorter(word, r2) {
  const ending = fourth(word);
  const cut = word.length - ending.length;
  return ending && cut >= r2 && (ending !== "ion" || /[st]/u.test(word[cut - 1] ?? "")) ? word.slice(0, cut) : word;
}

function last(word, r1, r2) {
  const stem = without(word, 1);
  if (word.endsWith("e")) return stem.length >= r2 || (stem.length >= r1 && !SHORT.test(stem)) ? stem : word;
  return word.endsWith("ll") && stem.length >= r2 ? stem : word;
}

/** Endings by what takes their place. */
function table(places) {
  const to = new Map(Object.entries(places).flatMap(([place, list]) => list.split(" ").map((each) => [each, place])));
  return { to, find: endingOf(to.keys()) };
}

function replaced(word, { to, find }, r1, allowed) {
  const ending = find(word);
  const cut = word.length - ending.length;
  return ending && cut >= r1 && allowed(ending, cut, word) ? word.slice(0, cut) + to.get(ending) : word;
}
