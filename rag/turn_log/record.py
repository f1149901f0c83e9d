"""A turn as the log keeps it: its numbers and decisions; its words only where the organisation wants them kept."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from pydantic import AwareDatetime

from rag.types import (
    EARLY,
    BlockedBy,
    Decision,
    EscalationReport,
    Generation,
    Mode,
    Outcome,
    SentenceChange,
    StageName,
    Trigger,
    Turn,
)

Thumb = Literal["up", "down"]

_DECIMALS = 4
"""Of seconds and probabilities: tenths of a millisecond, and more than any threshold needs."""


@dataclass(frozen=True, slots=True)
class LoggedDecision:
    """A `Decision` without its sentences, which may hold a flagged topic."""

    action: Literal["keep", "escalate", "abstain"]
    confidence: float
    threshold: float
    match: float
    match_threshold: float
    trigger: Trigger | None = None
    way: Literal["answer", "refine"] | None = None
    held: BlockedBy | None = None

    @classmethod
    def of(cls, decision: Decision) -> "LoggedDecision":
        """The numbers of a decision."""
        return cls(
            action=decision.action,
            confidence=_rounded(decision.confidence),
            threshold=_rounded(decision.threshold),
            match=_rounded(decision.match),
            match_threshold=_rounded(decision.match_threshold),
            trigger=decision.trigger,
            way=decision.way,
            held=decision.blocked_by,
        )


@dataclass(frozen=True, slots=True)
class LoggedGeneration:
    """What one model wrote, counted."""

    model: str
    seconds: float
    """From the request to the last token."""
    generated: bool = True
    """False for quotes, which no model wrote."""
    early: bool = False
    """Given up before its end."""
    read: int | None = None
    """Tokens of the prompt; None when the server did not say, as in the next two."""
    written: int | None = None
    """Tokens of the reply, reasoning included."""
    reasoning: int | None = None
    tokens_per_second: float | None = None

    @classmethod
    def of(cls, written: Generation) -> "LoggedGeneration":
        """The numbers of what a model wrote."""
        usage, rate = written.usage, written.tokens_per_second
        return cls(
            model=written.model,
            seconds=_rounded(written.seconds),
            generated=written.generated,
            early=written.finish_reason == EARLY,
            read=usage.prompt if usage else None,
            written=usage.completion if usage else None,
            reasoning=usage.reasoning if usage else None,
            tokens_per_second=None if rate is None else _rounded(rate),
        )


@dataclass(frozen=True, slots=True)
class LoggedReceipt:
    """What the larger model cost and brought; the last four are counts of sentences."""

    seconds: float
    support_before: float
    support_after: float
    tokens: int | None = None
    kept: int = 0
    reworded: int = 0
    added: int = 0
    removed: int = 0

    @classmethod
    def of(cls, receipt: EscalationReport) -> "LoggedReceipt":
        """The numbers of a receipt."""
        kinds = Counter(change.kind for change in receipt.changes)
        return cls(
            seconds=_rounded(receipt.seconds),
            support_before=_rounded(receipt.support_before),
            support_after=_rounded(receipt.support_after),
            tokens=receipt.tokens,
            kept=kinds["kept"],
            reworded=kinds["reworded"],
            added=kinds["added"],
            removed=kinds["removed"],
        )

    @property
    def changed(self) -> bool:
        """Whether any sentence is not as it was."""
        return bool(self.reworded or self.added or self.removed)


@dataclass(frozen=True, slots=True)
class LoggedText:
    """The words of a turn, kept with `LOG_TEXT=on` only."""

    question: str
    answer: str
    draft: str = ""
    escalated: str = ""
    """The larger model's answer, also where the draft was kept."""
    changes: tuple[SentenceChange, ...] = ()
    passages: tuple[str, ...] = ()
    """Where the passages stand that the model was given, by number."""

    @classmethod
    def of(cls, turn: Turn) -> "LoggedText":
        """The words of a turn."""
        return cls(
            question=turn.question,
            answer=turn.answer,
            draft=turn.draft.text if turn.draft else "",
            escalated=turn.escalated.text if turn.escalated else "",
            changes=turn.escalation_report.changes if turn.escalation_report else (),
            passages=tuple(citation.hit.passage.place for citation in turn.citations),
        )


@dataclass(frozen=True, slots=True)
class LoggedTurn:
    """One turn of the log, with what people said of it later."""

    id: str
    at: AwareDatetime
    mode: Mode
    outcome: Outcome
    decision: LoggedDecision
    total: float
    """Seconds."""
    first_token: float | None = None
    """Seconds until the person read the first word; None when no model wrote one."""
    signals: Mapping[str, float] = field(default_factory=dict[str, float])
    stages: Mapping[StageName, float] = field(default_factory=dict[StageName, float])
    """Seconds."""
    draft: LoggedGeneration | None = None
    escalated: LoggedGeneration | None = None
    """What the larger model wrote, also when the draft was kept."""
    receipt: LoggedReceipt | None = None
    passages: int = 0
    """How many the model was given."""
    cited: int = 0
    notices: int = 0
    """How often something did not go as usual."""
    text: LoggedText | None = None
    thumb: Thumb | None = None
    """What the person thought of the answer in the end."""
    asked: bool = False
    """Whether the person asked the larger model all the same."""

    @classmethod
    def of(cls, turn_id: str, turn: Turn, *, mode: Mode, at: datetime, text: bool) -> "LoggedTurn":
        """A turn as it is logged at that time; with its words only if `text`."""
        return cls(
            id=turn_id,
            at=at.astimezone(UTC),
            mode=mode,
            outcome=turn.outcome,
            decision=LoggedDecision.of(turn.decision),
            total=_rounded(turn.timings.total),
            first_token=_first_token(turn),
            signals={signal.name: _rounded(signal.value) for signal in turn.decision.signals},
            stages={stage.name: _rounded(turn.timings.seconds(stage.name)) for stage in turn.timings.stages},
            draft=LoggedGeneration.of(turn.draft) if turn.draft else None,
            escalated=LoggedGeneration.of(turn.escalated) if turn.escalated else None,
            receipt=LoggedReceipt.of(turn.escalation_report) if turn.escalation_report else None,
            passages=len(turn.citations),
            cited=sum(citation.cited for citation in turn.citations),
            notices=len(turn.notices),
            text=LoggedText.of(turn) if text else None,
        )


def _first_token(turn: Turn) -> float | None:
    """The end of the wait for what is shown first: the draft's, or the larger model's where there was no draft.

    The last such wait counts: the ones before it ended in a failure.
    """
    name: StageName = "first_token" if turn.draft else "escalation_first_token"
    ends = [stage.start + stage.seconds for stage in turn.timings.stages if stage.name == name]
    return _rounded(ends[-1]) if ends and (turn.draft or turn.escalated) else None


def _rounded(value: float) -> float:
    return round(value, _DECIMALS)
