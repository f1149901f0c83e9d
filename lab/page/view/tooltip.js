/** The values of a run beside its bar. What it says is also the bar's label, so nobody need hear it twice. */

import { clockTime, count, duration, rate } from "../format.js";
import { el } from "./dom.js";
import { STAGES, remarks, shortName, whereAndHow } from "./stages.js";

const GAP = 6;

/** One tooltip for a whole chart, which must be positioned relative. */
export class Tooltip {
  #chart;
  #element = el("div", { class: "tooltip", "aria-hidden": "true", "data-testid": "tooltip", hidden: true });

  /** @param {HTMLElement} chart */
  constructor(chart) {
    this.#chart = chart;
    chart.append(this.#element);
  }

  /** Shows a run's values below its row, or above where there is no room. */
  show(run, row, left) {
    this.#element.replaceChildren(...content(run));
    this.#element.hidden = false;
    const [frame, line] = [this.#chart.getBoundingClientRect(), row.getBoundingClientRect()];
    const { offsetWidth, offsetHeight } = this.#element;
    const below = line.bottom + GAP + offsetHeight <= innerHeight;
    const top = below ? line.bottom - frame.top + GAP : line.top - frame.top - GAP - offsetHeight;
    this.#element.style.top = `${top}px`;
    this.#element.style.left = `${Math.max(0, Math.min(left, frame.width - offsetWidth))}px`;
  }

  hide() {
    this.#element.hidden = true;
  }
}

function content(run) {
  const stages = STAGES.map(({ name, field, label }) =>
    row(el("span", {}, el("span", { class: `swatch ${name}` }), label), duration(run[field])));
  const more = [
    ["Total", duration(run.total_ms)],
    ["Tokens", count(run.tokens)],
    ["Speed", rate(run.tokens_per_s)],
    ["Passages", count(run.passages)],
  ];
  return [
    el("strong", {}, shortName(run)),
    el("p", {}, `${clockTime(run.at)}, ${whereAndHow(run)}`),
    el("p", {}, remarks(run).join(", ")),
    el("dl", {}, ...stages, ...more.map(([name, value]) => row(name, value))),
  ];
}

function row(name, value) {
  return el("div", {}, el("dt", {}, name), el("dd", {}, value));
}
