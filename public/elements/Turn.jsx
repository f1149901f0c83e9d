import { useEffect, useState } from "react";

/** The turn panel: where each millisecond went, what was decided and why. Props: rag/chat/panel.py. */

const SMALL = "hsl(var(--primary))";
const LARGER = "hsl(var(--foreground) / 0.65)";
const seconds = (ms) => (ms >= 10000 ? `${(ms / 1000).toFixed(1)} s` : ms >= 1000 ? `${(ms / 1000).toFixed(2)} s` : ms >= 10 ? `${Math.round(ms)} ms` : `${ms.toFixed(1)} ms`);
const number = (value, digits = 1) => (value === null || value === undefined ? "–" : Number(value).toLocaleString(undefined, { maximumFractionDigits: digits }));

function useElapsed(running, received) {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    if (!running) return undefined;
    const timer = setInterval(() => setNow(performance.now()), 100);
    return () => clearInterval(timer);
  }, [running]);
  return running ? Math.max(0, now - received) : 0;
}

function Section({ title, children }) {
  return (
    <section className="flex flex-col gap-2">
      <h3 className="text-sm font-semibold">{title}</h3>
      {children}
    </section>
  );
}

function Bar({ stage, total, live }) {
  const left = total ? (stage.start_ms / total) * 100 : 0;
  const width = total ? Math.max((stage.ms / total) * 100, 0.8) : 0;
  return (
    <tr data-stage={stage.name} data-ms={stage.ms}>
      <th scope="row" className="text-left font-normal pr-2" style={{ width: "8.5rem", whiteSpace: "nowrap" }}>
        {stage.label}
      </th>
      <td style={{ width: "100%" }}>
        <div className="bg-muted rounded" style={{ height: 8, position: "relative", overflow: "hidden" }} aria-hidden="true">
          <div
            className="rounded"
            style={{ background: stage.larger ? LARGER : SMALL, position: "absolute", left: `${Math.min(left, 99)}%`, width: `${Math.min(width, 100 - Math.min(left, 99))}%`, height: "100%", opacity: live ? 0.6 : 1 }}
          />
        </div>
      </td>
      <td className="text-right pl-2 text-muted-foreground" style={{ whiteSpace: "nowrap", fontVariantNumeric: "tabular-nums" }}>
        {seconds(stage.ms)}
      </td>
    </tr>
  );
}

function Stages({ stages, total, running, elapsed }) {
  const rows = stages.map((stage, n) => (running && n === stages.length - 1 ? { ...stage, ms: stage.ms + elapsed } : stage));
  const part = (larger) => rows.filter((stage) => stage.larger === larger);
  return (
    <table className="text-xs w-full" style={{ borderSpacing: "0 4px", borderCollapse: "separate" }} data-testid="stages">
      <tbody>
        {part(false).map((stage, n) => (
          <Bar key={`${stage.name}${n}`} stage={stage} total={total} live={running && stage === rows[rows.length - 1]} />
        ))}
        {part(true).length > 0 && (
          <tr>
            <th scope="rowgroup" colSpan={3} className="text-left text-muted-foreground font-medium" style={{ paddingTop: 6 }}>
              Larger model
            </th>
          </tr>
        )}
        {part(true).map((stage, n) => (
          <Bar key={`${stage.name}${n}`} stage={stage} total={total} live={running && stage === rows[rows.length - 1]} />
        ))}
      </tbody>
    </table>
  );
}

function Model({ model }) {
  const facts = [
    model.tokens_in !== null && `${number(model.tokens_in, 0)} tokens in`,
    model.tokens_out !== null && `${number(model.tokens_out, 0)} out`,
    model.tokens_reasoning > 0 && `${number(model.tokens_reasoning, 0)} of them reasoning`,
    model.tokens_per_second !== null && `${number(model.tokens_per_second)} tokens/s`,
  ].filter(Boolean);
  return (
    <div className="text-xs" data-model={model.alias} data-ms={model.ms}>
      <div className="flex" style={{ justifyContent: "space-between", gap: 12 }}>
        <span>
          {model.generated ? model.alias : "Quotes, no model"}
          <span className="text-muted-foreground">{model.role === "larger" ? " · larger model" : model.generated ? " · draft" : ""}</span>
        </span>
        <span style={{ whiteSpace: "nowrap" }}>{seconds(model.ms)}</span>
      </div>
      {facts.length > 0 && <div className="text-muted-foreground">{facts.join(" · ")}</div>}
    </div>
  );
}

