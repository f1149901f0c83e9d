/** Where the prompt runs: one model, or two side by side. */

import { byId, el, offer, say } from "./dom.js";

const NOTHING = "";

/** The two choices; tells "change" when another model is chosen, "download" with a place that is to be fetched. */
export class WhereView extends EventTarget {
  #places = [];
  #sides = ["first", "second"].map((side) => ({
    select: byId(`${side}-model`),
    line: byId(`${side}-line`),
    download: byId(`${side}-download`),
  }));
  #touched = false;
  #before = [NOTHING, NOTHING];

  constructor() {
    super();
    this.#sides.forEach(({ select, download }, side) => {
      select.addEventListener("change", () => this.#choose(side));
      download.addEventListener("click", () => {
        this.dispatchEvent(new CustomEvent("download", { detail: this.#at(side) }));
      });
    });
  }

  /** @returns {import("../places.js").Place[]} one or two that can run or be fetched; none when there is none */
  get chosen() {
    return this.#sides.map((_, side) => this.#at(side)).filter(Boolean);
  }

  /** Nothing is fetched while something runs. */
  set busy(value) {
    this.#sides.forEach(({ download }) => (download.disabled = value));
  }

  /**
   * Offers these places; keeps what was chosen.
   * @param {import("../places.js").Place[]} places
   */
  show(places) {
    this.#places = places;
    const [first, second] = this.#sides.map(({ select }) => select);
    const nothing = (label) => el("option", { value: NOTHING }, label);
    const some = places.some((place) => !place.reason);
    offer(first, [...(some ? [] : [nothing("Nothing can run here")]), ...options(places)]);
    offer(second, [nothing("Nothing beside it"), ...options(places)]);
    if (!this.#touched) this.#begin(first, second);
    else if (first.value === second.value) second.value = NOTHING;
    this.#tell();
    const cannot = places.filter((place) => place.reason);
    byId("cannot").hidden = !cannot.length;
    if (!some) byId("cannot").open = true;
    byId("cannot-list").replaceChildren(
      ...cannot.map((place) => el("li", {}, el("strong", {}, `${place.label}.`), ` ${place.reason}`)),
    );
  }

  /** Nobody has chosen yet: what runs without loading anything large. */
  #begin(first, second) {
    const modest = this.#places.filter((place) => !place.reason && place.modest);
    const possible = this.#places.filter((place) => !place.reason);
    first.value = (modest[0] ?? possible[0])?.key ?? NOTHING;
    second.value = modest[1]?.key ?? NOTHING;
  }

  /** A model runs on one side only: choosing it on the other one swaps them. */
  #choose(side) {
    this.#touched = true;
    const [first, second] = this.#sides.map(({ select }) => select);
    if (first.value === second.value) this.#sides[1 - side].select.value = this.#before[side];
    if (first.value === NOTHING) [first.value, second.value] = [second.value, NOTHING];
    this.#tell();
    this.dispatchEvent(new Event("change"));
  }

  #tell() {
    this.#before = this.#sides.map(({ select }) => select.value);
    this.#sides.forEach(({ line, download }, side) => {
      const place = this.#at(side);
      say(line, place?.line ?? "");
      say(download, place?.download ?? "");
    });
    this.#sides[0].select.disabled = !this.#places.some((place) => !place.reason);
    this.#sides[1].select.disabled = this.#places.filter((place) => !place.reason).length < 2;
  }

  #at(side) {
    return this.#places.find((place) => place.key === this.#sides[side].select.value) ?? null;
  }
}

function options(places) {
  return places.map(({ key, label, reason, download }) => {
    const remark = reason ? " (cannot run)" : download ? " (not downloaded)" : "";
    return el("option", { value: key, disabled: reason !== "" }, `${label}${remark}`);
  });
}
