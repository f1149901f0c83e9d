"""What a turn may spend, and what is known of it while it runs."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from rag.escalation.confidence import Answerability, DraftAssessment, assess_draft, assess_search
from rag.escalation.policy import Policy
from rag.escalation.rate_limit import EscalationLimit
from rag.generation.chat_model import ChatModel, GenerationLimits, ModelSet
from rag.generation.prompt import Prompt
from rag.grounding.citations import Checked, check
from rag.grounding.diff import changes
from rag.turn.generate import Writer
from rag.turn.timing import StageClock
from rag.types import (
    Decision,
    EscalationReport,
    Finished,
    Generation,
    Mode,
    Outcome,
    SearchResult,
    Stage,
    StageName,
    Turn,
)

UNSUPPORTED = "Not all of this seems to stand in your documents. Read the passages before you rely on it."


@dataclass(frozen=True, slots=True)
class Budget:
    """How much a turn may read and say."""

    passages: int = 8
    passage_tokens: int = 800
    history_tokens: int = 800
    draft_tokens: int = 300
    escalated_tokens: int = 600
    temperature: float = 0.3
    seed: int | None = None
    """Sent to a model with every request; None for daily use."""
    rewrite: bool = True
    """Whether an idle model may reword a follow-up question that finds too little."""

    @property
    def candidates(self) -> int:
        """How many passages the search finds for the prompt to choose from."""
        return max(12, self.passages)


class TurnState:
    """What is known of a turn so far, and what all its steps need."""

    def __init__(
        self,
        question: str,
        models: ModelSet,
        policy: Policy,
        budget: Budget,
        escalation_limit: EscalationLimit,
        mode: Mode,
        clock: Callable[[], float],
    ) -> None:
        self.question, self.models, self.policy, self.budget = question, models, policy, budget
        self.escalation_limit = escalation_limit
        self.mode: Mode = mode
        self.clock = StageClock(clock)
        self.search = SearchResult(())
        self.match = Answerability()
        self.notices: list[str] = []
        self.draft: Writer | None = None
        self.escalated: Writer | None = None
        self.escalation_report: EscalationReport | None = None
        self._escalated_at = 0.0

    @property
    def larger(self) -> str:
        """The alias of the larger model; "" when there is none."""
        return self.models.large.alias if self.models.large else ""

    @property
    def is_escalated(self) -> bool:
        """Whether the larger model has answered."""
        return bool(self.escalated and self.escalated.generation)

    def enter(self, name: StageName, passages: int = 0, model: str = "") -> Stage:
        """Begins a stage, which ends the one before."""
        self.clock.enter(name)
        return Stage(name, model, passages)

    def drafting(self, model: ChatModel, prompt: Prompt) -> Writer:
        """Who writes the draft."""
        limits = GenerationLimits(self.budget.draft_tokens, self.budget.temperature, self.budget.seed)
        self.draft = Writer(model, prompt, limits, self.clock, escalated=False)
        return self.draft

    def escalating(self, model: ChatModel, prompt: Prompt) -> Writer:
        """Who writes the larger model's answer."""
        self._escalated_at = self.clock.now
        limits = GenerationLimits(self.budget.escalated_tokens, self.budget.temperature, self.budget.seed)
        self.escalated = Writer(model, prompt, limits, self.clock, escalated=True)
        return self.escalated

    async def found(self, search: SearchResult) -> None:
        """The search is done; what it is worth takes some milliseconds to tell."""
        self.search = search
        weights, threshold = self.policy.weights, self.policy.grounding_threshold
        self.match = await asyncio.to_thread(assess_search, search, self.question, weights, threshold)

    async def judged(self, writer: Writer, generation: Generation) -> tuple[Checked, DraftAssessment]:
        """The generation with checked marks, and what is thought of it; both are a matter of milliseconds."""

        def work() -> tuple[Checked, DraftAssessment]:
            checked = check(generation.text, writer.hits)
            return checked, assess_draft(self.match, generation, checked, self.policy.weights)

        return await asyncio.to_thread(work)

    async def account(
        self, draft: Generation, larger: Generation, before: DraftAssessment, after: DraftAssessment
    ) -> None:
        """Keeps what the larger model's answer cost, and what it made of the draft."""
        told = await asyncio.to_thread(changes, draft.text, larger.text)
        tokens = larger.usage.completion if larger.usage else None
        seconds = self.clock.now - self._escalated_at
        self.escalation_report = EscalationReport(seconds, tokens, before.supported, after.supported, told)

    def warn(self, shown: DraftAssessment) -> None:
        """Notes that the answer which is shown does not stand on the documents; a refusal claims nothing."""
        if shown.confidence < self.policy.confidence_threshold and not shown.refuses:
            self.notices.append(UNSUPPORTED)

    def finished(self, outcome: Outcome, checked: Checked, decision: Decision) -> Finished:
        """The last event, with the record of the turn."""
        self.escalation_limit.count(escalated=self.escalated is not None and decision.trigger != "asked")
        return Finished(
            Turn(
                question=self.question,
                answer=checked.text,
                outcome=outcome,
                citations=checked.citations,
                search=self.search,
                decision=decision,
                timings=self.clock.finish(),
                draft=self.draft.generation if self.draft else None,
                escalated=self.escalated.generation if self.escalated else None,
                escalation_report=self.escalation_report,
                notices=tuple(self.notices),
            )
        )
