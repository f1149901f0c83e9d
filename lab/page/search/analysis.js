/**
 * Text to search terms, the same as rag/text/analysis.py makes, so that the page and the server find alike.
 *
 * Words (English stop words left out, stems by script) and, beside them, the 4-grams of each word with its beginning;
 * scripts that do not put spaces between words give single characters and bigrams instead. No language is detected.
 *
 * @typedef {{words: string[], grams: string[], units: string[]}} Terms every occurrence, in order; each gram begins
 *   with "#"; `units` are what a text is measured by: its words and, where a script has no spaces, its bigrams
 */

import { fold } from "./fold.js";
import { arabic } from "./stems/arabic.js";
import { english } from "./stems/english.js";
import { greek } from "./stems/greek.js";
import { hindi } from "./stems/hindi.js";
import { russian } from "./stems/russian.js";

/** BM25 of the grams beside BM25 of the words. */
export const GRAM_WEIGHT = 0.3;
const GRAM_PREFIX = "#";
const WORD_START = "_";
/** Lucene's short list. */
const STOP_WORDS = new Set(
  (
    "a an and are as at be but by for if in into is it no not of on or such that the their then there these they " +
    "this to was will with"
  ).split(" "),
);

const WORD = /[\p{L}\p{N}][[\p{L}\p{N}][[\p{Mn}\p{Mc}]&&[\u0300-\ufffe]]]*/gv;
const UNSPACED =
  "[\\u0e00-\\u0eff\\u1000-\\u109f\\u1780-\\u17ff\\u2e80-\\u2fdf\\u3005-\\u3007\\u3040-\\u30ff\\u3400-\\u4dbf" +
  "\\u4e00-\\u9fff\\uac00-\\ud7af\\uf900-\\ufaff\\u{20000}-\\u{3ffff}]+";
const HAS_UNSPACED = new RegExp(UNSPACED, "u");
const STRETCHES = new RegExp(`(${UNSPACED})`, "u");
/** The stemmer of each script is that of the language with most readers. */
const STEMMERS = [
  [/^[a-z]+$/u, english],
  [/^[\u0400-\u052f]+$/u, (word) => russian(word.replace(FOLDED_SHORT_I, "й"))],
  [/^[\u0370-\u03ff]+$/u, greek],
  [/^[\u0620-\u06d3]+$/u, arabic],
  [/^[\u0900-\u097f]+$/u, hindi],
];
/** Where the folding made и of й, which the Russian stemmer's endings have. */
const FOLDED_SHORT_I = /(?<=[аеиоуыэюя])и/gu;
const SURROGATE = /[\ud800-\udfff]/;
/** Words repeat, so their terms are kept; so many of them, the longest not among them. */
const KEPT = 50_000;
const LONGEST_KEPT = 64;
const NOTHING = { words: [], grams: [], units: [] };
/** @type {Map<string, Terms>} */
const known = new Map();

/**
 * @param {string} text
 * @returns {Terms} empty for text without letters and digits
 */
export function analyse(text) {
  const pieces = piecesOf(text);
  return {
    words: pieces.flatMap((piece) => piece.words),
    grams: pieces.flatMap((piece) => piece.grams),
    units: pieces.flatMap((piece) => piece.units),
  };
}

/**
 * @param {string} text
 * @returns {Terms[]} the terms of each of its words and stretches, in order; a word that comes again is mostly the same
 *   object again, so an index can count words instead of their many grams
 */
export function piecesOf(text) {
  const folded = fold(text);
  const tokens = folded.match(WORD) ?? [];
  return HAS_UNSPACED.test(folded) ? tokens.flatMap(mixed) : tokens.map(termsOf);
}

/** The pieces of a token, cut where its script changes between spaced and unspaced. */
function mixed(token) {
  const pieces = token.split(STRETCHES).map((piece, n) => (piece ? (n % 2 ? stretch : termsOf)(piece) : NOTHING));
  return pieces.filter((piece) => piece !== NOTHING);
}

function termsOf(word) {
  if (STOP_WORDS.has(word)) return NOTHING;
  const kept = known.get(word);
  if (kept) return kept;
  const stem = [stemOf(word)];
  const terms = { words: stem, grams: ngrams(WORD_START + word, 4), units: stem };
  if (word.length > LONGEST_KEPT) return terms;
  if (known.size >= KEPT) known.clear();
  known.set(word, terms);
  return terms;
}

/** The terms of a stretch of a script without spaces. */
function stretch(text) {
  const pairs = ngrams(text, 2);
  const grams = [...text].length > 1 ? [...pairs, ...ngrams(text, 1)] : pairs;
  return { words: [], grams, units: pairs };
}

/** Stretches of so many characters; a shorter text whole. */
function ngrams(text, size) {
  const letters = SURROGATE.test(text) ? [...text] : text;
  if (letters.length <= size) return [GRAM_PREFIX + text];
  const grams = [];
  for (let start = 0; start + size <= letters.length; start += 1) {
    const gram = letters.slice(start, start + size);
    grams.push(GRAM_PREFIX + (typeof gram === "string" ? gram : gram.join("")));
  }
  return grams;
}

function stemOf(word) {
  const stemmer = STEMMERS.find(([script]) => script.test(word));
  return stemmer ? stemmer[1](word) || word : word;
}
