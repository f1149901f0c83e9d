"""One prompt answered with one strategy: by the models alone, or by a whole turn through the documents."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from rag.benchmark.comparison_summary import ESCALATE, LARGE, REFINE, SMALL, STRATEGIES, Answer, ModelShare
from rag.benchmark.measure import undisturbed
from rag.errors import ModelError, ModelUnavailable
from rag.escalation.confidence import DraftAssessment
from rag.escalation.policy import Policy, decide
from rag.events import Delta, Finished, TurnEvent
from rag.generation.chat_model import ChatModel, GenerationLimits, ModelSet
from rag.generation.prompt import Prompt, plain_prompt
from rag.grounding.hedging import hedges, refuses
from rag.retrieval.search import Searcher
from rag.turn.answer import answer
from rag.turn.generate import GenerationRun
from rag.turn.state import Budget
from rag.turn.timing import StageClock
from rag.types import Decision, Generation, Mode, Turn

_REFINE = (
    "Improve your answer above. Make it clearer and better ordered, keep every fact that is right, leave out what is "
    "not, and add nothing that was not asked for. Give only the improved answer."
)


@dataclass(frozen=True, slots=True)
class StrategyRunner:
    """What all strategies have in common."""

    models: ModelSet
    policy: Policy
    budget: Budget
    clock: Callable[[], float]
    searcher: Searcher | None = None
    """The documents; None to ask the models alone."""


async def answered(runner: StrategyRunner, id_: str, prompt: str, question: str, strategy: str) -> Answer:
    """The question's answer with that strategy.

    Raises:
        ModelError: a model of it failed, or there is no larger one and the strategy needs it.
    """
    if strategy != SMALL and not runner.models.large:
        raise ModelUnavailable("There is no larger model to compare with. Run `rag doctor` to see what is missing.")
    blank = Answer(id_, prompt, strategy, "", None, 0.0)
    if runner.searcher:
        return await _turn(runner, runner.searcher, blank, question)
    return await _alone(runner, blank, question)


async def _turn(runner: StrategyRunner, searcher: Searcher, blank: Answer, question: str) -> Answer:
    """A whole turn of the chat; what is compared is all that a person waits for."""
    policy, modes = runner.policy, dict[str, Mode]({SMALL: "local", LARGE: "large"})
    if blank.strategy == REFINE:
        policy = replace(policy, confidence_threshold=0.0, long_answer_chars=1, flagged_topics=(), early=False)
    began, first, total, turn = runner.clock(), None, 0.0, None
    events = answer(
        question,
        searcher=searcher,
        models=runner.models,
        policy=policy,
        budget=runner.budget,
        mode=modes.get(blank.strategy, "auto"),
        clock=runner.clock,
    )
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Delta) and first is None and event.text.strip():
                first = runner.clock() - began
            elif isinstance(event, Finished):
                total, turn = runner.clock() - began, event.turn  # by the clock that saw the first word
    assert turn  # the last event is always `Finished`
    shares = [(turn.draft, False), (turn.escalated, True)]
    return replace(
        blank,
        text=turn.answer or "The documents do not seem to hold an answer.",
        first_word_s=first,
        total_s=total,
        shares=tuple(_share(each, larger) for each, larger in shares if each),
        reason=turn.decision.reason,
        failure=_fallback_failure(turn, blank.strategy),
    )


def _fallback_failure(turn: Turn, strategy: str) -> str:
    """Why an answer is not the strategy's, such as the small model's where the larger one failed."""
    return " ".join(turn.notices) if strategy == LARGE and not turn.escalated else ""


async def _alone(runner: StrategyRunner, blank: Answer, question: str) -> Answer:
    """The models without documents: only the wording, the length and the topic can call for the larger one."""
    budget, timed, reason = runner.budget, _Stopwatch(runner.clock), ""
    small, large = runner.models.small, runner.models.large
    drafting, answering = budget.draft, budget.escalated
    if blank.strategy == LARGE and large:
        shown = await timed.generate(large, plain_prompt(question), answering, larger=True)
    else:
        shown = await timed.generate(small, plain_prompt(question), drafting)
    if blank.strategy in (REFINE, ESCALATE) and large:
        decision = decide(runner.policy, question, shown, _wording(shown.text), larger=large.alias)
        reason = _reason(decision) if blank.strategy == ESCALATE else ""
        refines = blank.strategy == REFINE or decision.way == "refine"
        if refines or decision.action == "escalate":
            again = _refine_prompt(question, shown.text) if refines else plain_prompt(question)
            shown = await timed.generate(large, again, answering, larger=True)
    return replace(
        blank,
        text=shown.text,
        first_word_s=timed.first,
        total_s=timed.seconds,
        shares=tuple(timed.shares),
        reason=reason,
    )


class _Stopwatch:
    """What one or two models write one after the other, on one clock."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began = clock()
        self.first: float | None = None
        self.shares: list[ModelShare] = []

    @property
    def seconds(self) -> float:
        return self._clock() - self._began

    async def generate(
        self, model: ChatModel, prompt: Prompt, limits: GenerationLimits, *, larger: bool = False
    ) -> Generation:
        async def note_first_word(event: TurnEvent) -> None:
            if isinstance(event, Delta) and self.first is None and event.text.strip():
                self.first = self.seconds

        run = GenerationRun(model, prompt, limits, StageClock(self._clock), escalated=larger)
        await run.stream(note_first_word)
        if run.failure or not run.generation:
            raise run.failure or ModelUnavailable(f"{model.alias} wrote nothing. Ask again.")
        self.shares.append(_share(run.generation, larger))
        return run.generation


