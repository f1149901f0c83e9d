/**
 * Takes reasoning and answer apart, as they stream: `<think>…</think>` at the start is reasoning, whatever the pieces
 * that the tags come in.
 *
 * @param {boolean} inside whether the prompt already opened the reasoning, as some chat templates do
 * @returns {{push: (piece: string) => Delta[], end: () => Delta[]}} `end` gives what was held back for a tag
 * @typedef {{kind: "reasoning" | "text", text: string}} Delta never empty
 */
export function takeApart(inside) {
  const [opening, closing] = ["<think>", "</think>"];
  let place = inside ? "reasoning" : "start";
  let pending = "";
  let trimming = inside; // the space after a tag belongs to neither part

  function take(kind, length) {
    const text = trimming ? pending.slice(0, length).trimStart() : pending.slice(0, length);
    pending = pending.slice(length);
    trimming &&= !text;
    return text ? [{ kind, text }] : [];
  }

  function push(piece) {
    pending += piece;
    if (place === "start") {
      const begin = pending.trimStart();
      if (begin.startsWith(opening)) {
        pending = begin.slice(opening.length);
        [place, trimming] = ["reasoning", true];
      } else if (opening.startsWith(begin)) {
        return [];
      } else {
        place = "text";
      }
    }
    if (place === "text") {
      return take("text", pending.length);
    }
    const end = pending.indexOf(closing);
    if (end < 0) {
      return take("reasoning", pending.length - begunTag(pending, closing));
    }
    const reasoning = take("reasoning", end);
    pending = pending.slice(closing.length);
    [place, trimming] = ["text", true];
    return [...reasoning, ...take("text", pending.length)];
  }

  return { push, end: () => take(place === "reasoning" ? "reasoning" : "text", pending.length) };
}

/** @returns {number} how many characters at the end of the text may be the start of the tag */
function begunTag(text, tag) {
  let length = Math.min(text.length, tag.length - 1);
  while (length && !tag.startsWith(text.slice(-length))) {
    length -= 1;
  }
  return length;
}
