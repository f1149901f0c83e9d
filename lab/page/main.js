/** The lab's page: puts its parts together. */

import { inspect } from "./device.js";
import { LabError } from "./errors.js";
import { browserPlaces, serverPlaces } from "./places.js";
import { SYSTEM, buildPrompt } from "./prompt.js";
import { loaded, measured } from "./running.js";
import { RunLog } from "./runs.js";
import { fetchServerModels, fetchSetup } from "./server.js";
import { AnswerView } from "./view/answer.js";
import { AskView } from "./view/ask.js";
import { CachePanel } from "./view/cache_panel.js";
import { byId, say } from "./view/dom.js";
import { DocumentsView } from "./view/documents.js";
import { showHints } from "./view/hints.js";
import { HistoryView } from "./view/history.js";
import { wirePassage } from "./view/passage.js";
import { SettingsView } from "./view/settings.js";
import { WhereView } from "./view/where.js";

/** Characters of a prompt around its question. */
const FRAME = 60;
const ENDED = { stop: "finished.", length: "finished at the limit of tokens.", stopped: "stopped.", failed: "failed." };

const log = new RunLog(storage());
const ask = new AskView();
const documents = new DocumentsView();
const where = new WhereView();
const cachePanel = new CachePanel(() => refresh());
const models = new Map();
const fetched = new Set();
let setup, settings, device;
let listed = [];
let control = null;

start();

async function start() {
  new HistoryView(log);
  wirePassage();
  try {
    [setup, device] = await Promise.all([fetchSetup(), inspect()]);
  } catch (error) {
    say(byId("page-problem"), told(error));
    byId("looking").hidden = true;
    return;
  }
  settings = new SettingsView(setup.limits, SYSTEM);
  settings.offerDevices(device);
  settings.addEventListener("device", refresh);
  where.addEventListener("change", tell);
  where.addEventListener("download", ({ detail }) => download(detail));
  ask.addEventListener("run", run);
  ask.addEventListener("stop", () => control?.abort());
  byId("system").addEventListener("input", tell);
  byId("system-reset").addEventListener("click", tell);
  document.addEventListener("visibilitychange", () => !document.hidden && !control && refresh());
  await refresh();
}

/** Asks again what can run where. */
async function refresh() {
  const [inBrowser, serverProblem] = await Promise.all([
    browserPlaces(setup, device, settings.device, fetched),
    fetchServerModels().then((models) => (listed = models) && "", told),
  ]);
  const places = [...inBrowser, ...serverPlaces(listed)];
  where.show(places);
  byId("looking").hidden = true;
  showHints(setup, device, places, serverProblem, refresh);
  await cachePanel.refresh();
  tell();
}

/** Says what follows from what is chosen. */
function tell() {
  const chosen = where.chosen;
  documents.tellWay(chosen.some((place) => place.group === "server"));
  byId("order").hidden = chosen.length < 2 || inOneBrowser(chosen);
  byId("order-note").hidden = !inOneBrowser(chosen);
  ask.most = Math.max(setup.limits.prompt_chars - settings.system.length - FRAME, 0);
  ask.possible = chosen.length > 0 && chosen.every((place) => !place.download) && !control;
}

async function run() {
  const problem = ask.refuse();
  say(byId("ask-problem"), problem);
  if (problem) return;
  const began = performance.now();
  let prompt;
  try {
    prompt = buildPrompt({
      system: settings.system, question: ask.prompt, documents: documents.documents, limits: setup.limits,
    });
  } catch (error) {
    say(byId("ask-problem"), told(error));
    return;
  }
  await answer(where.chosen, prompt, performance.now() - began);
}

/** Runs the prompt on one model or two, and shows and records what comes. */
async function answer(places, { messages, passages }, prepared) {
  const chosen = places.map(modelOf);
  const inTurn = settings.order === "in turn" || inOneBrowser(places);
  const request = { messages, maxTokens: settings.maxTokens, temperature: settings.temperature };
  const views = chosen.map((model, n) => new AnswerView(model, passages, inTurn && n > 0));
  byId("answers").replaceChildren(...views.map((view) => view.element));
  byId("answers-part").hidden = false;
  byId("answers-part").scrollIntoView({ block: "nearest" });
  begin(`Running: ${chosen.map(({ label }) => label).join(" and ")}.`);
  const { signal } = control;
  const options = { signal, together: !inTurn && chosen.length > 1, passages: passages.length, prepared };
  const one = async (model, view) => {
    if (signal.aborted) return view.abandon("Stopped before it began.");
    view.start();
    const { run, problem } = await measured(model, request, { ...options, onEvent: (event) => view.show(event) });
    view.end(run, problem);
    log.add(run);
    byId("status").textContent = problem ? `${model.label}: ${problem}` : `${model.label}: ${ENDED[run.ended]}`;
  };
  if (inTurn) for (const [n, model] of chosen.entries()) await one(model, views[n]);
  else await Promise.all(chosen.map((model, n) => one(model, views[n])));
  end();
}

/** Fetches a model from outside, which the person has just asked for. */
async function download(place) {
  begin(`${place.download}…`);
  byId("stop").focus();
  say(byId("download-problem"), "");
  byId("downloading").hidden = false;
  const { isReady, problem } = await loaded(modelOf(place), control, ({ share, text }) => {
    byId("download-stage").textContent = text;
    if (share === null) byId("download-bar").removeAttribute("value");
    else byId("download-bar").value = share;
  });
  byId("downloading").hidden = true;
  say(byId("download-problem"), problem);
  if (isReady) fetched.add(place.key);
  byId("status").textContent = problem || (isReady ? "The model is ready." : "The download was stopped.");
  end();
}

function begin(sentence) {
  control = new AbortController();
  ask.running = where.busy = true;
  byId("status").textContent = sentence;
}

function end() {
  control = null;
  ask.running = where.busy = false;
  tell();
  refresh();
}

/** Whether two models share one browser, which runs one at a time. */
function inOneBrowser(places) {
  return places.length > 1 && places.every(({ group }) => group !== "server");
}

/** The model of a place, made once: one that is in memory stays there. */
function modelOf(place) {
  const key = JSON.stringify([place.key, place.group === "server" || settings.device]);
  if (!models.has(key)) models.set(key, place.model());
  return models.get(key);
}

function told(error) {
  if (error instanceof LabError) return error.message;
  console.error(error);
  return "The lab made a mistake. Load the page again.";
}

function storage() {
  try {
    return localStorage;
  } catch {
    return null;
  }
}
