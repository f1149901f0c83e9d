"""One turn: a question in, a stream of events out, a frozen record at the end."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence, Set
from contextlib import aclosing
from dataclasses import replace

from rag.errors import ModelUnavailable
from rag.escalation import policy as policies
from rag.escalation.early_stop import DraftMonitor
from rag.escalation.policy import Policy, required_capabilities
from rag.escalation.rate_limit import EscalationLimit
from rag.generation.chat_model import ChatModel, ModelSet
from rag.generation.prompt import Prompt, build
from rag.generation.query_rewriting import rewrite
from rag.grounding.citations import Checked
from rag.retrieval.search import Searcher
from rag.turn.generate import Writer
from rag.turn.state import Budget, TurnState
from rag.types import EARLY, Decided, Decision, Delta, Exchange, Generation, Mode, Notice, Retrieved, TurnEvent


async def answer(
    question: str,
    *,
    searcher: Searcher,
    models: ModelSet,
    policy: Policy | None = None,
    budget: Budget | None = None,
    escalation_limit: EscalationLimit | None = None,
    history: Sequence[Exchange] = (),
    earlier: Generation | None = None,
    mode: Mode = "auto",
    focus: Set[str] = frozenset(),
    clock: Callable[[], float] = time.perf_counter,
) -> AsyncGenerator[TurnEvent]:
    """The turn's events; the last one is `Finished`. Closing the generator stops the model.

    `history` holds the chat's earlier exchanges, oldest first; `earlier` the draft that this question got before, when
    a person now asks the larger model; `focus` the ids of documents that came with the question; `escalation_limit` what all
    chats together may ask of the larger model. A model that fails gives way, the larger to the draft and the small one
    to the stand-in, with a `Notice`.

    Raises:
        ModelError: no model could say a word and there is no stand-in.
    """
    turn = TurnState(
        question, models, policy or Policy(), budget or Budget(), escalation_limit or EscalationLimit(), mode, clock
    )

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
    async with aclosing(_large(turn, prompt, earlier) if mode == "large" else _auto(turn, prompt)) as events:
        async for event in events:
            if isinstance(event, Notice):
                turn.notices.append(event.text)
            yield event


async def _search(
    turn: TurnState, searcher: Searcher, history: Sequence[Exchange], focus: Set[str]
) -> AsyncGenerator[TurnEvent]:
    """Finds passages; a follow-up that would end at the gate is first put into words of its own, if that helps."""
    yield turn.enter("search", passages=len(searcher))
    earlier = [exchange.question for exchange in history]
    limit = turn.budget.candidates
    await turn.found(await asyncio.to_thread(searcher.search, turn.question, earlier, limit=limit, focus=focus))
    idle = turn.models.idle if turn.budget.rewrite else None
    if not (idle and history and policies.gate(turn.policy, turn.match)):
        return
    yield turn.enter("rewrite", model=idle.alias)
    if rewritten := await rewrite(idle, turn.question, history):
        yield turn.enter("search", passages=len(searcher))
        again = await asyncio.to_thread(searcher.search, rewritten, limit=limit, focus=focus)
        before, said = turn.search, turn.match
        await turn.found(replace(again, question=rewritten))
        if turn.match.value <= said.value:
            turn.search, turn.match = before, said


async def _large(turn: TurnState, prompt: Prompt, earlier: Generation | None) -> AsyncGenerator[TurnEvent]:
    """The larger model answers because a person asked for it; the gate does not hold it back."""
    if turn.models.large:
        decision = policies.escalate_on_request(turn.policy, turn.match, turn.larger)
        async with aclosing(_straight(turn, turn.models.large, prompt, decision, earlier)) as events:
            async for event in events:
                yield event
        if turn.is_escalated:
            return
    else:
        yield Notice("The larger model is not on this machine, so this answer comes without it.")
    async with aclosing(_auto(turn, prompt)) as events:
        async for event in events:
            yield event


async def _straight(
    turn: TurnState, large: ChatModel, prompt: Prompt, decision: Decision, earlier: Generation | None = None
) -> AsyncGenerator[TurnEvent]:
    """The larger model's answer without a draft, and the end of the turn; neither when it fails."""
    yield Decided(decision, None, large.alias)
    closed = policies.gate(turn.policy, turn.match)
    if closed:
        yield Notice(f"Your documents do not seem to hold this, so {large.alias} may be guessing.")
    writer = turn.escalating(large, prompt)
    async with aclosing(_written(turn, writer)) as events:
        async for event in events:
            yield event
    if not writer.generation:
        return
    yield turn.enter("escalation_check")
    checked, after = await turn.judged(writer, writer.generation)
    if not closed:
        turn.warn(after)
    if earlier:
        _, before = await turn.judged(writer, earlier)
        await turn.account(earlier, writer.generation, before, after)
    yield turn.finished("escalated", checked, decision)


