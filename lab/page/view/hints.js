/** What is missing here, and how it comes. */

import { describe } from "../device.js";
import { button, byId, el } from "./dom.js";

const NO_RUNTIME = ["No runtime for models in the browser is installed. Whoever runs this server adds it with ", "."];
const NO_MODEL = "There is no model for this browser yet. Whoever runs this server adds one to its models folder.";
const NO_SERVER_MODEL = "The server has no model of its own.";
const NEVERTHELESS = "Models in this browser run without it.";
const NOTHING = "So nothing can run here yet.";

/**
 * Says which kind of model is missing, and what one in this browser has to do without.
 * @param {object} setup as `setup.json` says
 * @param {import("../device.js").Device} device
 * @param {import("../places.js").Place[]} places
 * @param {string} serverProblem why the server's models are not known, or ""
 * @param {() => void} lookAgain
 */
export function showHints(setup, device, places, serverProblem, lookAgain) {
  const has = (...groups) => places.some((place) => groups.includes(place.group));
  const hints = [];
  if (!setup.runtime?.path) hints.push(noRuntime(setup.runtime?.note));
  else if (!has("browser", "hub")) hints.push([setup.note || NO_MODEL]);
  else if (!device.webgpu || device.webgpu.fallback) hints.push([describe(device)]);
  if (serverProblem) hints.push([`${serverProblem} `, button("Look again", lookAgain, { class: "quiet-button" })]);
  else if (!has("server")) hints.push([`${NO_SERVER_MODEL} ${has("browser", "hub") ? NEVERTHELESS : NOTHING}`]);
  byId("hints").replaceChildren(...hints.map((parts) => el("p", { class: "note" }, ...parts)));
}

function noRuntime(note) {
  return note ? [note] : [NO_RUNTIME[0], el("code", {}, "rag lab install"), NO_RUNTIME[1]];
}
