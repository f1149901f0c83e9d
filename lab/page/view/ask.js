/** The prompt with its counter, and the buttons that run and stop. */

import { count } from "../format.js";
import { byId, say } from "./dom.js";

const NEAR = 0.8;

/** Tells "run" and "stop", whichever way they were asked for. */
export class AskView extends EventTarget {
  #prompt = byId("prompt");
  #run = byId("run");
  #stop = byId("stop");
  #most = Infinity;
  #running = false;

  constructor() {
    super();
    byId("ask").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#tell("run");
    });
    this.#stop.addEventListener("click", () => this.#tell("stop"));
    this.#prompt.addEventListener("input", () => this.#count());
    document.addEventListener("keydown", (event) => this.#key(event));
    if (/mac|iphone|ipad/i.test(navigator.platform)) byId("run-key").textContent = "⌘";
  }

  get prompt() {
    return this.#prompt.value.trim();
  }

  /** The most characters of a prompt. */
  set most(characters) {
    this.#most = characters;
    this.#count();
  }

  /** Whether a run may begin. */
  set possible(possible) {
    this.#run.disabled = this.#running || !possible;
  }

  /** A run goes on: what runs it makes room for what stops it, and the focus goes with it. */
  set running(running) {
    const focused = document.activeElement === (running ? this.#run : this.#stop);
    this.#running = running;
    this.#run.disabled = running;
    this.#run.hidden = running;
    this.#stop.hidden = !running;
    if (focused) (running ? this.#stop : this.#run).focus();
  }

  /** @returns {string} why this prompt cannot run, or nothing; then the prompt has the focus */
  refuse() {
    const length = this.#prompt.value.length;
    const over = `The prompt is ${count(length)} characters long, and ${count(this.#most)} fit in. Shorten it.`;
    const problem = !this.prompt ? "Write a prompt first." : length > this.#most ? over : "";
    if (problem) this.#prompt.focus();
    return problem;
  }

  #count() {
    const length = this.#prompt.value.length;
    const over = length > this.#most;
    const told = `${count(length)} of ${count(this.#most)} characters`;
    say(byId("prompt-counter"), length > this.#most * NEAR ? told : "");
    byId("prompt-counter").classList.toggle("error", over);
    if (over) this.#prompt.setAttribute("aria-invalid", "true");
    else this.#prompt.removeAttribute("aria-invalid");
  }

  #key(event) {
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.#tell("run");
    } else if (event.key === "Escape" && this.#running) this.#tell("stop");
  }

  #tell(what) {
    if (what === "stop" ? this.#running : !this.#running && !this.#run.disabled) this.dispatchEvent(new Event(what));
  }
}
