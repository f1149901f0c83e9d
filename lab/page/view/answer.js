/** One answer: who gives it, what it waits for, its reasoning, its text, its figures. */

import { duration, count, rate } from "../format.js";
import { button, el, say } from "./dom.js";
import { openPassage } from "./passage.js";
import { StreamText } from "./stream_text.js";

const WAITING = "Waiting for the other model to finish…";
const READING = "Reading the prompt…";
const STARTING = "Starting…";
const THINKING = "Thinking…";
const ENDINGS = {
  stopped: "Stopped before its end.",
  length: "Cut off at the limit of tokens. Settings has a higher one.",
};
const SHOWN_MS = 2000;

/** A column of the answers. */
export class AnswerView {
  #stage = el("p", { class: "stage", "data-testid": "stage" }, STARTING);
  #bar = el("progress", { max: "1", "aria-label": "Loading the model", hidden: true });
  #reasoning = el("div", { class: "prose quiet", tabindex: "0" });
  #thoughts = el("details", { class: "reasoning", hidden: true }, el("summary", {}, "Reasoning"), this.#reasoning);
  #text = el("div", { class: "prose", tabindex: "0", role: "group", "data-testid": "answer-text" });
  #note = el("p", { class: "note", hidden: true });
  #error = el("p", { class: "error", hidden: true });
  #figures = el("dl", { class: "figures", "data-testid": "figures" });
  #foot = el("div", { class: "answer-foot", hidden: true });
  #raw = "";
  #begun = false;
  #answer;
  #reasoned;
  #copy = this.#copyButton();

  /**
   * @param {{label: string}} model
   * @param {{number: number, place: string, text: string}[]} passages that it was given
   * @param {boolean} waits for another model to finish first
   */
  constructor(model, passages, waits) {
    const byNumber = new Map(passages.map((passage) => [passage.number, passage]));
    const heading = el("h3", {}, model.label);
    this.element = el(
      "article",
      { class: "answer", "aria-label": model.label, "aria-busy": "true" },
      heading, this.#stage, this.#bar, this.#thoughts, this.#text, this.#note, this.#error, this.#foot,
    );
    this.#text.setAttribute("aria-label", `Answer of ${model.label}`);
    this.#reasoning.setAttribute("aria-label", `Reasoning of ${model.label}`);
    this.#foot.append(this.#figures, this.#copy);
    this.#reasoned = new StreamText(this.#reasoning);
    this.#answer = new StreamText(this.#text, {
      known: new Set(byNumber.keys()),
      mark: (number) => markButton(byNumber.get(number)),
    });
    if (waits) say(this.#stage, WAITING);
  }

  /** Its turn has come. */
  start() {
    say(this.#stage, STARTING);
  }

  /** Shows an event of the model. */
  show(event) {
    if (event.kind === "loading") this.#showLoading(event);
    else if (event.kind === "ready" || event.kind === "opened") this.#showStage(READING);
    else if (event.kind === "reasoning") {
      this.#begun = true;
      this.#showStage(THINKING);
      this.#thoughts.hidden = false;
      this.#reasoned.push(event.text);
    } else if (event.kind === "text") {
      this.#showStage("");
      this.#begun = true;
      this.#raw += event.text;
      this.#answer.push(event.text);
    }
  }

  /**
   * The run is over.
   * @param {import("../runs.js").Run} run
   * @param {string} problem a sentence when it failed
   */
  end(run, problem = "") {
    this.#reasoned.flush();
    this.#answer.flush();
    this.#showStage("");
    const empty = !this.#raw && run.ended === "stop" ? "The model ended without a word." : "";
    say(this.#note, ENDINGS[run.ended] ?? empty);
    say(this.#error, problem);
    this.#figures.replaceChildren(...figures(run));
    this.#copy.hidden = !this.#raw;
    this.#foot.hidden = !this.#begun;
    this.element.setAttribute("aria-busy", "false");
  }

  /** It never began. */
  abandon(sentence) {
    this.#showStage("");
    say(this.#note, sentence);
    this.element.setAttribute("aria-busy", "false");
  }

  #showLoading({ share, text }) {
    const percent = share === null ? "" : `, ${Math.floor(share * 100)} %`;
    say(this.#stage, `Loading the model${percent}${text ? ` · ${text}` : "…"}`);
    this.#bar.hidden = false;
    if (share === null) this.#bar.removeAttribute("value");
    else this.#bar.value = share;
  }

  #showStage(sentence) {
    say(this.#stage, sentence);
    this.#bar.hidden = true;
  }

  #copyButton() {
    const copy = button("Copy", async () => {
      try {
        await navigator.clipboard.writeText(this.#raw.trim());
        copy.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(this.#text);
        copy.textContent = "Selected, now press Ctrl+C";
      }
      setTimeout(() => (copy.textContent = "Copy"), SHOWN_MS);
    }, { class: "quiet-button" });
    return copy;
  }
}

function markButton(passage) {
  const label = `Passage ${passage.number}: ${passage.place}`;
  const attributes = { class: "mark", "aria-label": label, title: label };
  return button(`[${passage.number}]`, () => openPassage(passage), attributes);
}

function figures(run) {
  const pairs = [
    ["First token", duration(run.load_ms + run.prompt_ms + run.first_ms)],
    ["Speed", rate(run.tokens_per_s)],
    ["Total", duration(run.total_ms)],
    ["Tokens", count(run.tokens)],
  ];
  return pairs.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)));
}
