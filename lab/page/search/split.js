/**
 * Text to passages: about 160 words each, cut at sentence or line ends, never across a heading. It is the splitting of
 * rag/ingestion/chunking.py without its pages, tables and lists of abbreviations.
 *
 * @typedef {{title: string, headings: string[], text: string, ordinal: number, start: number, end: number}} Passage
 *   `title` is its document's, `headings` the path above it, outermost first; `start` and `end` are offsets in the
 *   document's text, in UTF-16 units
 */

import { headings } from "./headings.js";

/** Sentences are added up to this size. */
const WORDS = 160;
/** A tiny rest may stretch its predecessor up to this size. */
const MOST_WORDS = 200;
const TINY = 40;

/** Thai, Lao, Burmese, Khmer, Chinese and Japanese: about two characters make a word. */
const SPACELESS =
  "\\u0e00-\\u0eff\\u1000-\\u109f\\u1780-\\u17ff\\u2e80-\\u31ff\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf900-\\ufaff" +
  "\\u{20000}-\\u{3ffff}";
/** What counts as one word; a long address or number counts as several, since it costs as much. */
const WORD = new RegExp(`[${SPACELESS}]{1,2}|[^\\s${SPACELESS}]{1,20}`, "gu");
const BLANK_LINE = /\n[^\S\n]*\n/gu;
/** Each run of marks is looked at once, from its beginning, so that no text can make it slow. */
const SENTENCE_END = new RegExp(
  [
    "(?<![.!?…])[.!?…]+[\"'”’»)\\]]*(?=\\s|$)", // Latin, Cyrillic, Greek …: a mark, then space
    "[。！？｡]+[\"'”’」』）]*", // Chinese, Japanese: no space needed
    "(?<![।॥።။؟۔])[।॥።။؟۔]+(?=\\s|$)", // Hindi, Burmese, Amharic, Arabic, Urdu
    "\\n(?=[^\\S\\n]*(?:[-*+•|>]|\\d{1,3}[.)]\\s))", // list items, table rows, quotations
  ].join("|"),
  "gu",
);
const LIST_NUMBER = /^\s*\d{1,3}\.$/u;

/**
 * @param {string} text Markdown or plain
 * @param {string} title its document's
 * @returns {Passage[]} in order; each character that is neither white space nor part of a heading stands in exactly one
 */
export function split(text, title) {
  const passages = [];
  for (const { start, end, path } of sections(text)) {
    for (const piece of pieces(text, start, end)) {
      const body = text.slice(piece.start, piece.end);
      passages.push({
        title, headings: path, text: body, ordinal: passages.length, start: piece.start, end: piece.end,
      });
    }
  }
  return passages;
}

/** The text between two headings, with the path of those above it. */
function* sections(text) {
  let start = 0;
  let above = [];
  const path = () => above.map((heading) => heading.title).filter(Boolean);
  for (const heading of headings(text)) {
    yield { start, end: heading.start, path: path() };
    above = [...above.filter((each) => each.level < heading.level), heading];
    start = heading.end;
  }
  yield { start, end: text.length, path: path() };
}

/** Whole paragraphs while they fit, else unit by unit. */
function pieces(text, start, end) {
  const found = [];
  let open = null;
  for (const units of paragraphs(text, start, end)) {
    const more = units.reduce((sum, unit) => sum + unit.words, 0);
    if (open && open.words >= WORDS / 2 && open.words + more > WORDS) open = null;
    for (const unit of units) {
      if (!open || open.words + unit.words > WORDS) {
        open = { ...unit };
        found.push(open);
      } else {
        open.end = unit.end;
        open.words += unit.words;
      }
    }
  }
  const [before, rest] = found.slice(-2);
  if (rest && rest.words < TINY && before.words + rest.words <= MOST_WORDS) {
    before.end = rest.end;
    found.pop();
  }
  return found;
}

function* paragraphs(text, start, end) {
  const section = text.slice(start, end);
  let from = 0;
  for (const blank of section.matchAll(BLANK_LINE)) {
    yield unitsOf(text, start + from, start + blank.index);
    from = blank.index + blank[0].length;
  }
  yield unitsOf(text, start + from, end);
}

/** A paragraph's sentences and rows; the over-long ones cut at their line ends, or at word ends. */
function unitsOf(text, start, end) {
  const units = [];
  for (const sentence of sentences(text, start, end)) {
    const words = countWords(text.slice(sentence.start, sentence.end));
    if (words <= MOST_WORDS) units.push({ ...sentence, words });
    else for (const line of linesOf(text, sentence.start, sentence.end)) units.push(...chunks(text, line));
  }
  return units;
}

function* sentences(text, start, end) {
  const paragraph = text.slice(start, end);
  let from = 0;
  for (const mark of paragraph.matchAll(SENTENCE_END)) {
    const stop = mark.index + mark[0].length;
    if (mark[0] === "." && goesOn(paragraph, from, stop)) continue;
    yield* trimmed(text, start + from, start + stop);
    from = stop;
  }
  yield* trimmed(text, start + from, end);
}

/** Whether the full stop that ends at `stop` is an abbreviation's or a list number's. */
function goesOn(text, start, stop) {
  if (/^\s?\p{Ll}/u.test(text.slice(stop, stop + 3))) return true;
  return stop - start <= 8 && LIST_NUMBER.test(text.slice(start, stop));
}

function* linesOf(text, start, end) {
  while (start < end) {
    const found = text.indexOf("\n", start);
    const stop = found < 0 || found > end ? end : found;
    yield* trimmed(text, start, stop);
    start = stop + 1;
  }
}

/** The span without the white space around it; nothing when there is nothing else. */
function* trimmed(text, start, end) {
  const part = text.slice(start, end);
  const first = start + part.length - part.trimStart().length;
  const last = start + part.trimEnd().length;
  if (first < last) yield { start: first, end: last };
}

function countWords(text) {
  return text.match(WORD)?.length ?? 0;
}

/** Pieces of one line, cut before a word; where there is no white space, before any letter. */
function* chunks(text, { start, end }) {
  const words = Array.from(text.slice(start, end).matchAll(WORD), (word) => start + word.index);
  let first = 0;
  while (words.length - first > MOST_WORDS) {
    const after = cutBefore(text, words, first);
    const stop = start + text.slice(start, words[after]).trimEnd().length;
    yield { start, end: stop, words: after - first };
    start = words[after];
    first = after;
  }
  yield { start, end, words: words.length - first };
}

function cutBefore(text, words, first) {
  const candidates = Array.from({ length: WORDS / 2 }, (_, n) => first + WORDS - n);
  return (
    candidates.find((n) => /\s/u.test(text[words[n] - 1])) ??
    candidates.find((n) => !/^\p{M}/u.test(text.slice(words[n], words[n] + 2))) ??
    first + WORDS
  );
}
