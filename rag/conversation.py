"""One turn: a question in, a stream of events out, a frozen record at the end."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence, Set
from contextlib import aclosing
from dataclasses import dataclass, replace

from rag.citations import Checked, check
from rag.decisions import Decision
from rag.errors import ModelUnavailable
from rag.escalation import policy as policies
from rag.escalation.policy import Policy
from rag.escalation.signals import measure
from rag.events import Decided, Finished, Notice, Retrieved, Stage, TurnEvent
from rag.generation.model import Bench, ChatModel, Limits
from rag.generation.prompt import Prompt, build
from rag.generation.rewriting import rewrite
from rag.latency import StageClock
from rag.records import Exchange, Mode, Outcome, SearchResult, StageName, Turn
from rag.retrieval.search import Searcher
from rag.writing import Writer


@dataclass(frozen=True, slots=True)
class Budget:
    """How much a turn may read and say."""

    passages: int = 8
    passage_tokens: int = 800
    history_tokens: int = 800
    draft_tokens: int = 300
    escalated_tokens: int = 600
    temperature: float = 0.3
    rewrite: bool = True
    """Whether an idle model may reword a follow-up question that finds too little."""

    @property
    def candidates(self) -> int:
        """How many passages the search finds for the prompt to choose from."""
        return max(12, self.passages)


async def answer(
    question: str,
    *,
    searcher: Searcher,
    bench: Bench,
    policy: Policy | None = None,
    budget: Budget | None = None,
    history: Sequence[Exchange] = (),
    mode: Mode = "auto",
    focus: Set[str] = frozenset(),
    clock: Callable[[], float] = time.perf_counter,
) -> AsyncGenerator[TurnEvent]:
    """The turn's events; the last one is `Finished`. Closing the generator stops the model.

    `history` holds the chat's earlier exchanges, oldest first; `focus` the ids of documents that came with the
    question. A model that fails gives way, the larger to the draft and the small one to the stand-in, with a `Notice`.

    Raises:
        ModelError: no model could say a word and there is no stand-in.
    """
    turn = _Turn(question, bench, policy or Policy(), budget or Budget(), mode, StageClock(clock))

    async with aclosing(_search(turn, searcher, history, focus)) as stages:
        async for stage in stages:
            yield stage
    search = turn.search
    yield Retrieved(search)

    yield turn.enter("prompt", passages=len(search.hits))
    prompt = await asyncio.to_thread(
        build,
        question,
        search,
        history=history,
        passages=turn.budget.passages,
        passage_tokens=turn.budget.passage_tokens,
        history_tokens=turn.budget.history_tokens,
    )
    async with aclosing(_large(turn, prompt) if mode == "large" else _auto(turn, prompt)) as events:
        async for event in events:
            if isinstance(event, Notice):
                turn.notices.append(event.text)
            yield event


class _Turn:
    """What is known so far."""

    def __init__(
        self, question: str, bench: Bench, policy: Policy, budget: Budget, mode: Mode, clock: StageClock
    ) -> None:
        self.question, self.bench, self.policy, self.budget = question, bench, policy, budget
        self.mode: Mode = mode
        self.clock = clock
        self.search = SearchResult(())
        self.notices: list[str] = []
        self.draft: Writer | None = None
        self.escalated: Writer | None = None

    def enter(self, name: StageName, passages: int = 0, model: str = "") -> Stage:
        self.clock.enter(name)
        return Stage(name, model, passages)

    def drafting(self, model: ChatModel, prompt: Prompt) -> Writer:
        limits = Limits(self.budget.draft_tokens, self.budget.temperature)
        self.draft = Writer(model, prompt, limits, self.clock, escalated=False)
        return self.draft

    def escalating(self, model: ChatModel, prompt: Prompt) -> Writer:
        limits = Limits(self.budget.escalated_tokens, self.budget.temperature)
        self.escalated = Writer(model, prompt, limits, self.clock, escalated=True)
        return self.escalated

    def finished(self, outcome: Outcome, checked: Checked, decision: Decision) -> Finished:
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
                notices=tuple(self.notices),
            )
        )


async def _search(
    turn: _Turn, searcher: Searcher, history: Sequence[Exchange], focus: Set[str]
) -> AsyncGenerator[TurnEvent]:
    """Finds passages; a follow-up that would end at the gate is first put into words of its own, if that helps."""
    yield turn.enter("search", passages=len(searcher))
    earlier = [exchange.question for exchange in history]
    limit = turn.budget.candidates
    turn.search = await asyncio.to_thread(searcher.search, turn.question, earlier, limit=limit, focus=focus)
    idle = turn.bench.idle if turn.budget.rewrite else None
    if not (idle and history and policies.gate(turn.policy, turn.search)):
        return
    yield turn.enter("rewrite", model=idle.alias)
    if rewritten := await rewrite(idle, turn.question, history):
        yield turn.enter("search", passages=len(searcher))
        again = await asyncio.to_thread(searcher.search, rewritten, limit=limit, focus=focus)
        if again.strength > turn.search.strength:
            turn.search = replace(again, question=rewritten)


async def _large(turn: _Turn, prompt: Prompt) -> AsyncGenerator[TurnEvent]:
    """The larger model answers because a person asked for it; the gate does not hold it back."""
    large = turn.bench.large
    if large:
        decision = policies.asked(large.alias)
        yield Decided(decision, None, large.alias)
        if policies.gate(turn.policy, turn.search):
            yield Notice(f"Your documents do not seem to hold this, so {large.alias} may be guessing.")
        writer = turn.escalating(large, prompt)
        async with aclosing(writer.write()) as events:
            async for event in events:
                yield event
        if writer.generation:
            yield turn.enter("escalation_check")
            yield turn.finished("escalated", check(writer.generation.text, writer.hits), decision)
            return
    else:
        yield Notice("The larger model is not on this machine, so this answer comes without it.")
    async with aclosing(_auto(turn, prompt)) as events:
        async for event in events:
            yield event


async def _auto(turn: _Turn, prompt: Prompt) -> AsyncGenerator[TurnEvent]:
    """Gate, draft, check; then keep the draft or escalate."""
    if abstention := policies.gate(turn.policy, turn.search):
        yield Decided(abstention, None)
        yield turn.finished("abstained", Checked("", (), 0), abstention)
        return

    writer = turn.drafting(turn.bench.small, prompt)
    async with aclosing(writer.write()) as events:
        async for event in events:
            yield event
    if not writer.generation and turn.bench.stand_in:
        writer = turn.drafting(turn.bench.stand_in, prompt)
        async with aclosing(writer.write()) as events:
            async for event in events:
                yield event
    draft = writer.generation
    if not draft:
        raise writer.failure or ModelUnavailable("No model answered. Run `rag doctor` to see what is missing.")

    yield turn.enter("check")
    checked = check(draft.text, writer.hits)
    signals = measure(replace(turn.search, hits=writer.hits), draft, checked)
    larger = turn.bench.large
    decision = policies.decide(
        turn.policy, turn.question, draft, signals, mode=turn.mode, larger=larger.alias if larger else ""
    )
    yield Decided(decision, draft, larger.alias if larger and decision.action == "escalate" else "")
    if larger and decision.action == "escalate":
        second = turn.escalating(larger, replace(prompt, draft=draft.text if decision.way == "refine" else ""))
        async with aclosing(second.write()) as events:
            async for event in events:
                yield event
        if second.generation:
            yield turn.enter("escalation_check")
            if policies.keeps_draft(draft, second.generation, signals, writer.hits):
                yield turn.finished("kept_draft", checked, decision)
            else:
                yield turn.finished("escalated", check(second.generation.text, second.hits), decision)
            return
    yield turn.finished("answered" if draft.generated else "quoted", checked, decision)
