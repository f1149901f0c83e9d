"""The nouns of judging a draft, all frozen: signals, the decision, and what the larger model made of it."""

from dataclasses import dataclass
from typing import Literal

Trigger = Literal["low_confidence", "long_answer", "short_answer", "flagged_topic", "cut_off", "capability", "asked"]
Held = Literal["local", "off", "no_model", "failed", "share", "wait"]
"""Asked as Local only; escalation is off; no larger model; it did not answer; its share of turns is used up; the wait
would be too long."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A named number in [0, 1] that speaks for (1) or against (0) the draft."""

    name: str
    value: float
    meaning: str
    """One line for the panel."""
    threshold: float | None = None
    """Below it the signal alone speaks for the larger model, or for saying nothing; None when it only counts along."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of the draft, and why."""

    action: Literal["keep", "escalate", "abstain"]
    reason: str
    """One sentence for the person."""
    confidence: float
    threshold: float
    trigger: Trigger | None = None
    """What spoke for the larger model, also when it was held back."""
    way: Literal["answer", "refine"] | None = None
    """With `escalate`: answer again from the passages, or refine the draft."""
    signals: tuple[Signal, ...] = ()
    match: float = 1.0
    """[0, 1]: how probably the passages hold the answer."""
    match_threshold: float = 0.0
    """Below it the documents are taken not to hold the answer."""
    held: Held | None = None
    """Why a draft stayed although a trigger fired."""


@dataclass(frozen=True, slots=True)
class SentenceChange:
    """What became of one sentence of the draft in the larger model's answer."""

    kind: Literal["kept", "reworded", "added", "removed"]
    before: str = ""
    """The draft's sentence; "" where one was added."""
    after: str = ""
    """The larger model's; "" where one was removed."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the larger model cost a turn that had a draft, and what it brought."""

    seconds: float
    """What it added to the turn, its check included."""
    tokens: int | None
    """What it wrote, reasoning included; None when its server did not say."""
    support_before: float
    """[0, 1]: how far the draft stood on the passages."""
    support_after: float
    """[0, 1]: how far the larger model's answer does."""
    changes: tuple[SentenceChange, ...]
    """Sentence by sentence, in the order of the larger model's answer."""

    @property
    def changed(self) -> bool:
        """Whether any sentence is not as it was."""
        return any(change.kind != "kept" for change in self.changes)