def _refine_prompt(question: str, draft: str) -> Prompt:
    return Prompt(
        (
            {"role": "user", "content": question},
            {"role": "assistant", "content": draft},
            {"role": "user", "content": _REFINE},
        )
    )


def _share(generation: Generation, larger: bool) -> ModelShare:
    usage = generation.usage
    read, written = (usage.prompt, usage.completion) if usage else (None, None)
    return ModelShare(generation.model, generation.seconds, read, written, larger)


def _reason(decision: Decision) -> str:
    """Why, without a word about documents; "" for a draft that stays."""
    if decision.trigger == "low_confidence":
        return "The draft says that it cannot answer, or doubts itself."
    if decision.trigger == "cut_off":
        return "The draft reached its token limit before its end."
    why = decision.reason.partition("; ")[2] if decision.trigger else ""
    return why[:1].upper() + why[1:]


def _wording(text: str) -> DraftAssessment:
    """Without documents a draft is trusted as far as it trusts itself."""
    refused = refuses(text)
    return DraftAssessment(0.0 if refused else 1.0 - hedges(text), 1.0, 1.0, refused, ())


async def play(
    runner: StrategyRunner, prompts: Mapping[str, str], rounds: int, strategies: Sequence[str] = tuple(STRATEGIES)
) -> AsyncGenerator[Answer]:
    """The answers as they come, after one answer of each model that warms it up and is not counted.

    In each round all strategies answer a prompt before the next prompt is asked, so that what slows the machine for a
    while slows them all.
    """
    await _warm_up(runner)
    for number in range(1, rounds + 1):
        for name, question in prompts.items():
            for strategy in strategies:
                blank = Answer(f"{name}/{strategy}/{number}", name, strategy, "", None, 0.0)
                try:
                    with undisturbed():
                        blank = await answered(runner, blank.id, name, question, strategy)
                except ModelError as error:
                    blank = replace(blank, failure=str(error))
                yield blank


async def _warm_up(runner: StrategyRunner) -> None:
    for model in filter(None, (runner.models.small, runner.models.large)):
        try:
            async for _ in model.stream(plain_prompt("Say hello."), GenerationLimits(16, 0.0)):
                pass
        except ModelError:
            continue  # the answers themselves report it, each with its reason
