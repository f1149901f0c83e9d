/** The marks of an answer: `[1]`, `[1, 2]` and `【1†…】` as models write them. */

const MARK = /\[\d{1,3}(?:\s*[,;]\s*\d{1,3}){0,9}\]|【\d{1,3}(?:†[^】\n]{0,80})?】/g;
const UNFINISHED = /(?:\[[\d,;\s]{0,40}|【[^】\n]{0,84})$/;

/**
 * @typedef {{text: string, number?: number}} Part a piece of text, which is a mark when it has a number
 */

/**
 * Text in pieces; only numbers of `known` passages become marks, all else stays as it was written.
 * @param {string} text
 * @param {Set<number>} known
 * @returns {Part[]}
 */
export function parts(text, known) {
  const found = [];
  let end = 0;
  for (const match of text.matchAll(MARK)) {
    const numbers = (match[0].split("†")[0].match(/\d+/g) ?? []).map(Number);
    if (!numbers.every((number) => known.has(number))) continue;
    if (match.index > end) found.push({ text: text.slice(end, match.index) });
    found.push(...numbers.map((number) => ({ text: `[${number}]`, number })));
    end = match.index + match[0].length;
  }
  if (end < text.length) found.push({ text: text.slice(end) });
  return found;
}

/** How much of the text can be shown already: what may become a mark with the next token waits. */
export function finishedLength(text) {
  return UNFINISHED.exec(text)?.index ?? text.length;
}
