/**
 * Where the milliseconds of a run went; the four stages add up to the total.
 * @typedef {object} Stages
 * @property {number} load_ms until the model was ready
 * @property {number} prompt_ms passages chosen, and from ready until the prompt was with the model
 * @property {number} first_ms from then to the first token, of reasoning or of the answer
 * @property {number} generate_ms from the first token to the last
 * @property {number} total_ms
 */

/** The stage clock of one run. It starts when it is made; a stage that is never reached is left at nothing. */
export class StageClock {
  #now;
  #prepared;
  #began;
  #ready = null;
  #opened = null;
  #first = null;
  #last = null;

  /**
   * @param {object} [options]
   * @param {() => number} [options.now] milliseconds from any zero
   * @param {number} [options.prepared] milliseconds that went into the prompt before the run began
   */
  constructor({ now = () => performance.now(), prepared = 0 } = {}) {
    this.#now = now;
    this.#prepared = prepared;
    this.#began = now();
  }

  /** The model is ready. One that was in memory already had nothing to load, whenever that was heard of. */
  ready(from) {
    this.#ready ??= from === "memory" ? this.#began : this.#now();
  }

  /** The prompt is with the model. */
  opened() {
    this.#opened ??= this.#now();
    this.#ready ??= this.#began;
  }

  /** A token arrived, or some at once. */
  token() {
    this.opened();
    this.#last = this.#now();
    this.#first ??= this.#last;
  }

  /** @returns {Stages} at the last token; of a run without any, now. In tenths of a millisecond. */
  stages() {
    const end = this.#last ?? this.#now();
    const ready = this.#ready ?? end;
    const opened = Math.max(this.#opened ?? end, ready);
    const first = this.#first ?? end;
    const stages = {
      load_ms: tenths(ready - this.#began),
      prompt_ms: tenths(this.#prepared + opened - ready),
      first_ms: tenths(first - opened),
      generate_ms: tenths(end - first),
    };
    return { ...stages, total_ms: tenths(Object.values(stages).reduce((sum, ms) => sum + ms, 0)) };
  }
}

/** Tokens that arrive within so few milliseconds came in one piece, which says nothing about their writing. */
const ONE_PIECE_MS = 10;

/** Tokens a second between the first and the last; null when that cannot be said. */
export function tokensPerSecond(tokens, generateMs) {
  return tokens > 1 && generateMs >= ONE_PIECE_MS ? tenths(((tokens - 1) * 1000) / generateMs) : null;
}

function tenths(value) {
  return Math.round(Math.max(value, 0) * 10) / 10;
}
