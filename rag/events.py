"""The events of a turn, in the order in which they may come."""

from dataclasses import dataclass

from rag.types import Decision, Generation, Intent, SearchResult, StageName, Turn


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage began; the one before it has ended."""

    name: StageName
    model: str = ""
    """The alias that it waits for, where it waits for a model."""
    passages: int = 0
    """How many passages it works on."""
    part: tuple[int, int] | None = None
    """Which of how many parts, (3, 12), where a model reads a document part by part; a stage for each."""


@dataclass(frozen=True, slots=True)
class Understood:
    """It is known what the question asks for."""

    intent: Intent


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The search is done."""

    search: SearchResult


@dataclass(frozen=True, slots=True)
class Delta:
    """A part of a model's text; `escalated` for the larger model's."""

    text: str
    escalated: bool = False


@dataclass(frozen=True, slots=True)
class Reasoning:
    """A part of a model's reasoning, never of the answer."""

    text: str
    escalated: bool = False


@dataclass(frozen=True, slots=True)
class Decided:
    """The decision; with `escalate`, the deltas that follow come from the larger model."""

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


TurnEvent = Stage | Understood | Retrieved | Delta | Reasoning | Decided | Notice | Finished
