/** A model inside this browser: transformers.js in a Web Worker, on WebGPU or WebAssembly. */
import { converse } from "./browser/host.js";
import { makeTurns } from "./browser/turns.js";
import { dropModel, dropStale, modelUrl } from "./cache.js";
import { choose, inspect } from "./device.js";
import { LabError } from "./errors.js";

const turns = makeTurns();
const STOPPED = { kind: "ended", reason: "stopped", promptTokens: null, tokens: null };

/**
 * @param {{model: {id: string, path?: string, precisions: Record<string, number>}, runtimePath: string,
 *   choice: import("./device.js").Choice}} given a model of `setup.json` (without a path: one of the public hub),
 *   where the runtime lies, and what `choose` said
 * @returns {{label: string, place: "browser", name: string, device: string, precision: string, adapter: string,
 *   stream: (request: object, signal: AbortSignal) => AsyncGenerator<object>}} `device`, `precision` and `adapter` are
 *   those of the last run: a model that fails on WebGPU goes on in WebAssembly
 */
export function browserModel({ model, runtimePath, choice }) {
  const handle = {
    label: `${model.id.split("/").at(-1)} in this browser`,
    place: "browser",
    name: model.id,
    device: choice.device,
    precision: choice.precision,
    adapter: choice.adapter,
    stream,
  };
  let current = choice;
  let tidied = false;

  /**
   * @param {{messages: {role: string, content: string}[], maxTokens: number, temperature: number}} request
   * @param {AbortSignal} signal
   * @throws {LabError} with one sentence, after which the next run starts afresh
   */
  async function* stream(request, signal = new AbortController().signal) {
    const turn = turns.next(signal);
    if (turns.waiting()) {
      yield { kind: "loading", share: null, text: "Waiting for the run before this one" };
    }
    const done = await turn;
    if (!done) {
      yield STOPPED;
      return;
    }
    try {
      yield* attempt(request, signal);
    } finally {
      done();
    }
  }

  /** One run; what fails on WebGPU before its first token is tried once more on the processor. */
  async function* attempt(request, signal) {
    if (!tidied) {
      tidied = true;
      await dropStale(model, runtimePath);
    }
    const told = new Set();
    for await (const event of converse(specOf(current), request, signal)) {
      if (event.kind !== "failed") {
        told.add(event.kind);
        yield event;
        continue;
      }
      const begun = told.has("text") || told.has("reasoning");
      const instead = begun ? null : await onProcessor(event);
      if (!instead) {
        await forget(event);
        throw new LabError(event.sentence, { cause: event.detail });
      }
      use(instead);
      yield { kind: "loading", share: null, text: "The model failed on WebGPU, so it runs on the processor instead" };
      yield* once(told, attempt(request, signal));
    }
  }

  /** @returns {Promise<import("./device.js").Choice | null>} how the model runs without WebGPU, if that would help */
  async function onProcessor({ cause }) {
    if (current.device !== "webgpu" || !["device", "memory", "died"].includes(cause)) {
      return null;
    }
    const other = choose(model.precisions, await inspect(), { device: "wasm" });
    return "reason" in other ? null : other;
  }

  async function forget({ cause }) {
    if (cause === "damaged") {
      await dropModel(model); // so that the next run fetches it anew
    }
  }

  function use(other) {
    current = other;
    Object.assign(handle, { device: other.device, precision: other.precision, adapter: other.adapter });
  }

  function specOf({ device, precision, bytes, threads }) {
    const url = modelUrl(model);
    const runtime = new URL(runtimePath, import.meta.url).href;
    return { url, hub: model.path ? "" : model.id, runtime, device, precision, bytes, threads };
  }

  return handle;
}

/** Leaves out `ready` and `opened` where the run told them before: each comes once. */
async function* once(told, events) {
  for await (const event of events) {
    if (!["ready", "opened"].includes(event.kind) || !told.has(event.kind)) {
      yield event;
    }
  }
}
