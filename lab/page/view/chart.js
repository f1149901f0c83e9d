/** The latency chart: a stacked bar for each run, newest on top, with its values where it is pointed at or focused. */

import { clockTime } from "../format.js";
import { isWhole } from "../runs.js";
import { el, svg } from "./dom.js";
import { ticks } from "./scale.js";
import { STAGES, endLabel, shortName, spoken } from "./stages.js";
import { Tooltip } from "./tooltip.js";

const NARROW = 560;
const BAR = 14;
const AXIS = 34;
const END_GAP = 7;
const TICK_EVERY = 64;
const CHARACTER = 6.8;
const MOVES = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity };

/** Draws runs into an element, as wide as that is. */
export class Chart {
  #element;
  #runs = [];
  #known = null;
  #current = "";
  #tooltip;
  #width = 0;

  /** @param {HTMLElement} element */
  constructor(element) {
    this.#element = element;
    this.#tooltip = new Tooltip(element);
    element.addEventListener("keydown", (event) => this.#move(event));
    new ResizeObserver(() => {
      if (element.clientWidth !== this.#width) this.#draw();
    }).observe(element);
  }

  /**
   * Shows these runs; those that were not there before grow in.
   * @param {import("../runs.js").Run[]} runs newest first
   */
  show(runs) {
    this.#runs = runs;
    this.#draw();
    this.#known = new Set([...(this.#known ?? []), ...runs.map(({ id }) => id)]);
  }

  #draw() {
    this.#tooltip.hide();
    this.#width = this.#element.clientWidth;
    const focused = this.#element.querySelector(":focus")?.dataset.run;
    this.#element.querySelector("svg")?.remove();
    if (!this.#runs.length || !this.#width) return;
    const frame = frameOf(this.#runs, this.#width);
    if (!this.#runs.some(({ id }) => id === this.#current)) this.#current = this.#runs[0].id;
    const drawing = svg(
      "svg",
      {
        class: "chart", width: frame.width, height: frame.height, viewBox: `0 0 ${frame.width} ${frame.height}`,
        role: "group", "aria-label": "Latency of each run, newest first. The arrow keys go from run to run.",
      },
      grid(frame), ...this.#runs.map((run, row) => this.#row(run, row, frame)),
    );
    this.#element.append(drawing);
    if (focused) this.#focus(focused);
  }

  #row(run, row, frame) {
    const isNew = this.#known && !this.#known.has(run.id);
    const group = svg(
      "g",
      {
        class: ["run", !isWhole(run) && "flawed", isNew && "new"].filter(Boolean).join(" "),
        role: "img", tabindex: run.id === this.#current ? "0" : "-1", "aria-label": spoken(run), "data-run": run.id,
        transform: `translate(0 ${row * frame.row})`,
      },
      svg("rect", { class: "hit", x: 0, y: 0, width: frame.width, height: frame.row, rx: 6 }),
      ...labels(run, frame), ...bars(run, frame),
    );
    const show = () => this.#tooltip.show(run, group, frame.left);
    group.addEventListener("pointerenter", show);
    group.addEventListener("pointerleave", () => {
      if (!group.matches(":focus-visible")) this.#tooltip.hide();
    });
    group.addEventListener("focus", () => {
      this.#setCurrent(run.id);
      show();
    });
    group.addEventListener("blur", () => this.#tooltip.hide());
    return group;
  }

  #move(event) {
    if (event.key === "Escape") this.#tooltip.hide();
    if (!(event.key in MOVES) || !event.target.dataset.run) return;
    event.preventDefault();
    const at = this.#runs.findIndex(({ id }) => id === this.#current);
    const next = Math.min(Math.max(at + MOVES[event.key], 0), this.#runs.length - 1);
    this.#focus(this.#runs[next].id);
  }

  #focus(id) {
    this.#rowOf(id)?.focus();
  }

  #setCurrent(id) {
    this.#rowOf(this.#current)?.setAttribute("tabindex", "-1");
    this.#current = id;
    this.#rowOf(id)?.setAttribute("tabindex", "0");
  }

  #rowOf(id) {
    return [...this.#element.querySelectorAll("[data-run]")].find((row) => row.dataset.run === id);
  }
}

/** The legend: each stage's colour, name and meaning. */
export function legend() {
  return STAGES.map(({ name, label, meaning }) =>
    el("li", {}, el("span", { class: `swatch ${name}`, "aria-hidden": "true" }), `${label}`, el("small", {}, meaning)));
}

function frameOf(runs, width) {
  const narrow = width < NARROW;
  const longest = Math.max(...runs.map((run) => Math.max(shortName(run).length, secondLine(run).length)));
  const left = narrow ? 0 : Math.min(Math.max(longest * CHARACTER + 18, 120), 230);
  const right = width - Math.max(...runs.map((run) => endLabel(run).length)) * CHARACTER - END_GAP * 2;
  const row = narrow ? 44 : 40;
  const most = Math.max(...runs.map((run) => run.total_ms), 1);
  const bottom = runs.length * row;
  const x = (ms) => left + (ms / most) * (right - left);
  const marks = ticks(most, Math.max(2, Math.floor((right - left) / TICK_EVERY)));
  return { width, height: bottom + AXIS, left, row, bottom, narrow, marks, x };
}

function grid({ marks, x, bottom }) {
  const lines = marks.flatMap(({ ms, label }) => [
    svg("line", { class: "grid", x1: x(ms), x2: x(ms), y1: 0, y2: bottom + 4 }),
    svg("text", { class: "tick", x: x(ms), y: bottom + 19, "text-anchor": ms === 0 ? "start" : "middle" }, label),
  ]);
  return svg("g", { "aria-hidden": "true" }, ...lines);
}

function labels(run, { narrow, left, width }) {
  const room = narrow ? width / CHARACTER - secondLine(run).length - 2 : (left - 12) / CHARACTER;
  const name = shortened(shortName(run), room);
  if (narrow) {
    const parts = [svg("tspan", { class: "name" }, name), svg("tspan", { class: "tick", dx: 8 }, secondLine(run))];
    return [svg("text", { x: 4, y: 16 }, ...parts)];
  }
  return [
    svg("text", { class: "name", x: 6, y: 17 }, name),
    svg("text", { class: "tick", x: 6, y: 32 }, secondLine(run)),
  ];
}

function secondLine(run) {
  return [clockTime(run.at), run.place, run.start].join(" · ");
}

function bars(run, { x, narrow }) {
  const y = narrow ? 23 : 13;
  let at = 0;
  const rects = STAGES.flatMap(({ name, field }) => {
    const [from, to] = [x(at), x(at + run[field])];
    at += run[field];
    if (run[field] === 0) return [];
    return [svg("rect", { class: `bar ${name}`, x: from, y, width: Math.max(to - from, 1), height: BAR })];
  });
  return [
    svg("g", { class: "bars" }, ...rects),
    svg("text", { class: "value", x: x(at) + END_GAP, y: y + BAR - 3 }, endLabel(run)),
  ];
}

function shortened(text, most) {
  return text.length <= most ? text : `${text.slice(0, Math.max(1, Math.floor(most) - 1))}…`;
}
