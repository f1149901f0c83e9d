/** What is folded away: lengths, temperature, system prompt, device. */

import { byId } from "./dom.js";

const USUAL_TOKENS = 400;
const MOST_TEMPERATURE = 2;

/** The settings; tells "device" when another device is wished for. */
export class SettingsView extends EventTarget {
  #tokens = byId("max-tokens");
  #temperature = byId("temperature");
  #system = byId("system");
  #device = byId("device");
  #limits;

  /**
   * @param {{max_tokens: number, temperature: number}} limits
   * @param {string} system the usual system prompt
   */
  constructor(limits, system) {
    super();
    this.#limits = limits;
    this.#tokens.max = limits.max_tokens;
    this.#tokens.value = Math.min(USUAL_TOKENS, limits.max_tokens);
    this.#temperature.max = MOST_TEMPERATURE;
    this.#temperature.value = limits.temperature;
    this.#system.value = system;
    byId("max-tokens-hint").textContent = `1 to ${limits.max_tokens}`;
    this.#tokens.addEventListener("change", () => (this.#tokens.value = this.maxTokens));
    this.#temperature.addEventListener("change", () => (this.#temperature.value = this.temperature));
    this.#device.addEventListener("change", () => this.dispatchEvent(new Event("device")));
    byId("system-reset").addEventListener("click", () => {
      this.#system.value = system;
      this.#system.focus();
    });
  }

  /** Offers the choice of a device where there is one. */
  offerDevices(device) {
    byId("device-field").hidden = !(device.webgpu && device.simd);
  }

  get maxTokens() {
    const wanted = Math.round(Number(this.#tokens.value)) || Math.min(USUAL_TOKENS, this.#limits.max_tokens);
    return Math.min(Math.max(wanted, 1), this.#limits.max_tokens);
  }

  get temperature() {
    const wanted = this.#temperature.value === "" ? this.#limits.temperature : Number(this.#temperature.value);
    return Math.min(Math.max(wanted, 0), MOST_TEMPERATURE);
  }

  get system() {
    return this.#system.value;
  }

  /** @returns {"" | "webgpu" | "wasm"} */
  get device() {
    return this.#device.value;
  }

  /** @returns {"together" | "in turn"} */
  get order() {
    return byId("in-turn").checked ? "in turn" : "together";
  }
}
