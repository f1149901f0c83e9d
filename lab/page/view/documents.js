/** Reference text: typed, dropped or chosen; it lives as long as the page. */

import { LabError } from "../errors.js";
import { plural, size } from "../format.js";
import { readText } from "../reading.js";
import { button, byId, el, say } from "./dom.js";

const MOST_FILES = 20;
const FULL = `At most ${MOST_FILES} files fit in. Remove one first.`;
const STAYS = "Reference text stays in this browser.";
const GOES = "The best passages go to this server with the prompt; the rest stays in this browser.";

/** The part of the page with the reference documents. */
export class DocumentsView {
  #files = [];
  #pasted = byId("reference");
  #chips = byId("files");
  #problem = byId("files-problem");
  #chooser = byId("file-chooser");

  constructor() {
    this.#chooser.addEventListener("change", () => {
      this.#add([...this.#chooser.files]);
      this.#chooser.value = "";
    });
    byId("add-files").addEventListener("click", () => this.#chooser.click());
    this.#wireDropping();
  }

  /** @returns {{title: string, text: string}[]} what the person gave, without anything empty */
  get documents() {
    const pasted = this.#pasted.value.trim();
    return [...(pasted ? [{ title: "Pasted text", text: this.#pasted.value }] : []), ...this.#files];
  }

  /** Says where the text goes. */
  tellWay(toServer) {
    say(byId("reference-way"), toServer ? GOES : STAYS);
  }

  async #add(files) {
    const problems = [];
    for (const file of files) {
      try {
        if (this.#files.length >= MOST_FILES) throw new LabError(FULL);
        this.#files.push(await readText(file));
      } catch (error) {
        if (!(error instanceof LabError)) throw error;
        problems.push(error.message);
      }
    }
    say(this.#problem, [...new Set(problems)].join(" "));
    this.#show();
  }

  #show() {
    this.#chips.replaceChildren(...this.#files.map((file) => this.#chip(file)));
    this.#chips.hidden = !this.#files.length;
  }

  #chip(file) {
    const remove = button("×", () => {
      const place = this.#files.indexOf(file);
      this.#files.splice(place, 1);
      say(this.#problem, "");
      this.#show();
      (this.#chips.querySelectorAll("button")[place] ?? byId("add-files")).focus();
    }, { "aria-label": `Remove ${file.title}` });
    const about = `${plural(file.text.length, "character")}, ${size(new Blob([file.text]).size)}`;
    return el("li", { class: "chip", title: about }, el("span", {}, file.title), remove);
  }

  #wireDropping() {
    const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
    const mark = (on) => byId("documents").classList.toggle("dropping", on);
    addEventListener("dragover", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      mark(true);
    });
    addEventListener("dragleave", (event) => {
      if (event.relatedTarget === null) mark(false);
    });
    addEventListener("drop", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      mark(false);
      this.#add([...event.dataTransfer.files]);
    });
  }
}
