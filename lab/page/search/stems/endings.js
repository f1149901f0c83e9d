/** The longest of a set of endings, which is how Snowball's stemmers choose: a shorter one is never tried instead. */

/**
 * @param {string | Iterable<string>} list the endings; in a string, with white space between them
 * @returns {(word: string, from?: number) => string} the longest ending of `word` that lies at or behind `from`;
 *   "" for none
 */
export function endingOf(list) {
  const all = new Set(typeof list === "string" ? list.trim().split(/\s+/u) : list);
  const lengths = [...new Set([...all].map((ending) => ending.length))].sort((a, b) => b - a);
  return (word, from = 0) => {
    for (const length of lengths) {
      if (length > word.length - from) continue;
      const ending = word.slice(word.length - length);
      if (all.has(ending)) return ending;
    }
    return "";
  };
}

/** @returns {string} the word without its last `count` UTF-16 units */
export function without(word, count) {
  return word.slice(0, word.length - count);
}
