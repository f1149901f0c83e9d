/** The four stages of a run, in their order, as the chart and the table name them. */

import { duration, plural, rate } from "../format.js";
import { isWhole } from "../runs.js";

export const STAGES = [
  { name: "load", field: "load_ms", label: "Load", meaning: "until the model was ready" },
  { name: "prompt", field: "prompt_ms", label: "Prompt", meaning: "passages chosen, prompt handed over" },
  { name: "first", field: "first_ms", label: "First token", meaning: "the model reads the prompt" },
  { name: "generate", field: "generate_ms", label: "Generate", meaning: "from the first token to the last" },
];
const DEVICES = { webgpu: "WebGPU", wasm: "WebAssembly", server: "" };
const ENDINGS = { stop: "", length: "", stopped: "stopped", failed: "failed" };

/** A model's name without the folder that it lies in. */
export function shortName(run) {
  return run.model.split("/").at(-1);
}

/** "browser, WebGPU, q4f16": where and how a run ran. */
export function whereAndHow(run) {
  return [run.place, deviceName(run), run.adapter, run.precision].filter(Boolean).join(", ");
}

/** The device as people write it; nothing for the server, which does not tell. */
export function deviceName(run) {
  return DEVICES[run.device] ?? run.device;
}

/** What keeps a run from being compared, or nothing. */
export function flaw(run) {
  return ENDINGS[run.ended] ?? "failed";
}

/** What else there is to know about a run: how it started, that it shared the machine, how it ended. */
export function remarks(run) {
  return [`${run.start} start`, run.together && "ran beside another model", flaw(run)].filter(Boolean);
}

/** All of a run in one sentence, for those who hear the chart. */
export function spoken(run) {
  const stages = STAGES.map(({ field, label }) => `${label} ${duration(run[field])}`);
  const speed = run.tokens_per_s === null ? [] : [rate(run.tokens_per_s)];
  const passages = run.passages ? [plural(run.passages, "passage")] : [];
  const all = [whereAndHow(run), ...remarks(run), `total ${duration(run.total_ms)}`, ...stages, ...speed, ...passages];
  return `${shortName(run)}: ${all.join(", ")}.`;
}

/** What stands at the end of a run's bar. */
export function endLabel(run) {
  if (!isWhole(run)) return flaw(run);
  return run.tokens_per_s === null ? duration(run.total_ms) : rate(run.tokens_per_s);
}
