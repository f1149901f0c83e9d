/**
 * Text of tokens as they come: each token's text at once, except where a character is still incomplete.
 *
 * The library's own streamer waits for the end of a word, which would count each first token one token too late. The
 * method is that of Text Generation Inference: decode a few tokens with and without the new ones, and compare, since
 * a token's text depends on the ones before it.
 *
 * @param {(ids: number[]) => string} decode never asked for the text of no tokens
 * @returns {{push: (id: number) => string, end: () => string}}
 */
export function detokenizer(decode) {
  const ids = [];
  let [context, read] = [0, 0];

  function text(finished) {
    const before = read > context ? decode(ids.slice(context, read)) : "";
    const now = ids.length > context ? decode(ids.slice(context)) : "";
    if (now.length <= before.length || (!finished && now.endsWith("\ufffd"))) {
      return "";
    }
    [context, read] = [read, ids.length];
    return now.slice(before.length);
  }

  return {
    push(id) {
      ids.push(id);
      return text(false);
    },
    end: () => text(true),
  };
}
