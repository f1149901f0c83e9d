/** What a failure in the worker means for the person: one sentence that says what to do. */
import { Unanswerable } from "./generating.js";

const MEMORY = /out of memory|bad_alloc|allocation failed|failed to allocate|invalid (typed )?array length/i;
const DAMAGED = /protobuf|invalid model|not a valid|unexpected end|failed to load model|JSON|deserializ|external data/i;

const OWN = {
  from: "the server",
  reach: "See that it runs, then try again.",
  again: "Put its files into the models folder again, then reload this page.",
};
const HUB = {
  from: "huggingface.co",
  reach: "Check the internet connection, then try again.",
  again: "Download the model again.",
};

/**
 * @param {unknown} error
 * @param {string} file of the weights
 * @param {boolean} fromHub whether the model is one of the public hub
 * @returns {{cause: "missing" | "fetching" | "runtime" | "memory" | "damaged" | "request" | "device",
 *   sentence: string, detail: string}} `detail` is for a developer; `device` may work on another one
 */
export function explain(error, file, fromHub) {
  const source = fromHub ? HUB : OWN;
  const detail = String(error?.message ?? error);
  const { step = "answer", problem = null } = error ?? {};
  const as = (cause, sentence) => ({ cause, sentence, detail });
  if (error instanceof Unanswerable) {
    return as("request", detail);
  }
  if (step === "runtime") {
    return as("runtime", "The runtime for models in the browser did not come from the server. See that the server runs "
      + "and that `rag lab install` was run there, then reload this page.");
  }
  if (problem?.status === 404) {
    return as("missing", fromHub ? `${source.from} has no file ${problem.file} of this model. Choose another model.`
      : `The model lacks its file ${problem.file}. Put it into the models folder, then reload this page.`);
  }
  if (problem) {
    return as("fetching", `The file ${problem.file} did not come from ${source.from}. ${source.reach}`);
  }
  if (MEMORY.test(detail)) {
    return as("memory", "This browser ran out of memory for the model. Close other tabs, or choose a smaller model.");
  }
  if (step === "tokenizer") {
    return as("damaged", `The model's tokenizer is damaged or missing. ${source.again}`);
  }
  if (step === "weights" && DAMAGED.test(detail)) {
    return as("damaged", `The model's file ${file} is damaged. ${source.again}`);
  }
  return as("device", step === "answer"
    ? "The model failed while it answered. Try again, or choose another model."
    : "The model does not start in this browser. Choose another precision or another model.");
}
