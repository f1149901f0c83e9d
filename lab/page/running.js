/** One run of one model: its events go to whoever shows them, its times into a record. */

import { StageClock } from "./clock.js";
import { LabError } from "./errors.js";
import { recorded } from "./runs.js";

const OUR_MISTAKE = "The lab made a mistake with this run. Load the page again and repeat it.";
const NO_END = "The model fell silent before its answer was finished. Try again.";

/**
 * @param {object} model with the interface of every model of the lab
 * @param {{messages: {role: string, content: string}[], maxTokens: number, temperature: number}} request
 * @param {object} options
 * @param {AbortSignal} options.signal stops it
 * @param {boolean} options.together whether another model runs at the same time
 * @param {number} options.passages given to it
 * @param {number} options.prepared milliseconds that choosing them took
 * @param {(event: object) => void} options.onEvent
 * @returns {Promise<{run: import("./runs.js").Run, problem: string}>} `problem`: a sentence if it failed; never throws
 */
export async function measured(model, request, { signal, together, passages, prepared, onEvent }) {
  const at = new Date();
  const clock = new StageClock({ prepared });
  const outcome = { from: null, ended: "failed", tokens: null, promptTokens: null, passages, together };
  let problem = "";
  try {
    for await (const event of model.stream(request, signal)) {
      note(event, clock, outcome);
      onEvent(event);
    }
    if (outcome.ended === "failed") problem = NO_END;
  } catch (error) {
    problem = sentence(error);
  }
  return { run: recorded(model, clock.stages(), outcome, at), problem };
}

/**
 * Loads a model without asking it for anything that is shown; resolves once it is ready, or was stopped.
 * @param {object} model
 * @param {AbortController} control
 * @param {(event: object) => void} onLoading
 * @returns {Promise<{isReady: boolean, problem: string}>} `problem`: a sentence when it failed
 */
export async function loaded(model, control, onLoading) {
  const request = { messages: [{ role: "user", content: "Hello" }], maxTokens: 1, temperature: 0 };
  let isReady = false;
  try {
    for await (const event of model.stream(request, control.signal)) {
      if (event.kind === "loading") onLoading(event);
      if (event.kind === "ready") {
        isReady = true;
        control.abort();
      }
    }
    return { isReady, problem: "" };
  } catch (error) {
    return { isReady, problem: sentence(error) };
  }
}

function note(event, clock, outcome) {
  if (event.kind === "ready") {
    clock.ready(event.from);
    outcome.from = event.from;
  } else if (event.kind === "opened") clock.opened();
  else if (event.kind === "text" || event.kind === "reasoning") clock.token();
  else if (event.kind === "ended") {
    outcome.ended = event.reason;
    outcome.tokens = event.tokens;
    outcome.promptTokens = event.promptTokens;
  }
}

function sentence(error) {
  if (error instanceof LabError) return error.message;
  console.error(error);
  return OUR_MISTAKE;
}
