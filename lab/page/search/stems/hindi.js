/**
 * The Hindi stemmer of Snowball, after Ramanathan and Rao, "A Lightweight Stemmer for Hindi" (2003): the longest ending
 * goes that leaves at least one character.
 */

import { endingOf, without } from "./endings.js";

/** Each as it stands behind a vowel: it begins with a letter of its own. */
const ENDINGS =
  "अ आ इ ई उ ऊ ए ओ एं ओं आं उआं उएं उओं आएं आओं इयां इयों आइयां आइयों आँ इयाँ आइयाँ अताएं अताओं अनाएं अनाओं अता अती " +
  "ईं अतीं अते आता आती आतीं आते अना अनी अने आना आने ऊंगा ऊंगी आऊंगा आऊंगी एंगे एंगी आएंगे आएंगी ओगे ओगी आओगे आओगी " +
  "एगा एगी आएगा आएगी आया आए आई आईं इए आओ आइए अकर आकर";
const SIGNS = { आ: "ा", इ: "ि", ई: "ी", उ: "ु", ऊ: "ू", ए: "े", ओ: "ो" };
const VIRAMA = "्";
const CONSONANT = /[\u0915-\u0939\u093c\u0958-\u095f]$/u;

const listed = ENDINGS.split(" ");
/** Behind a consonant the first letter is a sign, and "अ" is not written. */
const unwritten = new Set(listed.filter((each) => each[0] === "अ" && each.length > 1).map((each) => each.slice(1)));
const signed = listed.filter((each) => each[0] in SIGNS).map((each) => SIGNS[each[0]] + each.slice(1));

const plain = endingOf([...listed, ...signed, VIRAMA]);
const behindConsonant = endingOf(unwritten);

/**
 * @param {string} word of Devanagari letters and signs
 * @returns {string} its stem
 */
export function hindi(word) {
  let ending = plain(word, 1);
  const bare = behindConsonant(word, 1);
  if (bare.length > ending.length && CONSONANT.test(word.slice(1, word.length - bare.length))) ending = bare;
  return without(word, ending.length);
}
