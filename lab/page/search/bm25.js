/** BM25 of one field of the passages, as rag/retrieval/memory_index.py has it. */

/** BM25's term saturation: Lucene's and tantivy's value. */
const K1 = 1.2;
/** BM25's length normalisation: Lucene's and tantivy's value. */
const B = 0.75;

/**
 * The words or the grams of one field. It counts pieces, words as they stand in the text, and adds up those that hold
 * a term when one is asked for: a passage has five times as many grams as words.
 */
export class Field {
  /** The postings of the pieces that hold a term, one for each time that they do. @type {Map<string, Posting[]>} */
  #holding = new Map();
  #lengths;
  #mean;

  /**
   * @param {import("./analysis.js").Terms[][]} texts the pieces of each passage
   * @param {"words" | "grams"} kind
   */
  constructor(texts, kind) {
    const count = (pieces) => pieces.reduce((sum, piece) => sum + piece[kind].length, 0);
    this.#lengths = Float64Array.from(texts, count);
    this.#mean = this.#lengths.reduce((sum, length) => sum + length, 0) / texts.length;
    for (const [piece, posting] of postingsOf(texts)) {
      for (const term of piece[kind]) {
        const holding = this.#holding.get(term);
        if (holding) holding.push(posting);
        else this.#holding.set(term, [posting]);
      }
    }
  }

  /** @returns {Map<number, number>} how often the term stands in each passage that holds it */
  counts(term) {
    const counts = new Map();
    for (const { passages, times } of this.#holding.get(term) ?? []) {
      passages.forEach((passage, n) => counts.set(passage, (counts.get(passage) ?? 0) + times[n]));
    }
    return counts;
  }

  /** Adds weight · n (k1 + 1) / (n + k1 (1 - b + b · length / mean)) to the score of each passage that has n. */
  addTo(scores, counts, weight) {
    for (const [passage, count] of counts) {
      const size = K1 * (1 - B + (B * this.#lengths[passage]) / this.#mean);
      scores[passage] += (weight * count * (K1 + 1)) / (count + size);
    }
  }
}

/** log(1 + (N - n + 0.5) / (n + 0.5)), never negative (Lucene's form of Robertson and Spärck Jones). */
export function inverseFrequency(passages, containing) {
  return Math.log(1 + (passages - containing + 0.5) / (containing + 0.5));
}

/**
 * Which passages hold a piece, and how often.
 * @typedef {{passages: number[], times: number[]}} Posting
 */
function postingsOf(texts) {
  /** @type {Map<object, Posting>} */
  const postings = new Map();
  texts.forEach((pieces, passage) => {
    for (const piece of pieces) {
      const posting = postings.get(piece);
      const last = posting ? posting.passages.length - 1 : -1;
      if (!posting) postings.set(piece, { passages: [passage], times: [1] });
      else if (posting.passages[last] === passage) posting.times[last] += 1;
      else {
        posting.passages.push(passage);
        posting.times.push(1);
      }
    }
  });
  return postings;
}
