/** The way to the server: what it offers, and its models behind the interface that models in the browser have too. */

import { LabError } from "./errors.js";
import { events } from "./sse.js";

const UNREACHABLE = "The server cannot be reached. Check that it is running, then try again.";
const BROKEN_OFF = "The connection to the server broke off before the answer was finished. Try again.";
const NOT_AN_ANSWER = "The server sent something that is no answer. Load the page again.";
const LONGEST_SENTENCE = 400;
const STATUS = {
  401: "The server wants you to sign in first. Open the chat, then come back.",
  403: "The server does not let this page in. Open it at the address of the chat.",
  404: "The server does not know this request. Load the page again.",
  413: "The prompt is too long for the server. Shorten it or the reference text.",
  429: "The server has too many requests at the moment. Wait a minute, then try again.",
};

/**
 * @typedef {object} ServerModel as the server lists it
 * @property {string} id
 * @property {"small" | "large"} role
 * @property {"ready" | "loadable" | "missing" | "unavailable"} state
 * @property {string} detail a sentence, or nothing
 */

/** What the lab may do here, as `setup.json` says. Throws `LabError`. */
export async function fetchSetup() {
  const setup = await json("setup.json");
  if (!isObject(setup) || !isObject(setup.limits)) throw new LabError(NOT_AN_ANSWER);
  return setup;
}

/** @returns {Promise<ServerModel[]>} the server's models, best known state. Throws `LabError`. */
export async function fetchServerModels() {
  const listing = await json("v1/models");
  if (!isObject(listing) || !Array.isArray(listing.data)) throw new LabError(NOT_AN_ANSWER);
  return listing.data.filter((model) => isObject(model) && typeof model.id === "string");
}

/** One of the server's models, with the interface of every model of the lab. */
export class ModelOnServer {
  place = "server";
  device = "server";
  precision = "";
  adapter = "";

  /** @param {string} name the model's id on the server */
  constructor(name) {
    this.name = name;
    this.label = `${name} on the server`;
  }

  /**
   * The answer, event by event; ending `signal` ends the request, and with it the model's work.
   * Throws `LabError` when the server refuses, fails or falls silent for good.
   */
  async *stream({ messages, maxTokens, temperature }, signal) {
    const usage = { promptTokens: null, tokens: null };
    try {
      const request = { model: this.name, messages, max_tokens: maxTokens, temperature, stream: true };
      const response = await ask(request, signal);
      const reason = yield* answer(response.body, usage);
      yield { kind: "ended", reason, ...usage };
    } catch (error) {
      if (!signal.aborted) throw error instanceof LabError ? error : new LabError(BROKEN_OFF);
      yield { kind: "ended", reason: "stopped", ...usage };
    }
  }
}

/** Passes the events of an answer on, fills `usage`, and gives back why the answer ended. */
async function* answer(body, usage) {
  let loaded = false;
  let ready = false;
  let opened = false;
  let reason = null;
  for await (const data of events(body)) {
    if (data === "[DONE]") continue; // the connection ends right after; ending it here would look like a stop
    const chunk = parsed(data);
    if (chunk.error) throw new LabError(sentence(chunk.error.message) ?? BROKEN_OFF);
    if (chunk.groundwork?.stage === "loading") {
      loaded = true;
      yield { kind: "loading", share: null, text: "" };
    }
    const choice = chunk.choices?.[0];
    const begun = choice || chunk.groundwork?.stage === "opened";
    if (!ready && (begun || chunk.groundwork?.stage === "ready")) {
      ready = true;
      yield { kind: "ready", from: loaded ? "disk" : "memory" };
    }
    if (!opened && begun) {
      opened = true;
      yield { kind: "opened" };
    }
    if (isText(choice?.delta?.reasoning_content)) yield { kind: "reasoning", text: choice.delta.reasoning_content };
    if (isText(choice?.delta?.content)) yield { kind: "text", text: choice.delta.content };
    if (choice?.finish_reason) reason = choice.finish_reason === "length" ? "length" : "stop";
    if (chunk.usage) {
      usage.promptTokens = wholeNumber(chunk.usage.prompt_tokens);
      usage.tokens = wholeNumber(chunk.usage.completion_tokens);
    }
  }
  if (reason === null) throw new LabError(BROKEN_OFF);
  return reason;
}

async function ask(request, signal) {
  const response = await reached("v1/chat/completions", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(request),
    signal,
  });
  if (!response.headers.get("Content-Type")?.startsWith("text/event-stream")) throw new LabError(NOT_AN_ANSWER);
  return response;
}

async function json(url) {
  const response = await reached(url, { headers: { Accept: "application/json" }, cache: "no-store" });
  try {
    return await response.json();
  } catch {
    throw new LabError(NOT_AN_ANSWER);
  }
}

/** The response, if the server grants the request. */
async function reached(url, options) {
  let response;
  try {
    response = await fetch(url, options);
  } catch {
    throw new LabError(UNREACHABLE);
  }
  if (!response.ok) throw new LabError((await refusal(response)) ?? status(response.status));
  return response;
}

/** The server's own sentence about a refusal, or null. */
async function refusal(response) {
  try {
    return sentence((await response.json()).error.message);
  } catch {
    return null;
  }
}

function status(code) {
  return STATUS[code] ?? `The server could not do this (status ${code}). Try again; if it stays, look into its log.`;
}

function parsed(data) {
  try {
    const chunk = JSON.parse(data);
    if (isObject(chunk)) return chunk;
  } catch {
    // Said below.
  }
  throw new LabError("The server sent half an answer that cannot be read. Try again.");
}

function sentence(text) {
  return isText(text) ? text.slice(0, LONGEST_SENTENCE) : null;
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value) {
  return typeof value === "string" && value !== "";
}

function wholeNumber(value) {
  return Number.isInteger(value) && value >= 0 ? value : null;
}
