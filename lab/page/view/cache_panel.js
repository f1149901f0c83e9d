/** What models this browser keeps on its disk, and the button that deletes them. */

import * as cache from "../cache.js";
import { size } from "../format.js";
import { byId, say } from "./dom.js";

const NOTHING = "This browser keeps no model any more. The next run fetches it again.";
const FAILED = "The browser would not delete them. Clear this site's data in the browser's settings.";

/** Shows the size; the part is hidden until something is kept. */
export class CachePanel {
  #button = byId("cache-delete");

  /** @param {() => void} onDelete once nothing is kept any more */
  constructor(onDelete) {
    this.#button.addEventListener("click", async () => {
      this.#button.disabled = true;
      const deleted = await cache.clear();
      this.#button.disabled = false;
      await this.refresh();
      say(byId("cache-note"), deleted ? "" : FAILED);
      byId("cache").focus();
      onDelete();
    });
  }

  async refresh() {
    const { bytes, models } = await cache.size();
    const names = ["the runtime", ...Object.keys(models).map((id) => id.split("/").at(-1))];
    const listed = new Intl.ListFormat("en").format(names);
    const held = `${size(bytes)} for ${listed}. The next start does not fetch them again.`;
    say(byId("cache-size"), bytes ? held : NOTHING);
    say(byId("cache-note"), "");
    this.#button.hidden = !bytes;
    if (bytes) byId("cache").hidden = false;
  }
}
