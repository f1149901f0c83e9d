import { useEffect, useRef } from "react";
import { useSetRecoilState } from "recoil";
import { sideViewState } from "@chainlit/react-client";
import { FileText, Upload } from "lucide-react";

/** What stands under an answer: its sources, the passages that it did not use, who wrote it. Props: rag/chat/source_list.py. */

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
  useMarks(root, props.cited, open);
  return (
    <div ref={root} className="flex flex-col gap-1 not-prose" data-testid="sources">
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
