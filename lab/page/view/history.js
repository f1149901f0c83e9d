/** All runs that this browser keeps: filters, chart, table, files to take away. */

import { plural } from "../format.js";
import { RunLog, asCsv, asJson, isAboutRuns } from "../runs.js";
import { Chart, legend } from "./chart.js";
import { byId, el, offer, say } from "./dom.js";
import { save } from "./save.js";
import { shortName } from "./stages.js";
import { showTable } from "./table.js";

const AT_FIRST = 30;
const ALL = "";

/** The part of the page below the answers. */
export class HistoryView {
  #log;
  #chart = new Chart(byId("chart"));
  #model = byId("filter-model");
  #start = byId("filter-start");
  #all = false;

  /** @param {RunLog} log */
  constructor(log) {
    this.#log = log;
    byId("legend").replaceChildren(...legend());
    log.addEventListener("change", () => this.#show());
    addEventListener("storage", (event) => isAboutRuns(event) && log.reload());
    for (const filter of [this.#model, this.#start]) filter.addEventListener("change", () => this.#show());
    byId("show-all").addEventListener("click", () => {
      this.#all = !this.#all;
      this.#show();
    });
    byId("export-csv").addEventListener("click", () => {
      save("lab-runs.csv", "text/csv", asCsv(this.#filtered()));
    });
    byId("export-json").addEventListener("click", () => {
      save("lab-runs.json", "application/json", asJson(this.#filtered()));
    });
    this.#wireClearing();
    this.#show();
  }

  /** Newest first. */
  #filtered() {
    const runs = this.#log.runs.reverse();
    const [model, start] = [this.#model.value, this.#start.value];
    return runs.filter((run) => (model === ALL || keyOf(run) === model) && (start === ALL || run.start === start));
  }

  #show() {
    const all = this.#log.runs;
    this.#offerModels(all);
    const runs = this.#filtered();
    const shown = this.#all ? runs : runs.slice(0, AT_FIRST);
    byId("no-runs").hidden = all.length > 0;
    byId("runs").hidden = all.length === 0;
    say(byId("none-fits"), all.length && !runs.length ? "No run fits these filters." : "");
    byId("chart-part").hidden = !runs.length;
    const other = this.#all ? `Show the latest ${AT_FIRST}` : `Show all ${runs.length}`;
    say(byId("show-all"), runs.length > AT_FIRST ? other : "");
    say(byId("how-many"), all.length ? told(shown.length, runs.length, all.length) : "");
    this.#chart.show(shown);
    showTable(byId("table"), shown);
  }

  #offerModels(runs) {
    const names = new Map(runs.map((run) => [keyOf(run), `${shortName(run)} (${run.place})`]));
    const models = [...names].sort((a, b) => a[1].localeCompare(b[1]));
    offer(this.#model, [["", "All models"], ...models].map(([value, name]) => el("option", { value }, name)));
  }

  #wireClearing() {
    const dialog = byId("clear-dialog");
    byId("clear").addEventListener("click", () => {
      const runs = plural(this.#log.runs.length, "run");
      say(byId("clear-what"), `${runs} will be forgotten and cannot be brought back.`);
      dialog.returnValue = "";
      dialog.showModal();
    });
    dialog.addEventListener("close", () => {
      if (dialog.returnValue === "clear") {
        this.#log.clear();
        byId("prompt").focus();
      }
    });
  }
}

function keyOf(run) {
  return `${run.place}:${run.model}`;
}

function told(shown, fitting, all) {
  if (shown < fitting) return `The latest ${shown} of ${plural(fitting, "run")}.`;
  return fitting < all ? `${fitting} of ${plural(all, "run")}.` : `${plural(all, "run")}.`;
}
