/**
 * The page's one worker, with the one model that it holds: started when a run needs it, ended when a run needs another
 * model, when it fails, when it dies, and when it does not stop.
 */

/** A model that is deep in a long prompt hears nothing until its first token; then its worker is ended instead. */
const GRACE_MS = 2000;
const NO_SCRIPT = "The model's script did not come from the server. See that it runs, then try again.";
const DIED = "The model stopped all at once, most likely for lack of memory. Try again, or choose a smaller model.";

/** @type {{worker: Worker, key: string, inbox: Inbox, watch: AbortController} | null} */
let live = null;

/**
 * @param {import("./loading.js").Spec} spec
 * @param {object} request what `generate` takes
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<object>} what the worker says, until `ended` or `failed`; `{kind: "failed", cause: "died"}`
 *   when it dies. An abort gives `ended` with "stopped": while loading at once, afterwards within a token, or two
 *   seconds
 */
export async function* converse(spec, request, signal) {
  if (signal.aborted) {
    yield { kind: "ended", reason: "stopped", promptTokens: null, tokens: null };
    return;
  }
  const key = JSON.stringify(spec);
  let loaded = live?.key === key;
  if (!loaded) {
    end();
    live = start(key);
  }
  const mine = live;
  const { inbox, worker } = mine;
  let [finished, patience] = [false, 0];
  const giveUp = () => inbox.put({ kind: "ended", reason: "stopped", promptTokens: null, tokens: null, given: true });
  const stop = () => {
    worker.postMessage({ kind: "stop" });
    patience = setTimeout(giveUp, loaded ? GRACE_MS : 0);
  };
  signal.addEventListener("abort", stop);
  try {
    worker.postMessage({ kind: "run", spec, request });
    while (!finished) {
      const { given, ...event } = await inbox.take();
      loaded ||= event.kind === "ready";
      if (given || (event.kind === "failed" && event.cause !== "request")) {
        end(mine);
      }
      finished = event.kind === "ended" || event.kind === "failed";
      yield event;
    }
  } finally {
    clearTimeout(patience);
    signal.removeEventListener("abort", stop);
    if (!finished) {
      end(mine); // whoever listened has left
    }
  }
}

function start(key) {
  const name = `model-${Math.random().toString(36).slice(2)}`;
  const worker = new Worker(new URL("../worker.js", import.meta.url), { type: "module", name });
  const started = { worker, key, inbox: makeInbox(), watch: new AbortController() };
  const died = (sentence, detail) => {
    started.inbox.put({ kind: "failed", cause: "died", sentence, detail });
    end(started);
  };
  worker.addEventListener("message", ({ data }) => {
    if (data.kind === "alive") {
      // A worker that dies tells nobody, but it lets go of its lock.
      const { signal } = started.watch;
      navigator.locks.request(name, { signal }, () => died(DIED, "its lock is free")).catch(() => {});
    } else {
      started.inbox.put(data);
    }
  });
  worker.addEventListener("error", (event) => {
    event.preventDefault();
    died(event.message ? DIED : NO_SCRIPT, event.message);
  });
  return started;
}

/** Ends a worker, by default the one that lives, with all the memory of its model. */
function end(which = live) {
  which?.watch.abort();
  which?.worker.terminate();
  if (live === which) {
    live = null;
  }
}

/** @typedef {{put: (message: object) => void, take: () => Promise<object>}} Inbox messages in their order */
function makeInbox() {
  const messages = [];
  let wake = () => {};
  return {
    put(message) {
      messages.push(message);
      wake();
    },
    async take() {
      while (!messages.length) {
        await new Promise((resolve) => (wake = resolve));
      }
      return messages.shift();
    },
  };
}
