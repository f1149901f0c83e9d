/** The passage behind a mark, in a dialog; Esc closes it, and the focus returns to the mark. */

import { byId, el } from "./dom.js";

/** @param {{number: number, place: string, text: string}} passage */
export function openPassage(passage) {
  byId("passage-title").textContent = `Passage ${passage.number}`;
  byId("passage-place").textContent = passage.place;
  byId("passage-text").replaceChildren(...passage.text.split("\n").map((line) => el("p", {}, line)));
  const dialog = byId("passage");
  dialog.showModal();
  byId("passage-text").scrollTop = 0;
}

/** Lets a click beside the dialog close it, besides Esc and its button. */
export function wirePassage() {
  const dialog = byId("passage");
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
}
