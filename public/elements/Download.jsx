import { Button } from "@/components/ui/button";
import { Progress } from "@/components/ui/progress";

/** A model's download. Props: rag/chat/downloads.py. */

export default function Download() {
  if (props.state !== "running") return null;
  const percent = Math.floor(props.share * 100);
  return (
    <div className="flex items-center gap-3" style={{ maxWidth: 480 }} data-testid="download">
      <Progress value={percent} aria-label={`Download of ${props.alias}`} style={{ flexGrow: 1 }} />
      <span className="text-xs text-muted-foreground" style={{ fontVariantNumeric: "tabular-nums", whiteSpace: "nowrap" }}>{percent} %</span>
      <Button size="sm" variant="outline" onClick={() => callAction({ name: "cancel_download", payload: { alias: props.alias } })}>
        Cancel
      </Button>
    </div>
  );
}
