"""A turn as it is logged: its numbers and decisions; its words only where the organisation wants them.

The dataclasses are the schema of a line: what they leave out of a turn, such as the sentences of a decision, which may
hold a flagged topic, is not logged. Aliases are the keys that lines have had since the first version.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from rag.types import (
    EARLY,
    BlockedBy,
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
_DECISION = ("action", "confidence", "threshold", "match", "match_threshold", "trigger", "way", "blocked_by")
_GENERATION = ("model", "seconds", "generated", "tokens_per_second")
_ESCALATION = ("seconds", "support_before", "support_after", "tokens")
"""The fields of a turn's parts that go into the log as they are."""


@dataclass(frozen=True, slots=True)
class LoggedDecision:
    """The numbers of a `Decision`."""

    action: Literal["keep", "escalate", "abstain"]
    confidence: float
    threshold: float
    match: float
    match_threshold: float
    trigger: Trigger | None = None
    way: Literal["answer", "refine"] | None = None
    blocked_by: Annotated[BlockedBy | None, Field(alias="held")] = None


@dataclass(frozen=True, slots=True)
class LoggedGeneration:
    """What one model wrote, counted."""

    model: str
    seconds: float
    """From the request to the last token."""
    generated: bool = True
    """False for an extractive answer, which no model wrote."""
    early: bool = False
    """Stopped before its end."""
    read: int | None = None
    """Tokens of the prompt; None when the server did not count, as in the next two."""
    written: int | None = None
    """Tokens of the reply, reasoning included."""
    reasoning: int | None = None
    tokens_per_second: float | None = None


@dataclass(frozen=True, slots=True)
class LoggedEscalation:
    """What the larger model cost and brought; the last four are counts of sentences."""

    seconds: float
    support_before: float
    support_after: float
    tokens: int | None = None
    kept: int = 0
    reworded: int = 0
    added: int = 0
    removed: int = 0

    @property
    def changed(self) -> bool:
        """Whether any sentence is not as it was."""
        return bool(self.reworded or self.added or self.removed)


@dataclass(frozen=True, slots=True)
class LoggedText:
    """The words of a turn, with `LOG_TEXT=on` only."""

    question: str
    answer: str
    draft: str = ""
    escalated: str = ""
    """The larger model's answer, also where the draft was kept."""
    changes: tuple[SentenceChange, ...] = ()
    passages: tuple[str, ...] = ()
    """Where the passages stand that the model was given, by number."""


@dataclass(frozen=True, slots=True)
class LoggedTurn:
    """One turn of the log, with the feedback that people gave on it later."""

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
    escalation_report: Annotated[LoggedEscalation | None, Field(alias="receipt")] = None
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
            decision=LoggedDecision(**_numbers(turn.decision, _DECISION)),
            total=_rounded(turn.timings.total),
            first_token=_first_token(turn),
            signals={signal.name: _rounded(signal.value) for signal in turn.decision.signals},
            stages={stage.name: _rounded(turn.timings.seconds(stage.name)) for stage in turn.timings.stages},
            draft=_generation(turn.draft),
            escalated=_generation(turn.escalated),
            escalation_report=_escalation(turn.escalation_report),
            passages=len(turn.citations),
            cited=sum(citation.cited for citation in turn.citations),
            notices=len(turn.notices),
            text=_text(turn) if text else None,
        )


def _generation(written: Generation | None) -> LoggedGeneration | None:
    if not written:
        return None
    usage = written.usage
    return LoggedGeneration(
        **_numbers(written, _GENERATION),
        early=written.finish_reason == EARLY,
        read=usage.prompt if usage else None,
        written=usage.completion if usage else None,
        reasoning=usage.reasoning if usage else None,
    )


def _escalation(report: EscalationReport | None) -> LoggedEscalation | None:
    if not report:
        return None
    return LoggedEscalation(**_numbers(report, _ESCALATION), **Counter(change.kind for change in report.changes))


def _text(turn: Turn) -> LoggedText:
    return LoggedText(
        question=turn.question,
        answer=turn.answer,
        draft=turn.draft.text if turn.draft else "",
        escalated=turn.escalated.text if turn.escalated else "",
        changes=turn.escalation_report.changes if turn.escalation_report else (),
        passages=tuple(citation.hit.passage.place for citation in turn.citations),
    )


def _first_token(turn: Turn) -> float | None:
    """The end of the wait for what is shown first: the draft's, or the larger model's where there was no draft.

    The last such wait counts: the ones before it ended in a failure.
    """
    name: StageName = "first_token" if turn.draft else "escalation_first_token"
    ends = [stage.start + stage.seconds for stage in turn.timings.stages if stage.name == name]
    return _rounded(ends[-1]) if ends and (turn.draft or turn.escalated) else None


def _numbers(source: object, names: tuple[str, ...]) -> dict[str, Any]:
    """These fields and no others, with fewer decimals: what is not named here is not logged."""
    return {name: _rounded(getattr(source, name)) for name in names}


def _rounded(value: Any) -> Any:
    return round(value, _DECIMALS) if isinstance(value, float) else value
