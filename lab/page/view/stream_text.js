/** Text that grows: shown at most twenty times a second, line by line, so that long answers stay quick to lay out. */

import { el } from "./dom.js";
import { finishedLength, parts } from "./marks.js";

const EVERY_MS = 50;
const LONGEST_LINE = 4000;
const NEAR_END_PX = 32;

/** Appends to an element; whoever reads at its end is kept there. */
export class StreamText {
  #element;
  #scroller;
  #known;
  #mark;
  #waiting = "";
  #timer = null;
  #line = null;
  #lineLength = 0;
  #begun = false;

  /**
   * @param {HTMLElement} element that the lines go into
   * @param {object} [options]
   * @param {HTMLElement} [options.scroller] that scrolls the text
   * @param {Set<number>} [options.known] numbers of the passages
   * @param {(number: number) => Node} [options.mark] makes the button of a passage
   */
  constructor(element, { scroller = element, known = new Set(), mark = null } = {}) {
    this.#element = element;
    this.#scroller = scroller;
    this.#known = known;
    this.#mark = mark;
  }

  /** Shows the text soon; space before the first word is left out. */
  push(text) {
    this.#waiting += this.#begun ? text : text.trimStart();
    this.#begun ||= this.#waiting !== "";
    this.#timer ??= setTimeout(() => this.#show(finishedLength(this.#waiting)), EVERY_MS);
  }

  /** Shows at once what still waits. */
  flush() {
    this.#show(this.#waiting.length);
  }

  #show(length) {
    clearTimeout(this.#timer);
    this.#timer = null;
    const text = this.#waiting.slice(0, length);
    this.#waiting = this.#waiting.slice(length);
    if (!text) return;
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    const atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
    for (const part of parts(text, this.#known)) this.#append(part);
    if (atEnd) this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  #append({ text, number }) {
    if (number !== undefined) {
      this.#currentLine().append(this.#mark(number));
      return;
    }
    text.split("\n").forEach((piece, n) => {
      if (n > 0) this.#endLine();
      for (let at = 0; at < piece.length; at += LONGEST_LINE) this.#write(piece.slice(at, at + LONGEST_LINE));
    });
  }

  #write(text) {
    const line = this.#currentLine();
    if (line.lastChild?.nodeType === Node.TEXT_NODE && this.#lineLength < LONGEST_LINE) line.lastChild.appendData(text);
    else {
      line.append(text);
      this.#lineLength = 0;
    }
    this.#lineLength += text.length;
  }

  #currentLine() {
    this.#line ??= this.#element.appendChild(el("p"));
    return this.#line;
  }

  #endLine() {
    this.#currentLine();
    this.#line = null;
    this.#lineLength = 0;
  }
}
