/** Headings of Markdown text as rag/ingestion/headings.py sees them: `# …` and underlined, none in fenced code. */

const ATX = /^ {0,3}(#{1,6})(?:[ \t]([^\n]*))?$/u;
const UNDERLINE = /^ {0,3}(=+|-{2,})[ \t]*$/u;
const FENCE = /^ {0,3}(`{3,}|~{3,})([^\n]*)/u;
const NO_PARAGRAPH = /^(?:\s*(?:[-*+•](?:\s|$)|[|>]|\d+[.)](?:\s|$)|$)| {4}|\t)/u;
const LINK = /!?\[([^[\]]*)\]\([^()]*\)/gu;
const EMPHASIS = /(?<![\p{L}\p{N}_*])(\*{1,2}|_{1,2}|`)(?=\S)(.+?)(?<=\S)\1(?![\p{L}\p{N}_*])/gu;
const ANCHOR = /\s*(?:\{[:#][^{}]*\}|¶)$/u;
/** Characters; nobody writes longer headings, and a passage carries its headings with it. */
const LONGEST_LINE = 300;

/**
 * @param {string} text
 * @returns {Generator<{start: number, end: number, level: number, title: string}>} in order; `text.slice(start, end)`
 *   are a heading's lines, level 1 is the outermost, the title stands on one line without its marks
 */
export function* headings(text) {
  let fence = "";
  let above = null;
  let inParagraph = false;
  for (const line of lines(text)) {
    const mark = FENCE.exec(line.text);
    let paragraph = false;
    let found;
    if (fence) {
      if (mark?.[1].startsWith(fence) && !mark[2].trim()) fence = "";
    } else if (mark) {
      fence = mark[1];
    } else if ((found = short(line, ATX))) {
      yield { start: line.start, end: line.end, level: found[1].length, title: plain(found[2] ?? "") };
    } else if (above && (found = short(line, UNDERLINE))) {
      yield { start: above.start, end: line.end, level: found[1][0] === "=" ? 1 : 2, title: plain(above.text) };
    } else {
      paragraph = !NO_PARAGRAPH.test(line.text);
    }
    above = paragraph && !inParagraph && line.text.length <= LONGEST_LINE ? line : null;
    inParagraph = paragraph;
  }
}

/** The lines without their ends; `end` lies behind them. */
function* lines(text) {
  let start = 0;
  while (start < text.length) {
    const found = text.indexOf("\n", start);
    const end = found < 0 ? text.length : found + 1;
    yield { start, end, text: text.slice(start, found < 0 ? end : found).replace(/\r$/u, "") };
    start = end;
  }
}

function short(line, pattern) {
  return line.text.length <= LONGEST_LINE ? pattern.exec(line.text) : null;
}

/** A title without closing marks, links, emphasis and anchors. */
function plain(title) {
  const open = title.trim().replace(/^[-•·]\s+/u, "").replace(/(?:^|(?<=[ \t]))#+$/u, "");
  const bare = open.trim().replace(LINK, "$1").replace(ANCHOR, "").replace(EMPHASIS, "$2");
  return bare.trim().replace(/\s+/gu, " ");
}
