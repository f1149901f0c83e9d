/**
 * A passage in the sidebar as it reads: tables, lists and code in their form, the sentence that supports the claim
 * marked. Nothing of it is run or loaded: links and pictures are their words. Props: a source of rag/chat/panel.py.
 */

const INLINE = /(`+)([^`\n]+?)\1|\*\*(?=\S)([^\n]+?)\*\*|(?<!\w)__(?=\S)([^\n]+?)__(?!\w)|(?<![\w*])\*(?=[^\s*])([^*\n]+?)\*(?![\w*])|!?\[([^\][\n]*)\]\(([^()\s]*)(?:\s"[^"\n]*")?\)|<(https?:[^<>\s]+)>/g;
const ITEM = /^(\s*)([-*+•]|\d{1,3}[.)])\s+/;
const FENCE = /^\s{0,3}(```|~~~)/;
const TEMPLATE_TAG = /^\s*\{[%#{].*[%#}]\}\s*$/;

/** The words of a stretch of text, without its Markdown: bold, code and emphasis as such, a link as its words. */
function inline(text, key = "") {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    const [all, , code, bold, alsoBold, emphasis, words, address, bare] = match;
    if (match.index > end) nodes.push(text.slice(end, match.index));
    const id = `${key}${match.index}`;
    if (code) nodes.push(<code key={id} className="rounded bg-muted" style={{ padding: "0 3px", fontSize: "0.92em" }}>{code}</code>);
    else if (bold || alsoBold) nodes.push(<strong key={id}>{inline(bold || alsoBold, `${id}.`)}</strong>);
    else if (emphasis) nodes.push(<em key={id}>{inline(emphasis, `${id}.`)}</em>);
    else nodes.push(bare ? bare : <span key={id} title={address}>{words}</span>);
    end = match.index + all.length;
  }
  if (end < text.length) nodes.push(text.slice(end));
  return nodes;
}

/** A stretch of the passage; what of it is the supporting sentence is marked. */
function Words({ text, from, to, quote, joined = " " }) {
  const cuts = [from, Math.min(Math.max(quote[0], from), to), Math.min(Math.max(quote[1], from), to), to];
  const [before, marked, after] = [0, 1, 2].map((n) => text.slice(cuts[n], cuts[n + 1]).replace(/[ \t]*\n[ \t]*/g, joined));
  return (
    <>
      {inline(before)}
      {marked.trim() && <mark className="rounded" style={{ background: "hsl(var(--primary) / 0.22)", color: "inherit", padding: "1px 2px" }}>{inline(marked)}</mark>}
      {inline(after)}
    </>
  );
}

/** The lines of a text with their places. */
function linesOf(text) {
  let from = 0;
  return text.split("\n").map((line) => {
    const found = { line, from, to: from + line.length };
    from = found.to + 1;
    return found;
  });
}

const kindOf = ({ line }) => (!line.trim() ? "gap" : TEMPLATE_TAG.test(line) ? "gap" : /^\s*\|/.test(line) ? "table" : /^\s{0,3}#{1,6}\s/.test(line) ? "heading" : ITEM.test(line) ? "list" : "prose");

/** The lines as blocks: a fence goes to its end, an item takes the lines that go on in it. */
function blocksOf(text) {
  const blocks = [];
  let fence = "";
  for (const line of linesOf(text)) {
    const last = blocks[blocks.length - 1];
    const opens = FENCE.exec(line.line);
    if (fence || opens) {
      if (fence) last.lines.push(line);
      else blocks.push({ kind: "code", lines: [line] });
      fence = fence ? (opens && opens[1] === fence ? "" : fence) : opens[1];
      continue;
    }
    const kind = kindOf(line);
    const goesOn = kind === "prose" && last && last.kind === "list";
    if (goesOn || (last && last.kind === kind && kind !== "list" && kind !== "heading")) last.lines.push(line);
    else blocks.push({ kind, lines: [line] });
  }
  return blocks.filter((block) => block.kind !== "gap");
}

/** Whether lines stand for themselves, as in a form or a receipt; else they were only wrapped. As `is_form` in rag/text/sentences.py. */
function isForm(lines) {
  const lengths = lines.map(({ line }) => line.length);
  const sum = lengths.reduce((a, b) => a + b, 0);
  const going = lines.filter(({ line }) => /^\s*[\p{Ll}\p{Lo}]/u.test(line)).length;
  return lines.length > 1 && Math.max(...lengths) <= 80 && sum <= 45 * lines.length && going < 0.3 * lines.length;
}

/** The places of a row's cells. */
function cellsOf({ line, from }) {
  const pipes = [...line.matchAll(/(?<!\\)\|/g)].map((match) => match.index);
  const edges = pipes[pipes.length - 1] === line.trimEnd().length - 1 ? pipes : [...pipes, line.length];
  return edges.slice(0, -1).map((edge, n) => [from + edge + 1, from + edges[n + 1]]);
}

function Table({ text, lines, quote }) {
  const headed = lines.length > 1 && /^[\s|:-]*-[\s|:-]*$/.test(lines[1].line);
  const Row = ({ line, Cell }) => (
    <tr>
      {cellsOf(line).map(([from, to]) => (
        <Cell key={from} scope={Cell === "th" ? "col" : undefined} className="border px-2 py-1 text-left align-top">
          <Words text={text} from={from} to={to} quote={quote} />
        </Cell>
      ))}
    </tr>
  );
  const rows = (headed ? lines.slice(2) : lines).filter(({ line }) => line.replace(/[\s|:-]/g, "") || !/-/.test(line));
  return (
    <div style={{ overflowX: "auto" }} tabIndex={0} role="region" aria-label="Table">
      <table className="text-xs" style={{ borderCollapse: "collapse", overflowWrap: "break-word" }}>
        {headed && <thead className="bg-muted"><Row line={lines[0]} Cell="th" /></thead>}
        <tbody>{rows.map((line) => <Row key={line.from} line={line} Cell="td" />)}</tbody>
      </table>
    </div>
  );
}

function Block({ text, block: { kind, lines }, quote }) {
  const from = lines[0].from;
  const to = lines[lines.length - 1].to;
  if (kind === "table") return <Table text={text} lines={lines} quote={quote} />;
  if (kind === "code") {
    const body = lines.slice(1, lines.length > 1 && FENCE.test(lines[lines.length - 1].line) ? -1 : undefined);
    return <pre className="text-xs rounded bg-muted" style={{ padding: 8, whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}><code>{body.map(({ line }) => line).join("\n")}</code></pre>;
  }
  if (kind === "list") {
    const [all, indent, mark] = ITEM.exec(lines[0].line);
    return (
      <div className="flex gap-2" style={{ marginLeft: `${Math.min(indent.replace(/\t/g, "    ").length, 12) * 0.35}rem` }} role="listitem">
        <span aria-hidden="true">{/\d/.test(mark) ? mark : "•"}</span>
        <span><Words text={text} from={from + all.length} to={to} quote={quote} /></span>
      </div>
    );
  }
  if (kind === "heading") {
    const hashes = /^\s*#+\s+/.exec(lines[0].line)[0];
    return <p className="font-semibold"><Words text={text} from={from + hashes.length} to={to} quote={quote} /></p>;
  }
  return <p style={{ whiteSpace: "pre-line" }}><Words text={text} from={from} to={to} quote={quote} joined={isForm(lines) ? "\n" : " "} /></p>;
}

export default function Passage() {
  const header = props.table_header ? `${props.table_header}\n` : "";
  const text = header + props.parts.join("");
  const start = header.length + props.parts[0].length;
  const quote = [start, start + props.parts[1].length];
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
      <div className="text-sm flex flex-col gap-2" style={{ overflowWrap: "anywhere", lineHeight: 1.6 }}>
        {blocksOf(text).map((block) => <Block key={block.lines[0].from} text={text} block={block} quote={quote} />)}
      </div>
    </article>
  );
}
