/**
 * The worker that holds one model: it loads it at the first run, and answers one request after the other.
 *
 * In: `{kind: "run", spec, request}` (a `Spec` of `browser/loading.js`, the same in every run, and what `generate`
 * takes), `{kind: "stop"}`. Out: the events of a run, the last of them `{kind: "ended"}` or
 * `{kind: "failed", cause, sentence, detail}` (`browser/failures.js`); after a failure the worker is to be ended.
 * `{kind: "alive"}` comes once its lock is held, which is free again when the worker has died.
 */
import { explain } from "./browser/failures.js";
import { generate, hearBetweenTokens } from "./browser/generating.js";
import { load } from "./browser/loading.js";
import { weightsFile } from "./cache.js";

const emit = (event) => postMessage(event);
let loaded = null;
let stopper = null;

addEventListener("message", ({ data }) => {
  if (data.kind === "stop") {
    stopper?.interrupt();
  } else {
    run(data.spec, data.request);
  }
});

navigator.locks?.request(self.name, () => {
  emit({ kind: "alive" });
  return new Promise(() => {});
});

async function run(spec, request) {
  try {
    const from = loaded ? "memory" : (loaded = await start(spec)).from;
    stopper = new loaded.library.InterruptableStoppingCriteria();
    emit({ kind: "ready", from });
    emit({ kind: "ended", ...(await generate(loaded, request, stopper, emit)) });
  } catch (error) {
    emit({ kind: "failed", ...explain(error, weightsFile(spec.precision), spec.hub !== "") });
  }
}

async function start(spec) {
  const model = await load(spec, emit);
  hearBetweenTokens(model.model);
  return model;
}
