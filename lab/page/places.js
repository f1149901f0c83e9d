/** Where a prompt can run: the models of this browser and of the server, each with what a person should know first. */

import { browserModel } from "./browser.js";
import { holds } from "./cache.js";
import { choose } from "./device.js";
import { size } from "./format.js";
import { ModelOnServer } from "./server.js";

const HUB = "huggingface.co";
const WAITS = { ready: "Ready.", loadable: "Must be loaded first." };
const CANNOT = { missing: "It is not downloaded on the server.", unavailable: "The server cannot run it now." };

/**
 * A model that the person may choose.
 * @typedef {object} Place
 * @property {string} key
 * @property {"browser" | "hub" | "server"} group
 * @property {string} label its place and its name
 * @property {string} line what to know before it runs: a sentence or two
 * @property {string} reason why it cannot run, or ""
 * @property {string} download names what must be fetched from outside and asked for first, or ""
 * @property {boolean} modest it can be chosen unasked: nothing large is loaded by surprise
 * @property {() => object} model makes it
 */

/**
 * @param {import("./server.js").ServerModel[]} listed
 * @returns {Place[]}
 */
export function serverPlaces(listed) {
  return listed.map(({ id, role, state, detail }) => {
    const detailed = typeof detail === "string" ? detail : "";
    return {
      key: `server:${id}`,
      group: "server",
      label: `Server: ${id}`,
      line: state === "ready" ? WAITS.ready : detailed || (WAITS[state] ?? ""),
      reason: state in WAITS ? "" : detailed || (CANNOT[state] ?? CANNOT.unavailable),
      download: "",
      modest: state === "ready" || role === "small",
      model: () => new ModelOnServer(id),
    };
  });
}

/**
 * @param {object} setup as `setup.json` says
 * @param {import("./device.js").Device} device
 * @param {"" | "webgpu" | "wasm"} wish on which device
 * @param {Set<string>} fetched keys of places whose download was asked for and is done
 * @returns {Promise<Place[]>} none without a runtime
 */
export async function browserPlaces(setup, device, wish, fetched) {
  const runtimePath = setup.runtime?.path;
  if (!runtimePath) return [];
  const own = setup.models ?? [];
  const hub = [...(setup.remote?.models ?? [])].sort((a, b) => Number(b.default ?? false) - Number(a.default ?? false));
  return Promise.all([...own, ...hub].map((model) => browserPlace(model, runtimePath, device, wish, fetched)));
}

async function browserPlace(model, runtimePath, device, wish, fetched) {
  const choice = choose(model.precisions, device, wish ? { device: wish } : {});
  const runs = !("reason" in choice);
  const kept = runs && (await holds(model, choice.precision));
  const fromHub = !model.path;
  const key = `${fromHub ? "hub" : "browser"}:${model.id}`;
  const here = kept || fetched.has(key);
  const bytes = runs ? size(choice.bytes) : "";
  return {
    key,
    group: fromHub ? "hub" : "browser",
    label: `In this browser: ${model.id.split("/").at(-1)}`,
    line: runs ? [runsOn(choice), fetching(kept, here, fromHub, bytes), choice.note].filter(Boolean).join(" ") : "",
    reason: runs ? "" : choice.reason,
    download: runs && fromHub && !here ? `Download ${bytes} from ${HUB}` : "",
    modest: !fromHub || here,
    model: () => browserModel({ model, runtimePath, choice }),
  };
}

function runsOn({ device, adapter, precision, threads }) {
  if (device === "webgpu") return `WebGPU on ${adapter}, ${precision}.`;
  return `WebAssembly on the processor, ${threads === 1 ? "1 thread" : `${threads} threads`}, ${precision}.`;
}

function fetching(kept, here, fromHub, bytes) {
  if (kept) return "In this browser's cache.";
  if (here) return "In memory as long as the page is open.";
  return fromHub ? `Not downloaded yet: ${bytes}.` : `The first run fetches ${bytes} from this server.`;
}
