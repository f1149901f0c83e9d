import { useEffect, useRef } from "react";
import { useSetRecoilState } from "recoil";
import { sideViewState } from "@chainlit/react-client";
import { FileText, Upload } from "lucide-react";

/** What stands under an answer: its sources, the passages that it did not use, who wrote it. Props: rag/chat/panel.py. */

function usePassageView() {
  const setSideView = useSetRecoilState(sideViewState);
  return (source) =>
    setSideView({
      title: source.number ? `Passage ${source.number}` : "Passage",
      elements: [{ id: `passage-${source.number ?? source.place}`, type: "custom", name: "Passage", display: "side", props: source }],
    });
}

/** Marks such as [1] in the answer above open their passage beside it, instead of a page of its own. */
function useMarks(root, cited, open) {
  useEffect(() => {
    const message = root.current && root.current.closest(".message-content");
    if (!message) return undefined;
    const onClick = (event) => {
      const link = event.target.closest && event.target.closest("a.element-link");
      const match = link && /^\[(\d+)\]$/.exec(link.textContent.trim());
      const source = match && cited.find((each) => each.number === Number(match[1]));
      if (!source) return;
      event.preventDefault();
      event.stopPropagation();
      open(source);
    };
    message.addEventListener("click", onClick, true);
    return () => message.removeEventListener("click", onClick, true);
  });
}

const FLAG = "⚠";
const LETTERS = /[\p{L}\p{N}]/gu;

/** The stretch before a flag that has so many letters and digits: the sentence as the page shows it. */
function sentenceBefore(flag, message, letters) {
  const walker = document.createTreeWalker(message, NodeFilter.SHOW_TEXT);
  walker.currentNode = flag;
  const range = document.createRange();
  range.setEndBefore(flag);
  range.setStartBefore(flag);
  for (let left = letters, node = walker.previousNode(); node && left > 0; node = walker.previousNode()) {
    const found = [...node.data.matchAll(LETTERS)];
    range.setStart(node, found.length >= left ? found[found.length - left].index : 0);
    left -= found.length;
  }
  return range;
}

/** Underlines the sentences that no passage supports, and says at each flag why; a press on it goes to the list below. */
function useFlags(root, unsupported) {
  useEffect(() => {
    const message = root.current && root.current.closest(".message-content");
    if (!message || !unsupported.length) return undefined;
    const underlined = window.CSS && CSS.highlights && window.Highlight ? CSS.highlights.get("unsupported") || new Highlight() : null;
    if (underlined) CSS.highlights.set("unsupported", underlined);
    let ranges = [];
    const clear = () => ranges.forEach((range) => underlined && underlined.delete(range));
    const update = () => {
      clear();
      const flags = [...message.querySelectorAll("a.element-link")].filter((link) => link.textContent.trim() === FLAG).slice(0, unsupported.length);
      flags.forEach((flag, n) => {
        flag.title = `Not supported by your documents: ${unsupported[n].reason}`;
        flag.setAttribute("aria-label", flag.title);
      });
      ranges = flags.map((flag, n) => sentenceBefore(flag, message, unsupported[n].letters));
      ranges.forEach((range) => underlined && underlined.add(range));
    };
    const onClick = (event) => {
      const link = event.target.closest && event.target.closest("a.element-link");
      if (!link || link.textContent.trim() !== FLAG) return;
      event.preventDefault();
      event.stopPropagation();
      root.current.querySelector("[data-testid=unsupported]").focus();
    };
    update();
    const timer = setTimeout(update, 400); // the text may be drawn after its sources
    message.addEventListener("click", onClick, true);
    return () => {
      clearTimeout(timer);
      clear();
      message.removeEventListener("click", onClick, true);
    };
  });
}

function Unsupported({ sentences }) {
  return (
    <div role="note" tabIndex={-1} className="text-xs rounded-md border px-3 py-2" style={{ maxWidth: "42rem" }} data-testid="unsupported">
      <p style={{ margin: 0 }}>
        <span aria-hidden="true">{FLAG} </span>
        {sentences.length === 1 ? "One sentence is not supported by your documents:" : `${sentences.length} sentences are not supported by your documents:`}
      </p>
      <ul style={{ margin: 0, paddingLeft: "1.2rem", listStyle: "disc" }}>
        {sentences.map(({ text, reason }, n) => (
          <li key={n} style={{ margin: "2px 0", padding: 0 }}>
            “{text.length > 160 ? `${text.slice(0, 160)}…` : text}” <span className="text-muted-foreground">({reason})</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Source({ source, open }) {
  return (
    <li>
      <button
        type="button"
        onClick={() => open(source)}
        className="flex items-center gap-2 text-left text-xs text-muted-foreground hover:text-foreground"
        style={{ minHeight: 28, maxWidth: "100%" }}
        data-source={source.number ?? ""}
      >
        {source.number ? <span className="rounded bg-muted px-1.5 font-medium">{source.number}</span> : <FileText className="h-4 w-4" aria-hidden="true" />}
        <span style={{ overflowWrap: "anywhere" }}>
          {source.place}
          {source.origin === "upload" ? " · uploaded" : ""}
        </span>
      </button>
    </li>
  );
}

function List({ sources, open, label }) {
  return (
    <ul aria-label={label} className="flex flex-col" style={{ listStyle: "none", padding: 0, margin: 0 }}>
      {sources.map((source, n) => <Source key={source.number ?? n} source={source} open={open} />)}
    </ul>
  );
}

export default function Sources() {
  const root = useRef(null);
  const open = usePassageView();
  const unsupported = props.unsupported || [];
  useMarks(root, [...props.cited, ...(props.listed || [])], open);
  useFlags(root, unsupported);
  return (
    <div ref={root} className="flex flex-col gap-1 not-prose" data-testid="sources">
      {unsupported.length > 0 && <Unsupported sentences={unsupported} />}
      {props.cited.length > 0 && <List sources={props.cited} open={open} label="Sources" />}
      {props.nearest.length > 0 && <List sources={props.nearest} open={open} label="Nearest passages" />}
      {props.others.length > 0 && (
        <details>
          <summary className="text-xs text-muted-foreground cursor-pointer">
            {props.others.length === 1 ? "1 passage was read but not cited" : `${props.others.length} passages were read but not cited`}
          </summary>
          <List sources={props.others} open={open} label="Not cited" />
        </details>
      )}
      {props.notices.map((notice) => (
        <p key={notice} className="text-xs" role="note" style={{ margin: 0 }}>{notice}</p>
      ))}
      {props.byline && <p className="text-xs text-muted-foreground" style={{ margin: 0 }} data-testid="byline">{props.byline}</p>}
      {props.offer_upload && (
        <button
          type="button"
          onClick={() => document.querySelector("#upload-button")?.click()}
          className="flex items-center gap-2 text-xs rounded-md border px-3 hover:bg-muted"
          style={{ minHeight: 32, alignSelf: "flex-start" }}
        >
          <Upload className="h-4 w-4" aria-hidden="true" /> Upload a document
        </button>
      )}
    </div>
  );
}
