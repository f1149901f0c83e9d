"""What a turn tells while it runs, one event after the other; all frozen."""

from dataclasses import dataclass

from rag.decisions import Decision
from rag.records import Generation, SearchResult, StageName, Turn


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage began; the one before it has ended."""

    name: StageName
    model: str = ""
    """The alias that it waits for, where it waits for a model."""
    passages: int = 0
    """How many passages it works on."""


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The search is done."""

    search: SearchResult


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of text from a model; `escalated` tells the larger model's from the draft's."""

    text: str
    escalated: bool = False


@dataclass(frozen=True, slots=True)
class Reasoning:
    """A piece of a model's reasoning, never part of the answer."""

    text: str
    escalated: bool = False


@dataclass(frozen=True, slots=True)
class Decided:
    """The draft was judged; with `escalate`, the deltas that follow come from the larger model."""

    decision: Decision
    draft: Generation | None
    model: str = ""
    """The larger model, with `escalate`."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One sentence about something that did not go as usual, while the turn goes on."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The turn is over; always the last event."""

    turn: Turn


TurnEvent = Stage | Retrieved | Delta | Reasoning | Decided | Notice | Finished