async def _auto(turn: TurnState, prompt: Prompt) -> AsyncGenerator[TurnEvent]:
    """Gate, draft, check; then keep the draft or escalate."""
    if abstention := policies.gate(turn.policy, turn.match):
        yield Decided(abstention, None)
        yield turn.finished("abstained", Checked("", (), 0), abstention)
        return
    blocked_by = policies.blocked_by(
        turn.policy, mode=turn.mode, larger=turn.larger, limit_reached=turn.escalation_limit.limit_reached
    )
    route = (
        None
        if blocked_by
        else policies.route(turn.policy, turn.match, required_capabilities(turn.question, turn.search), turn.larger)
    )
    if route and turn.models.large:
        async with aclosing(_straight(turn, turn.models.large, prompt, route)) as events:
            async for event in events:
                yield event
        if turn.is_escalated:
            return
        blocked_by = "failed"
    watch = DraftMonitor(turn.policy, turn.match, prompt.hits) if turn.policy.early and not blocked_by else None
    async with aclosing(_draft(turn, prompt, watch)) as events:
        async for event in events:
            yield event
    writer, draft = _drafted(turn)

    yield turn.enter("check")
    checked, judgement = await turn.judged(writer, draft)
    decision = policies.decide(turn.policy, turn.question, draft, judgement, larger=turn.larger, blocked_by=blocked_by)
    larger = turn.models.large if decision.action == "escalate" else None
    yield Decided(decision, draft, larger.alias if larger else "")
    if larger:
        second = turn.escalating(larger, replace(prompt, draft=draft.text if decision.way == "refine" else ""))
        async with aclosing(_written(turn, second)) as events:
            async for event in events:
                yield event
        if second.generation:
            yield turn.enter("escalation_check")
            better, after = await turn.judged(second, second.generation)
            await turn.account(draft, second.generation, judgement, after)
            if policies.should_keep_draft(turn.policy, draft, judgement, after):
                turn.warn(judgement)
                yield turn.finished(
                    "kept_draft", checked, policies.keep_draft(decision, larger.alias, judgement, after)
                )
            else:
                turn.warn(after)
                yield turn.finished("escalated", better, decision)
            return
        if draft.finish_reason == EARLY:  # it was cut off for the sake of an answer that did not come
            async with aclosing(_draft(turn, prompt, None)) as events:
                async for event in events:
                    yield event
            writer, draft = _drafted(turn)
            checked, judgement = await turn.judged(writer, draft)
        decision = policies.decide(
            turn.policy, turn.question, draft, judgement, larger=turn.larger, blocked_by="failed"
        )
    if draft.generated:
        turn.warn(judgement)
    yield turn.finished("answered" if draft.generated else "quoted", checked, decision)


async def _draft(turn: TurnState, prompt: Prompt, watch: DraftMonitor | None) -> AsyncGenerator[TurnEvent]:
    """The small model's draft, given up when the watch says so; the stand-in's when it cannot say a word."""
    writer = turn.drafting(turn.models.small, prompt)
    async with aclosing(writer.write()) as events:
        async for event in events:
            yield event
            if watch and isinstance(event, Delta) and turn.models.small.generates and watch.should_stop(event.text):
                writer.cancel()
    if not writer.generation and turn.models.fallback:
        writer = turn.drafting(turn.models.fallback, prompt)
        async with aclosing(writer.write()) as events:
            async for event in events:
                yield event


def _drafted(turn: TurnState) -> tuple[Writer, Generation]:
    writer = turn.draft
    if writer and writer.generation:
        return writer, writer.generation
    failure = writer.failure if writer else None
    raise failure or ModelUnavailable("No model answered. Run `rag doctor` to see what is missing.")


async def _written(turn: TurnState, writer: Writer) -> AsyncGenerator[TurnEvent]:
    """The larger model's answer, measured for those who may wait for it next."""
    turn.escalation_limit.began()
    try:
        async with aclosing(writer.write()) as events:
            async for event in events:
                yield event
    finally:
        turn.escalation_limit.ended(writer.generation.seconds if writer.generation else None)
