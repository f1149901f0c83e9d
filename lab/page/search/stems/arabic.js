/**
 * The Arabic light stemmer of Snowball (Chelli and Aries), described at https://snowballstem.org/algorithms/arabic, for
 * folded words: vowel signs are gone and hamza stands alone, so none of its rules for them is here.
 */

import { endingOf, without } from "./endings.js";

const DIGITS = "٠١٢٣٤٥٦٧٨٩";

/** Endings, by how many characters the word needs at least to lose them. */
const verbObject = rule({ 4: "ه ك", 5: "ني نا ها هم هن كم كن", 6: "هما كما كمو" });
const verbSubject = rule({ 4: "ت ا ن ي", 5: "نا تا تن", 6: "ان ون ين تما" });
const verbPlural = rule({ 5: "وا تم" });
const verbOthers = rule({ 4: "و", 6: "تمو" });
const owner = rule({ 4: "ي ك ه", 5: "نا كم ها هن هم", 6: "كما هما" });
const nun = rule({ 6: "ن" });
const weak = rule({ 5: "ا ي و" });
const feminines = rule({ 5: "ات" });
const feminine = rule({ 4: "ت" });
const marbuta = rule({ 4: "ة" });

/**
 * @param {string} word of Arabic letters and digits
 * @returns {string} its stem; "" where nothing is left
 */
export function arabic(word) {
  const defined = (/^(?:بال|كال)/u.test(word) && word.length > 4) || (/^(?:لل|ال)/u.test(word) && word.length > 3);
  word = word.replace(/[٠-٩]/gu, (digit) => String(DIGITS.indexOf(digit))).replaceAll("ـ", "");
  return withoutPrefix(withoutSuffix(word, defined), defined);
}

function withoutSuffix(word, defined) {
  if (!defined) {
    const cut = verbStem(word);
    if (cut !== null) return cut;
  }
  const noun = nounStem(word, defined);
  if (noun.found) return noun.word;
  return noun.word.replace(/ى$/u, "ي");
}

/** Null for no ending of a verb. */
function verbStem(word) {
  let stem = verbObject(word);
  if (stem === null) return verbPlural(word) ?? verbSubject(word);
  for (let next = stem; next !== null; next = verbObject(stem)) stem = next;
  return verbSubject(stem) ?? verbOthers(stem) ?? stem;
}

/** `found`: whether it ended in the ي of relation, without which the endings before it were taken off all the same. */
function nounStem(word, defined) {
  const { stem, back } = nounEnding(word, defined);
  const end = stem.length - back;
  const found = stem.length >= 3 && end > 0 && stem[end - 1] === "ي";
  return { found, word: found ? stem.slice(0, end - 1) + stem.slice(end) : stem };
}

/** `back`: how many characters before the end the next rule looks; one where an owner's ending was all there was. */
function nounEnding(word, defined) {
  let stem = marbuta(word);
  if (stem !== null) return { stem, back: 0 };
  const owned = defined ? null : owner(word);
  if (owned !== null) {
    stem = weak(owned) ?? feminines(owned) ?? feminine(owned);
    return stem === null ? { stem: owned, back: 1 } : { stem, back: 0 };
  }
  const bare = nun(word);
  if (bare !== null) {
    stem = weak(bare) ?? feminines(bare) ?? feminine(bare);
    if (stem !== null) return { stem, back: 0 };
    word = bare;
  }
  return { stem: (defined ? null : weak(word)) ?? feminines(word) ?? word, back: 0 };
}

function withoutPrefix(word, defined) {
  if (/^[فو](?!ا)/u.test(word) && word.length > 3) word = word.slice(1);
  if (/^(?:بال|كال)/u.test(word) && word.length > 5) return word.slice(3);
  if (/^(?:لل|ال)/u.test(word) && word.length > 4) return word.slice(2);
  if (word.startsWith("با")) return word;
  if (/^(?:ب|كك)/u.test(word) && word.length > 3) return word.slice(1);
  return defined ? word : withoutVerbPrefix(word);
}

function withoutVerbPrefix(word) {
  if (word.length <= 4) return word;
  const future = /^س[يتن]/u.test(word);
  if (future) word = word.slice(1);
  const at = future ? 1 : 0;
  return word.length > 4 && /^[ينت]ست/u.test(word.slice(at)) ? `${word.slice(0, at)}است${word.slice(at + 3)}` : word;
}

/** @returns {(word: string) => string | null} the word without its ending, null where it has none or is too short */
function rule(byLength) {
  const least = new Map(Object.entries(byLength).flatMap(([n, list]) => list.split(" ").map((each) => [each, +n])));
  const find = endingOf(least.keys());
  return (word) => {
    const ending = find(word);
    return ending && word.length >= least.get(ending) ? without(word, ending.length) : null;
  };
}
