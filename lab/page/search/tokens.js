/** How long a text is for a model. */

/**
 * @param {string} text
 * @returns {number} about how many tokens it costs, as rag/generation/context.py counts: four ASCII characters each,
 *   two of other alphabets, one of Chinese and Japanese; it errs to the high side
 */
export function estimateTokens(text) {
  let ascii = 0;
  let others = 0;
  let wide = 0;
  for (const character of text) {
    if (character < "\x80") ascii += 1;
    else if (character.codePointAt(0) >= 0x2e80) wide += 1;
    else others += 1;
  }
  return Math.floor((ascii + 3) / 4) + Math.floor((others + 1) / 2) + wide;
}