function Models({ models, combined }) {
  return (
    <Section title="Models">
      <div className="flex flex-col gap-2" style={{ fontVariantNumeric: "tabular-nums" }} data-testid="models">
        {models.map((model) => <Model key={model.role} model={model} />)}
      </div>
      {combined !== null && combined !== undefined && <p className="text-xs text-muted-foreground">Draft and larger model together: {seconds(combined)}</p>}
    </Section>
  );
}

function Meter({ label, value, threshold, title }) {
  const percent = Math.round(Math.min(Math.max(value, 0), 1) * 100);
  return (
    <div className="flex items-center gap-2 text-xs" title={title}>
      <span style={{ width: "6.5rem", flexShrink: 0 }}>{label}</span>
      <div className="bg-muted rounded" style={{ position: "relative", height: 6, flexGrow: 1 }} aria-hidden="true">
        <div className="bg-primary rounded" style={{ width: `${percent}%`, height: "100%" }} />
        {threshold !== undefined && (
          <div style={{ background: "hsl(var(--foreground))", position: "absolute", left: `${threshold * 100}%`, top: -3, width: 2, height: 12 }} />
        )}
      </div>
      <span className="text-right text-muted-foreground" style={{ width: "2.5rem", fontVariantNumeric: "tabular-nums" }}>{value.toFixed(2)}</span>
    </div>
  );
}

const TRIGGERS = {
  low_confidence: "low confidence",
  long_answer: "long draft",
  short_answer: "short draft",
  flagged_topic: "flagged topic",
  cut_off: "draft cut off",
  capability: "capability",
  asked: "you asked",
};

function DecisionPart({ decision }) {
  const asked = decision.trigger === "asked";
  return (
    <Section title="Decision">
      <p className="text-xs" data-testid="reason">{decision.reason}</p>
      {decision.trigger && !asked && (
        <p className="text-xs text-muted-foreground">
          {`Trigger: ${TRIGGERS[decision.trigger]}`}{decision.way ? ` · ${decision.way === "refine" ? "refine the draft" : "answer again"}` : ""}
        </p>
      )}
      {!asked && <Meter label="Match" value={decision.match} threshold={decision.match_threshold} title={`How probably the passages hold the answer; below ${decision.match_threshold} nobody answers`} />}
      {!asked && decision.action !== "abstain" && (
        <Meter label="Confidence" value={decision.confidence} threshold={decision.threshold} title={`How far the draft can be trusted; below ${decision.threshold} the larger model is called`} />
      )}
      {decision.signals.length > 0 && (
        <details>
          <summary className="text-xs text-muted-foreground cursor-pointer">Signals behind it</summary>
          <div className="flex flex-col gap-1 mt-2">
            {decision.signals.map((signal) => (
              <Meter key={signal.name} label={signal.name.replaceAll("_", " ")} value={signal.value} threshold={signal.threshold ?? undefined} title={signal.meaning} />
            ))}
          </div>
        </details>
      )}
    </Section>
  );
}

const CHANGE_SIGNS = { kept: "", reworded: "~", added: "+", removed: "−" };
const CHANGE_LABELS = { kept: "kept", reworded: "reworded", added: "added", removed: "removed" };

function ChangeLine({ change }) {
  const gone = change.kind === "removed";
  return (
    <li className={`text-xs ${change.kind === "kept" || gone ? "text-muted-foreground" : ""}`} style={{ display: "flex", gap: 6, overflowWrap: "anywhere" }}>
      <span aria-hidden="true" style={{ width: "0.8rem", flexShrink: 0, fontVariantNumeric: "tabular-nums" }}>{CHANGE_SIGNS[change.kind]}</span>
      <span>
        <span className="sr-only">{`${CHANGE_LABELS[change.kind]}: `}</span>
        {change.kind === "reworded" && <span className="text-muted-foreground" style={{ display: "block", textDecoration: "line-through" }}>{change.before}</span>}
        <span style={gone ? { textDecoration: "line-through" } : undefined}>{gone ? change.before : change.after}</span>
      </span>
    </li>
  );
}

