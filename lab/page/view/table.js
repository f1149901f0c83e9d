/** The table of runs, with the medians of each model below. */

import { clockTime, count, duration, speed } from "../format.js";
import { medians } from "../runs.js";
import { el } from "./dom.js";
import { STAGES, deviceName, flaw, shortName } from "./stages.js";

const COLUMNS = [
  { label: "Time", text: (run) => clockTime(run.at), word: true },
  { label: "Model", text: shortName, word: true },
  { label: "Where", text: (run) => run.place, word: true },
  { label: "Device", text: deviceName, word: true },
  { label: "Precision", text: (run) => run.precision, word: true },
  { label: "Start", text: (run) => run.start, word: true },
  { label: "Together", text: (run) => (run.together ? "yes" : "no"), word: true },
  ...STAGES.map(({ field, label }) => ({ label, text: (run) => duration(run[field]) })),
  { label: "Total", text: (run) => duration(run.total_ms) },
  { label: "Tokens", text: (run) => count(run.tokens) },
  { label: "Tokens/s", text: (run) => speed(run.tokens_per_s) },
  { label: "Passages", text: (run) => count(run.passages) },
  { label: "End", text: (run) => flaw(run) || (run.ended === "length" ? "at the limit" : "done"), word: true },
];
const OF_MEDIANS = {
  Time: (run) => `Median of ${run.runs}`,
  Start: (run) => mixed(run.cold, run.runs, "cold", "warm"),
  Together: (run) => mixed(run.togetherRuns, run.runs, "yes", "no"),
  End: () => "",
};

/**
 * Fills the table.
 * @param {HTMLTableElement} table
 * @param {import("../runs.js").Run[]} runs newest first
 */
export function showTable(table, runs) {
  const names = COLUMNS.map(({ label, word }) => el("th", { scope: "col", class: word ? "word" : false }, label));
  table.tHead.replaceChildren(el("tr", {}, ...names));
  table.tBodies[0].replaceChildren(...runs.map((run) => row(run, {})));
  table.tFoot.replaceChildren(...medians(runs).map((run) => row(run, OF_MEDIANS)));
}

function row(run, instead) {
  const cells = COLUMNS.map(({ label, text, word }, n) =>
    el(n ? "td" : "th", { scope: n ? false : "row", class: word ? "word" : false }, (instead[label] ?? text)(run)));
  return el("tr", { class: flaw(run) ? "flawed" : false }, ...cells);
}

function mixed(some, all, one, other) {
  if (some === 0 || some === all) return some ? one : other;
  return `${some} of ${all} ${one}`;
}
