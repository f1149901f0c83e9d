/** Files that the page makes. */

import { el } from "./dom.js";

/** Hands the person a file with this text. */
export function save(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  el("a", { href: url, download: name }).click();
  URL.revokeObjectURL(url);
}