function EscalationReport({ receipt }) {
  const counts = Object.keys(CHANGE_LABELS).map((kind) => [kind, receipt.changes.filter((change) => change.kind === kind).length]).filter(([, n]) => n > 0);
  const [before, after] = [receipt.support_before, receipt.support_after];
  const moved = after - before > 0.005 ? "rose" : before - after > 0.005 ? "fell" : "stayed";
  return (
    <Section title="What the larger model added">
      <div className="text-xs flex flex-col gap-1" data-testid="receipt" style={{ fontVariantNumeric: "tabular-nums" }}>
        <div>{seconds(receipt.added_ms)}{receipt.tokens !== null && ` · ${number(receipt.tokens, 0)} tokens`}</div>
        <div title="How probably all that is said stands in the passages">{`Support ${moved}${moved === "stayed" ? ` at ${after.toFixed(2)}` : ` from ${before.toFixed(2)} to ${after.toFixed(2)}`}`}</div>
        <div className="text-muted-foreground">{`Sentences: ${counts.map(([kind, n]) => `${n} ${CHANGE_LABELS[kind]}`).join(", ") || "none"}`}</div>
      </div>
      {receipt.changes.length > 0 && (
        <details>
          <summary className="text-xs text-muted-foreground cursor-pointer">Sentence by sentence</summary>
          <ul className="flex flex-col gap-1 mt-2" data-testid="changes">
            {receipt.changes.map((change, n) => <ChangeLine key={n} change={change} />)}
          </ul>
        </details>
      )}
    </Section>
  );
}

function Averages({ averages }) {
  return (
    <Section title={averages.turns === 1 ? "This chat (1 turn)" : `This chat (average of ${averages.turns} turns)`}>
      <p className="text-xs text-muted-foreground" data-testid="averages">
        {seconds(averages.total_ms)} in all
        {averages.first_token_ms !== null && ` · first token after ${seconds(averages.first_token_ms)}`}
        {averages.tokens_per_second !== null && ` · ${number(averages.tokens_per_second)} tokens/s`}
        {` · larger model in ${number(averages.escalated_share * 100, 0)}\u00a0%`}
      </p>
    </Section>
  );
}

export default function Turn() {
  const [received, setReceived] = useState(() => performance.now());
  useEffect(() => setReceived(performance.now()), [props.total_ms, props.running]);
  const elapsed = useElapsed(props.running, received);
  const total = props.total_ms + elapsed;
  return (
    <div className="flex flex-col gap-4" data-testid="turn-panel" data-running={String(props.running)} data-total-ms={props.total_ms}>
      <div>
        <div className="font-semibold" style={{ fontSize: "1.5rem", fontVariantNumeric: "tabular-nums" }}>{seconds(total)}</div>
        <div className="text-xs text-muted-foreground">
          {props.title}
          {props.searched ? ` · ${props.searched.hits} of ${number(props.searched.passages, 0)} passages` : ""}
        </div>
        {props.intent && <p className="text-xs" style={{ overflowWrap: "anywhere", marginTop: 4 }} data-testid="intent">{props.intent}</p>}
        {props.searched_for && <p className="text-xs text-muted-foreground" style={{ overflowWrap: "anywhere" }} data-testid="searched-for">{`Put into your documents' words: “${props.searched_for}”`}</p>}
      </div>
      <Section title="Stages">
        <Stages stages={props.stages} total={total} running={props.running} elapsed={elapsed} />
      </Section>
      {props.models.length > 0 && <Models models={props.models} combined={props.combined_ms} />}
      {props.decision && <DecisionPart decision={props.decision} />}
      {props.corrected_marks > 0 && (
        <p className="text-xs text-muted-foreground" data-testid="corrected">
          {props.corrected_marks === 1 ? "The marks of one sentence were set right by its passage." : `The marks of ${props.corrected_marks} sentences were set right by their passages.`}
        </p>
      )}
      {props.receipt && <EscalationReport receipt={props.receipt} />}
      {props.averages && <Averages averages={props.averages} />}
      {props.notices.map((notice) => <p key={notice} className="text-xs" role="note">{notice}</p>)}
    </div>
  );
}
