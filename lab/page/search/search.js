/**
 * A question to the passages that fit it best: the ranking of rag/retrieval for a question without earlier ones.
 *
 * A term that the query weighs w scores w · idf · Σ over the fields of its kind: field weight · BM25 of the field, with
 * one idf for all of them, from the field that holds everything.
 *
 * @typedef {import("./split.js").Passage} Passage
 */

import { GRAM_WEIGHT, analyse, piecesOf } from "./analysis.js";
import { Field, inverseFrequency } from "./bm25.js";

/** What of a passage is searched, with its weight: all of it for words and grams, what stands above it for words. */
const FIELDS = {
  words: { of: "everything", kind: "words", weight: 1 },
  grams: { of: "everything", kind: "grams", weight: GRAM_WEIGHT },
  title: { of: "title", kind: "words", weight: 0.4 },
  headings: { of: "headings", kind: "words", weight: 0.4 },
};

/** @type {WeakMap<Passage, Record<string, import("./analysis.js").Terms[]>>} */
const analysed = new WeakMap();
/** The index of the last question's passages. */
let current = { passages: [], fields: {} };

/**
 * @param {string} question
 * @param {Passage[]} passages that are not changed afterwards: what was made of them is kept for the next question
 * @param {number} [limit] how many to give back at most
 * @returns {{passage: Passage, score: number}[]} best first, those of one score in their order, none that scores 0
 */
export function rank(question, passages, limit = Infinity) {
  if (passages.length === 0) return [];
  const fields = indexOf(passages);
  const asked = analyse(question);
  const scores = new Float64Array(passages.length);
  for (const kind of ["words", "grams"]) {
    for (const term of new Set(asked[kind])) addTerm(scores, fields, kind, term);
  }
  return passages
    .map((passage, n) => ({ passage, score: scores[n] }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .slice(0, limit);
}

/** The headings above a passage, without its document's title. */
export function headingsOf(passage) {
  return passage.headings.filter((heading) => heading !== passage.title);
}

function addTerm(scores, fields, kind, term) {
  const counts = fields[kind].counts(term);
  const idf = inverseFrequency(scores.length, counts.size);
  for (const [name, { kind: own, weight }] of Object.entries(FIELDS)) {
    if (own === kind) fields[name].addTo(scores, name === kind ? counts : fields[name].counts(term), weight * idf);
  }
}

function indexOf(passages) {
  const kept = current.passages;
  if (kept.length !== passages.length || kept.some((passage, n) => passage !== passages[n])) {
    const pieces = passages.map(piecesOfPassage);
    const field = ({ of, kind }) => new Field(pieces.map((each) => each[of]), kind);
    const fields = Object.fromEntries(Object.entries(FIELDS).map(([name, each]) => [name, field(each)]));
    current = { passages: [...passages], fields };
  }
  return current.fields;
}

function piecesOfPassage(passage) {
  let pieces = analysed.get(passage);
  if (!pieces) {
    const headings = headingsOf(passage);
    pieces = {
      everything: piecesOf([passage.title, ...headings, passage.text].join("\n")),
      title: piecesOf(passage.title),
      headings: piecesOf(headings.join("\n")),
    };
    analysed.set(passage, pieces);
  }
  return pieces;
}
