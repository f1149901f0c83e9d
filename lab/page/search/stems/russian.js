/**
 * The Russian stemmer of Snowball, from its description at https://snowballstem.org/algorithms/russian, for folded
 * words: "ё" is "е" already.
 */

import { endingOf, without } from "./endings.js";

const VOWEL = /[аеиоуыэюя]/u;
/** A syllable ends: a vowel and a letter that is none. */
const SYLLABLE = /[аеиоуыэюя][^аеиоуыэюя]/u;

/** Endings of which the first list needs а or я before it, which stays. */
const gerund = rule("в вши вшись", "ив ивши ившись ыв ывши ывшись");
const adjective = rule("", "ее ие ые ое ими ыми ей ий ый ой ем им ым ом его ого ему ому их ых ую юю ая яя ою ею");
const participle = rule("ем нн вш ющ щ", "ивш ывш ующ");
const reflexive = rule("", "ся сь");
const verb = rule(
  "ла на ете йте ли й л ем н ло но ет ют ны ть ешь нно",
  "ила ыла ена ейте уйте ите или ыли ей уй ил ыл им ым ен ило ыло ено ят ует уют ит ыт ены ить ыть ишь ую ю",
);
const noun = rule(
  "",
  "а ев ов ие ье е иями ями ами еи ии и ией ей ой ий й иям ям ием ем ам ом о у ах иях ях ы ь ию ью ю ия ья я",
);
const derivation = endingOf("ост ость");

/**
 * @param {string} word of Cyrillic letters
 * @returns {string} its stem
 */
export function russian(word) {
  const first = word.search(VOWEL);
  if (first < 0) return word;
  const from = first + 1;
  const r2 = second(word);
  word = gerund(word, from) ?? inflected(reflexive(word, from) ?? word, from);
  if (word.length > from && word.endsWith("и")) word = without(word, 1);
  const ending = derivation(word, from);
  if (ending && word.length - ending.length >= r2) word = without(word, ending.length);
  return tidied(word, from);
}

/** Where R2 begins: behind the second syllable. */
function second(word) {
  let from = 0;
  for (let syllables = 0; syllables < 2; syllables += 1) {
    const found = word.slice(from).search(SYLLABLE);
    if (found < 0) return word.length;
    from += found + 2;
  }
  return from;
}

function inflected(word, from) {
  const described = adjective(word, from);
  if (described !== null) return participle(described, from) ?? described;
  return verb(word, from) ?? noun(word, from) ?? word;
}

function tidied(word, from) {
  const superlative = /ейше?$/u.exec(word.slice(from));
  if (superlative) word = without(word, superlative[0].length);
  const rest = word.slice(from);
  if (rest.endsWith("нн")) return without(word, 1);
  return !superlative && rest.endsWith("ь") ? without(word, 1) : word;
}

/** @returns {(word: string, from: number) => string | null} the word without the ending, null where there is none */
function rule(behindA, plain) {
  const restricted = new Set(behindA.split(" "));
  const find = endingOf(`${behindA} ${plain}`);
  return (word, from) => {
    const ending = find(word, from);
    const cut = word.length - ending.length;
    if (!ending || (restricted.has(ending) && !(cut > from && /[ая]/u.test(word[cut - 1])))) return null;
    return word.slice(0, cut);
  };
}
