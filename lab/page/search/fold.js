/** Text without differences of case, accent and Unicode form. */

const ASCII = /^[\0-\x7f]*$/u;
/** Latin, Greek and Cyrillic accents, Hebrew points, Arabic vowel and hamza signs: what people do not type. */
const ACCENTS =
  /[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u0655\u0670]/gu;
const UNDECOMPOSED = { ø: "o", đ: "d", ð: "d", þ: "th", ł: "l", ħ: "h", ŧ: "t", ı: "i", æ: "ae", œ: "oe" };
const LETTERS = new RegExp(`[${Object.keys(UNDECOMPOSED).join("")}]`, "gu");
/** Cherokee folds to its capitals, which are the older letters. */
const SMALL_CHEROKEE = /[\uab70-\uabbf\u13f8-\u13fd]/gu;

/**
 * @param {string} text
 * @returns {string} the same as `fold` of rag/text/analysis.py makes of it
 */
export function fold(text) {
  if (ASCII.test(text)) return text.toLowerCase();
  const cased = casefold(text.normalize("NFKC"));
  const bare = cased.normalize("NFKD").replace(ACCENTS, "").normalize("NFKC");
  return bare.replace(LETTERS, (letter) => UNDECOMPOSED[letter]);
}

/**
 * Unicode's full case folding, which JavaScript lacks: the small letters of the capitals, but for ẞ (no capital is
 * longer), a sigma at a word's end and Cherokee.
 */
function casefold(text) {
  const small = text.replaceAll("ẞ", "ss").toUpperCase().toLowerCase().replaceAll("ς", "σ");
  return small.replace(SMALL_CHEROKEE, (letter) => {
    const code = letter.charCodeAt(0);
    return String.fromCharCode(code < 0xab70 ? code - 8 : code - 0xab70 + 0x13a0);
  });
}
