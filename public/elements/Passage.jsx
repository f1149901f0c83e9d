/** A passage in the sidebar, with the sentence that supports the claim marked. Props: a source of rag/chat/source_list.py. */

/** Lines that were only wrapped in the file run on; lists, tables and paragraphs keep their lines. */
const unwrapped = (text) => text.replace(/(\S)[ \t]*\n(?!\s*(?:\n|[-*+•|>#]|\d{1,3}[.)]\s))/g, "$1 ");

export default function Passage() {
  const [before, quote, after] = props.parts.map(unwrapped);
  const path = props.headings.filter((heading) => heading !== props.title);
  return (
    <article className="flex flex-col gap-3" data-testid="passage">
      <header>
        <h3 className="text-sm font-semibold" style={{ overflowWrap: "anywhere" }}>{props.title}</h3>
        <p className="text-xs text-muted-foreground" style={{ overflowWrap: "anywhere" }}>
          {props.collection ? `${props.collection} › ` : ""}
          {props.document}
          {path.length > 0 ? ` › ${path.join(" › ")}` : ""}
          {props.where ? ` · ${props.where}` : ""}
        </p>
      </header>
      <p className="text-sm" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere", lineHeight: 1.6 }}>
        {props.table_header && <span className="text-muted-foreground">{`${props.table_header}\n`}</span>}
        {before}
        {quote && <mark className="rounded" style={{ background: "hsl(var(--primary) / 0.22)", color: "inherit", padding: "1px 2px" }}>{quote}</mark>}
        {after}
      </p>
    </article>
  );
}
