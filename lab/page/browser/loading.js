/**
 * Loads the runtime and one model into this worker, for good: a worker ends with its model, since the memory of
 * WebAssembly never shrinks.
 *
 * @typedef {{url: string, hub: string, runtime: string, device: "webgpu" | "wasm", precision: string, bytes: number,
 *   threads: number}} Spec `url`: the folder of the model's files; `hub`: its id on the public hub, or "" for a model
 *   of this server; `runtime`: the folder of the runtime's files
 */
import { CACHE_NAME } from "../cache.js";
import { fileCounter } from "./files.js";

const WASM = "ort-wasm-simd-threaded.asyncify";
/** Compiling takes seconds; a thread that cannot start would be waited for without end. */
const INIT_LIMIT_MS = 60_000;

/**
 * @param {Spec} spec
 * @param {(event: {kind: "loading", share: number | null, text: string}) => void} emit
 * @returns {Promise<{library: object, tokenizer: object, model: object, from: "network" | "cache"}>}
 * @throws {LoadingFailure}
 */
export async function load(spec, emit) {
  const counter = fileCounter(spec.bytes, (share, text) => emit({ kind: "loading", share, text }));
  let step = "start";
  try {
    if (spec.device === "webgpu" && !(await navigator.gpu?.requestAdapter())) {
      throw new Error("no WebGPU adapter"); // known before anything is fetched
    }
    step = "runtime";
    emit({ kind: "loading", share: null, text: "Starting the runtime" });
    const library = await import(`${spec.runtime}transformers.min.js`);
    configure(library.env, spec, counter);
    library.env.backends.onnx.wasm.wasmBinary = await counter.bytes(`${spec.runtime}${WASM}.wasm`);

    step = "tokenizer";
    const id = spec.hub || new URL(spec.url).pathname.replace(/\/$/, "");
    const tokenizer = await library.AutoTokenizer.from_pretrained(id);

    step = "weights";
    emit({ kind: "loading", share: null, text: "Reading the model" });
    const { device, precision: dtype } = spec;
    const model = await library.AutoModelForCausalLM.from_pretrained(id, { device, dtype });

    step = "start";
    if (spec.device === "webgpu") {
      emit({ kind: "loading", share: null, text: "Preparing the model for WebGPU" });
      await warmUp(tokenizer, model);
    }
    return { library, tokenizer, model, from: counter.fetched ? "network" : "cache" };
  } catch (error) {
    throw new LoadingFailure(step, counter.problem, error);
  }
}

/** Loading failed at a step: the runtime, the tokenizer, the weights, or the start on the device. */
export class LoadingFailure extends Error {
  constructor(step, problem, cause) {
    super(String(cause?.message ?? cause), { cause });
    this.step = step;
    /** The file that did not come, if one did not. */
    this.problem = problem;
  }
}

function configure(env, spec, counter) {
  env.logLevel = 50; // none: what goes wrong is said once, in a sentence
  env.allowLocalModels = !spec.hub;
  env.allowRemoteModels = Boolean(spec.hub);
  env.fetch = counter.fetch;
  env.cacheKey = CACHE_NAME;
  env.useBrowserCache &&= "caches" in globalThis;
  env.useWasmCache = false; // it would run the cached module as a blob:, which the page's policy forbids
  const { wasm } = env.backends.onnx;
  wasm.wasmPaths = { mjs: `${spec.runtime}${WASM}.mjs`, wasm: `${spec.runtime}${WASM}.wasm` };
  wasm.numThreads = spec.threads;
  wasm.initTimeout = INIT_LIMIT_MS;
}

/** Compiles the shaders of prompt and answer, and finds out whether the adapter really computes. */
async function warmUp(tokenizer, model) {
  const inputs = tokenizer("Hello", { add_special_tokens: false });
  await model.generate({ ...inputs, max_new_tokens: 2, do_sample: false, eos_token_id: [-1] });
}
