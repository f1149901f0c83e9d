/**
 * The files of models and of their runtime that this browser keeps, in one cache of the Cache API.
 *
 * Each URL carries a fingerprint (`models/<fingerprint>/<id>/…`, `runtime/<key>/…`), so that a file in the cache is
 * never stale; what other fingerprints left behind is removed. Where the browser has no Cache API (a page that is
 * neither https nor of this machine) nothing is kept, and all of this says so.
 */

export const CACHE_NAME = "groundwork-lab";
/** How transformers.js names the weights where it is not by their precision. */
const SUFFIXES = { fp32: "", q8: "_quantized" };
const ROOT = new URL("./", import.meta.url);
/** The hub tells sizes with three digits. */
const ABOUT = 0.99;
const HUB_FILE = /^\/([^/]+\/[^/]+)\/resolve\/[^/]+\//;
const OWN_FILE = /^models\/([^/]+)\/(.+?)\/(?:onnx\/)?[^/]+$/;

/** @returns {Promise<Cache | null>} the cache; null where the browser has none or refuses it */
export async function openCache() {
  try {
    return await caches.open(CACHE_NAME);
  } catch {
    return null;
  }
}

/** @returns {Promise<{bytes: number, models: Record<string, number>}>} what is kept: in all, and of each model id */
export async function size() {
  const models = {};
  let bytes = 0;
  for (const { model, length } of await entries()) {
    bytes += length;
    if (model) {
      models[model] = (models[model] ?? 0) + length;
    }
  }
  return { bytes, models };
}

/**
 * @param {{id: string, path?: string, precisions: Record<string, number>}} model
 * @param {string} precision
 * @returns {Promise<boolean>} whether all its weights in that precision are kept; bytes decide, as they come in parts
 */
export async function holds(model, precision) {
  const weights = `${modelUrl(model)}onnx/${weightsFile(precision)}`;
  const parts = (await entries()).filter(({ url }) => url === weights || url.startsWith(`${weights}_data`));
  const kept = parts.reduce((sum, { length }) => sum + length, 0);
  return kept > 0 && kept >= ABOUT * (model.precisions[precision] ?? Infinity);
}

/** @returns {Promise<boolean>} whether nothing is kept any more; false when the browser would not delete it */
export async function clear() {
  try {
    await globalThis.caches?.delete(CACHE_NAME);
    return true;
  } catch {
    return false;
  }
}

/**
 * Removes what earlier versions left: other fingerprints of this model, and other runtimes.
 * @param {{id: string, path?: string}} model
 * @param {string} runtimePath
 */
export async function dropStale(model, runtimePath) {
  const runtime = new URL(runtimePath, ROOT).href;
  const current = modelUrl(model);
  await drop(({ url, model: id }) =>
    url.startsWith(`${ROOT.href}runtime/`) ? !url.startsWith(runtime)
      : url.startsWith(ROOT.href) && id === model.id && !url.startsWith(current));
}

/**
 * Removes the files of one model, which turned out to be damaged.
 * @param {{id: string, path?: string}} model
 */
export async function dropModel(model) {
  await drop(({ url }) => url.startsWith(modelUrl(model)));
}

/**
 * @param {{id: string, path?: string}} model of this server, or without a path of the public hub
 * @returns {string} the URL that its files lie under, with a slash at the end
 */
export function modelUrl({ id, path }) {
  return path ? new URL(`${path}${id}/`, ROOT).href : `https://huggingface.co/${id}/resolve/main/`;
}

/** @returns {string} the name of the weights in that precision; their further parts begin with it */
export function weightsFile(precision) {
  return `model${SUFFIXES[precision] ?? `_${precision}`}.onnx`;
}

async function drop(unwanted) {
  const cache = await openCache();
  const stale = cache ? (await entries()).filter(unwanted) : [];
  await Promise.all(stale.map(({ url }) => cache.delete(url)));
}

/** @returns {Promise<{url: string, model: string, length: number}[]>} the files; `length` in bytes */
async function entries() {
  const cache = await openCache();
  const requests = cache ? await cache.keys() : [];
  return Promise.all(requests.map(async ({ url }) => {
    const response = await cache.match(url);
    return { url, model: modelOf(url), length: Number(response?.headers.get("content-length")) || 0 };
  }));
}

function modelOf(url) {
  if (!url.startsWith(ROOT.href)) {
    return HUB_FILE.exec(new URL(url).pathname)?.[1] ?? "";
  }
  return decodeURIComponent(OWN_FILE.exec(url.slice(ROOT.href.length))?.[2] ?? "");
}
