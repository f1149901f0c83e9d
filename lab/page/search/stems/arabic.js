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
  const verb = defined ? null : verbStem(word);
  if (verb !== null) return verb;
  const noun = nounStem(word, defined);
  if (noun.length >= 3 && noun.endsWith("ي")) return without(noun, 1);
  return noun.replace(/ى$/u, "ي");
}

/** Null for no ending of a verb. */
function verbStem(word) {
  let stem = verbObject(word);
  if (stem === null) return verbPlural(word) ?? verbSubject(word);
  for (let next = stem; next !== null; next = verbObject(stem)) stem = next;
  return verbSubject(stem) ?? verbOthers(stem) ?? stem;
}

/** The owner's endings of nouns are not here: a verb has them all, and was tried before. */
function nounStem(word, defined) {
  const stem = marbuta(word);
  if (stem !== null) return stem;
  const bare = nun(word);
  if (bare !== null) {
    const cut = weak(bare) ?? feminines(bare) ?? feminine(bare);
    if (cut !== null) return cut;
    word = bare;
  }
  return (defined ? null : weak(word)) ?? feminines(word) ?? word;
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
