/**
 * The files of a model and its runtime inside the worker: fetched once, kept in the cache, and counted on the way.
 */
import { openCache } from "../cache.js";

/** A file did not come; `status` is the server's answer, 0 where there was none. */
export class FetchError extends Error {
  constructor(url, status) {
    super(`${url}: ${status || "no answer"}`);
    this.file = nameOf(url);
    this.status = status;
  }
}

/**
 * @param {number} expected bytes of the weights
 * @param {(share: number, text: string) => void} report is told how far the fetching is
 */
export function fileCounter(expected, report) {
  let received = 0;
  let total = expected;
  let said = "";
  const counter = {
    /** Whether a file came over the network that the cache should have held: weights or the runtime. */
    fetched: false,
    /** The first file that did not come. @type {FetchError | null} */
    problem: null,

    /** `fetch`, with errors as `FetchError`, and with what arrives reported. */
    async fetch(url, init) {
      const response = await answer(url, init);
      if (!isLarge(url)) {
        return response;
      }
      counter.fetched = true;
      const length = Number(response.headers.get("content-length")) || 0;
      total += isWeights(url) ? 0 : length;
      return new Response(counted(response.body.getReader(), url, length), response);
    },

    /** @returns {Promise<ArrayBuffer>} a file from the cache, or fetched and then kept there */
    async bytes(url) {
      const cache = await openCache();
      const kept = await cache?.match(url);
      if (kept) {
        return kept.arrayBuffer();
      }
      const response = await counter.fetch(url);
      const bytes = await response.arrayBuffer();
      const headers = { "content-type": "application/wasm", "content-length": String(bytes.byteLength) };
      await cache?.put(url, new Response(bytes, { headers })).catch(() => {}); // no room: it is fetched again
      return bytes;
    },
  };

  function tell(text) {
    if (text !== said) {
      said = text;
      report(Math.min(1, received / total), text);
    }
  }

  function counted(reader, url, length) {
    let here = 0;
    return new ReadableStream({
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (done) {
            report(Math.min(1, received / total), said);
            controller.close();
            return;
          }
          received += value.byteLength;
          here += value.byteLength;
          tell(`Fetching ${nameOf(url)}, ${inMb(here)} of ${inMb(Math.max(length, here))} MB`);
          controller.enqueue(value);
        } catch (error) {
          counter.problem ??= new FetchError(url, 0);
          throw error;
        }
      },
    });
  }

  async function answer(url, init) {
    const response = await fetch(url, init).catch(() => null);
    if (!response?.ok) {
      const problem = new FetchError(url, response?.status ?? 0);
      if (isOptional(url)) {
        return new Response(null, { status: 404 });
      }
      counter.problem ??= problem;
      throw problem;
    }
    return response;
  }
  return counter;
}

const nameOf = (url) => String(url).split("/").at(-1);
const isWeights = (url) => /\.onnx(_data(_\d+)?)?$/.test(url);
const isLarge = (url) => isWeights(url) || /\.wasm$/.test(url);
const isOptional = (url) => nameOf(url) === "generation_config.json";
const inMb = (bytes) => Math.max(1, Math.round(bytes / 1e6));
