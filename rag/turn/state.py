"""What a turn may spend, what its stages need, and how it ends."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from rag.escalation.confidence import Answerability, DraftAssessment
from rag.escalation.policy import Policy
from rag.escalation.rate_limit import EscalationLimit
from rag.events import Decided, Notice, Stage, TurnEvent
from rag.generation.chat_model import GenerationLimits, ModelSet
from rag.grounding.citations import Checked
from rag.turn.timing import StageClock
from rag.types import (
    Attachments,
    Decision,
    Document,
    EscalationReport,
    Exchange,
    Generation,
    Hit,
    Mode,
    Outcome,
    SearchResult,
    StageName,
)

NO_FILES = Attachments()

UNSUPPORTED = "Not all of this seems to stand in your documents. Read the passages before you rely on it."
"""The notice beside an answer that is not well supported."""

Emit = Callable[[TurnEvent], Awaitable[None]]
"""Passes an event on; waits while too many are unread."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How much a turn may read and generate."""

    passages: int = 8
    passage_tokens: int = 800
    whole_tokens: int = 3000
    """Of whole documents that a model reads in one prompt; longer ones are read section by section."""
    history_tokens: int = 800
    draft_tokens: int = 300
    escalated_tokens: int = 600
    temperature: float = 0.3
    seed: int | None = None
    """Sent to a model with every request; None for daily use."""
    rewrite: bool = True
    """Whether an idle model may put a question that finds little into other words."""

    @property
    def candidates(self) -> int:
        """How many passages the search finds for the prompt to choose from."""
        return max(12, self.passages)

    @property
    def draft(self) -> GenerationLimits:
        """The limits of the small model's draft."""
        return GenerationLimits(self.draft_tokens, self.temperature, self.seed)

    @property
    def escalated(self) -> GenerationLimits:
        """The limits of the larger model's answer."""
        return GenerationLimits(self.escalated_tokens, self.temperature, self.seed)


@dataclass(frozen=True, slots=True)
class TurnContext:
    """What every stage of a turn needs."""

    question: str
    models: ModelSet
    policy: Policy
    budget: Budget
    escalation_limit: EscalationLimit
    mode: Mode
    clock: StageClock
    emit: Emit
    history: Sequence[Exchange] = ()
    """The chat's earlier exchanges, oldest first."""
    attachments: Attachments = NO_FILES
    correct: bool = True
    """Whether typing errors of the question are corrected."""
    languages: Callable[[], Sequence[str]] = tuple[str, ...]
    """ISO 639-1 codes of the library's main languages, the commonest first; may block for some milliseconds."""

    @property
    def generates(self) -> bool:
        """Whether a model writes the answer, rather than quotes answering."""
        return self.models.small.generates or (self.mode == "large" and self.models.large is not None)

    @property
    def larger(self) -> str:
        """The alias of the larger model; "" when there is none."""
        return self.models.large.alias if self.models.large else ""

    async def enter(self, name: StageName, passages: int = 0, model: str = "") -> None:
        """Starts a stage, which ends the one before."""
        self.clock.enter(name)
        await self.emit(Stage(name, model, passages))


class RecordedEvents:
    """Passes a turn's events on and remembers what its record needs."""

    def __init__(self, emit: Emit) -> None:
        self.notices: list[str] = []
        self.escalated_unasked = False
        """Whether the larger model was called without being asked for."""
        self._emit = emit

    async def __call__(self, event: TurnEvent) -> None:
        """Emits the event."""
        if isinstance(event, Notice):
            self.notices.append(event.text)
        elif isinstance(event, Decided) and event.decision.action == "escalate":
            self.escalated_unasked |= event.decision.trigger != "asked"
        await self._emit(event)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the search found, and how probably the answer is in it."""

    search: SearchResult
    answerability: Answerability
    abstention: Decision | None = None
    """Why nobody should answer from it; None where a draft is worth writing."""
    whole: tuple[Hit, ...] = ()
    """All of the files in question, in order, where they are short enough to be read whole."""


@dataclass(frozen=True, slots=True)
class AssessedAnswer:
    """A generation with checked citations, and how far it can be trusted."""

    generation: Generation
    checked: Checked
    assessment: DraftAssessment


@dataclass(frozen=True, slots=True)
class TurnResult:
    """How a turn ends."""

    outcome: Outcome
    decision: Decision
    shown: AssessedAnswer | None
    """The answer that the person reads; None when the turn abstains."""
    draft: Generation | None = None
    escalated: Generation | None = None
    """What the larger model wrote, also when the draft was kept."""
    escalation_report: EscalationReport | None = None
    reply: str = ""
    """What is shown where no answer was drawn from documents: to small talk, or a list of the documents."""
    listed: tuple[Document, ...] = ()
    """The documents that the reply lists."""
