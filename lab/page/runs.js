/** The record of runs: what was measured, kept in this browser, never a word of a prompt or an answer. */

import { tokensPerSecond } from "./clock.js";

export const MOST_RUNS = 200;
const KEY = "groundwork-lab-runs";
const TEXTS = ["at", "place", "model", "device", "adapter", "precision", "start", "ended"];
const STAGES = ["load_ms", "prompt_ms", "first_ms", "generate_ms"];
const NUMBERS = [...STAGES, "total_ms", "passages"];
const MAYBE_NUMBERS = ["prompt_tokens", "tokens", "tokens_per_s"];
export const COLUMNS = [
  ...["at", "place", "model", "device", "adapter", "precision", "start", "together", "ended"],
  ...STAGES,
  ...["total_ms", "prompt_tokens", "tokens", "tokens_per_s", "passages"],
];
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;

/**
 * One run of one model; times in milliseconds.
 * @typedef {object} Run
 * @property {string} id
 * @property {string} at ISO 8601, in UTC
 * @property {"browser" | "server"} place
 * @property {string} model
 * @property {string} device "webgpu", "wasm" or "server"
 * @property {string} adapter WebGPU's, such as "NVIDIA ampere"; else ""
 * @property {string} precision "" when it is not known
 * @property {"cold" | "warm"} start
 * @property {boolean} together another model ran at the same time
 * @property {"stop" | "length" | "stopped" | "failed"} ended
 * @property {number} load_ms
 * @property {number} prompt_ms
 * @property {number} first_ms
 * @property {number} generate_ms
 * @property {number} total_ms
 * @property {number | null} prompt_tokens
 * @property {number | null} tokens
 * @property {number | null} tokens_per_s
 * @property {number} passages given to the model
 */

/** Whether the run went to its end, so that its times can be compared. */
export function isWhole(run) {
  return run.ended === "stop" || run.ended === "length";
}

/** The runs that this browser keeps, oldest first. What cannot be kept stays until the page is closed. */
export class RunLog extends EventTarget {
  #storage;
  #runs = [];

  /** @param {Storage | null} storage null when the browser keeps nothing */
  constructor(storage) {
    super();
    this.#storage = storage;
    this.#runs = this.#kept();
  }

  /** @returns {Run[]} */
  get runs() {
    return [...this.#runs];
  }

  /** Adds a run to those of all tabs, drops the oldest beyond `MOST_RUNS`, and tells that it changed. */
  add(run) {
    const known = new Map([...this.#kept(), ...this.#runs, run].map((each) => [each.id, each]));
    const inOrder = [...known.values()].sort((a, b) => a.at.localeCompare(b.at));
    this.#change(inOrder.slice(-MOST_RUNS));
  }

  /** Forgets all runs. */
  clear() {
    this.#change([]);
  }

  /** Takes what another tab has written. */
  reload() {
    this.#runs = this.#kept();
    this.dispatchEvent(new Event("change"));
  }

  #change(runs) {
    this.#runs = runs;
    try {
      this.#storage?.setItem(KEY, JSON.stringify(runs));
    } catch {
      // The browser's quota is full, or it keeps nothing: the runs live as long as the page.
    }
    this.dispatchEvent(new Event("change"));
  }

  #kept() {
    try {
      const stored = JSON.parse(this.#storage?.getItem(KEY) ?? "[]");
      return Array.isArray(stored) ? stored.map(checked).filter(Boolean).slice(-MOST_RUNS) : [];
    } catch {
      return [];
    }
  }
}

/** Whether a storage event is about the runs. */
export function isAboutRuns(event) {
  return event.key === KEY || event.key === null;
}

/** The run with the fields of a run and no others, or null when it is none. */
function checked(stored) {
  const run = stored ?? {};
  const isRun =
    [...TEXTS, "id"].every((name) => typeof run[name] === "string" && run[name].length <= 200) &&
    NUMBERS.every((name) => isAmount(run[name])) &&
    MAYBE_NUMBERS.every((name) => run[name] === null || isAmount(run[name])) &&
    !Number.isNaN(Date.parse(run.at));
  if (!isRun) return null;
  const fields = ["id", ...COLUMNS].map((name) => [name, run[name]]);
  return { ...Object.fromEntries(fields), together: run.together === true };
}

function isAmount(value) {
  return Number.isFinite(value) && value >= 0;
}

/**
 * The medians of each model with three whole runs or more, in the order in which the models come. A model on another
 * device or adapter, or in another precision, is another one.
 * @param {Run[]} runs
 * @returns {(Run & {runs: number, cold: number, togetherRuns: number})[]}
 */
export function medians(runs) {
  const groups = new Map();
  for (const run of runs.filter(isWhole)) {
    const key = JSON.stringify([run.place, run.model, run.device, run.adapter, run.precision]);
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  return [...groups.values()].filter((group) => group.length >= 3).map(medianRun);
}

function medianRun(group) {
  const amounts = [...NUMBERS, ...MAYBE_NUMBERS].map((name) => [name, median(group.map((run) => run[name]))]);
  const cold = group.filter((run) => run.start === "cold").length;
  const togetherRuns = group.filter((run) => run.together).length;
  return { ...group[0], ...Object.fromEntries(amounts), runs: group.length, cold, togetherRuns };
}

/** The middle of the numbers, or the mean of the two in the middle; null without any. */
function median(values) {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  if (!known.length) return null;
  const middle = known.length >> 1;
  return known.length % 2 ? known[middle] : (known[middle - 1] + known[middle]) / 2;
}

/**
 * Runs as CSV (RFC 4180) with a header row; what is not known is empty. Text that a spreadsheet would run as a formula
 * gets an apostrophe before it (OWASP, CSV injection).
 */
export function asCsv(runs) {
  const rows = [COLUMNS, ...runs.map((run) => COLUMNS.map((name) => run[name]))];
  return rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

function cell(value) {
  if (typeof value !== "string") return value === null ? "" : String(value);
  const plain = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

/** Runs as a JSON array, with the names of the CSV's columns. */
export function asJson(runs) {
  const rows = runs.map((run) => Object.fromEntries(COLUMNS.map((name) => [name, run[name]])));
  return `${JSON.stringify(rows, null, 2)}\n`;
}

/**
 * A finished run as it is recorded.
 * @param {{place: string, name: string, device: string, adapter: string, precision: string}} model
 * @param {import("./clock.js").Stages} stages
 * @param {{from: string | null, ended: string, tokens: number | null, promptTokens: number | null,
 *   passages: number, together: boolean}} outcome
 * @param {Date} at when it began
 * @returns {Run}
 */
export function recorded(model, stages, outcome, at) {
  return {
    id: crypto.randomUUID?.() ?? `${at.getTime()}-${Math.random()}`,
    at: at.toISOString(),
    place: model.place,
    model: model.name,
    device: model.device,
    adapter: model.adapter,
    precision: model.precision,
    start: outcome.from === "memory" || outcome.from === "cache" ? "warm" : "cold",
    together: outcome.together,
    ended: outcome.ended,
    ...stages,
    prompt_tokens: outcome.promptTokens,
    tokens: outcome.tokens,
    tokens_per_s: tokensPerSecond(outcome.tokens, stages.generate_ms),
    passages: outcome.passages,
  };
}
