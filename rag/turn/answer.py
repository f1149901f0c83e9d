"""One turn: a question in, a stream of events out, a frozen record at the end."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence, Set
from contextlib import aclosing
from dataclasses import replace

from rag.errors import ModelUnavailable
from rag.escalation import policy as policies
from rag.escalation.confidence import assess_draft, assess_search
from rag.escalation.early_stop import DraftMonitor
from rag.escalation.policy import Policy, required_capabilities
from rag.escalation.rate_limit import EscalationLimit
from rag.generation.chat_model import ChatModel, ModelSet
from rag.generation.prompt import Prompt, fitted_prompt, refine_prompt
from rag.generation.query_rewriting import rewrite
from rag.grounding.attribution import attribute
from rag.grounding.citations import check
from rag.grounding.diff import changes
from rag.retrieval.search import Searcher
from rag.turn.generate import GenerationRun
from rag.turn.state import UNSUPPORTED, AssessedAnswer, Budget, Evidence, RecordedEvents, TurnContext, TurnResult
from rag.turn.timing import StageClock
from rag.types import (
    EARLY,
    BlockedBy,
    Decided,
    Decision,
    EscalationReport,
    Exchange,
    Finished,
    Generation,
    Hit,
    Mode,
    Notice,
    Retrieved,
    SearchResult,
    Turn,
    TurnEvent,
)

UNREAD_EVENTS = 8
"""At most; then the stages wait for whoever consumes the events, and the model with them."""


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
    a person now asks the larger model; `focus` the ids of documents that came with the question; `escalation_limit` how
    much all chats together may ask of the larger model. When the larger model fails, the draft stays; when the small
    one fails, the fallback answers; each time with a `Notice`.

    Raises:
        ModelError: no model answered and there is no fallback.
    """
    queue, free = asyncio.Queue[TurnEvent | None](), asyncio.Semaphore(UNREAD_EVENTS)

    async def emit(event: TurnEvent) -> None:
        await free.acquire()
        queue.put_nowait(event)

    events = RecordedEvents(emit)
    limit = escalation_limit or EscalationLimit()
    turn = TurnContext(question, models, policy or Policy(), budget or Budget(), limit, mode, StageClock(clock), events)
    task = asyncio.create_task(_run(turn, events, searcher, history, focus, earlier))
    task.add_done_callback(lambda _: queue.put_nowait(None))
    try:
        while (event := await queue.get()) is not None:
            yield event
            free.release()
        await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def ask(
    question: str,
    searcher: Searcher,
    models: ChatModel | ModelSet,
    *,
    policy: Policy | None = None,
    budget: Budget | None = None,
    history: Sequence[Exchange] = (),
    mode: Mode = "auto",
    focus: Set[str] = frozenset(),
) -> Turn:
    """The finished turn of a question: the answer with its citations, decision and timings.

    Args:
        question: what a person wants to know.
        searcher: the indexes to search.
        models: who answers: one model, or a small one with a larger one and a fallback.
        policy: when the larger model is called, and when nobody answers.
        budget: how much is read and written, in passages and tokens.
        history: earlier exchanges, oldest first, for a question that refers to them.
        mode: "auto", or "local" or "large" for one of the two models.
        focus: the ids of documents that the question is about.

    Raises:
        ModelError: no model could answer, and there is no fallback.
    """
    events = answer(
        question,
        searcher=searcher,
        models=models if isinstance(models, ModelSet) else ModelSet(models),
        policy=policy,
        budget=budget,
        history=history,
        mode=mode,
        focus=focus,
    )
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Finished):
                return event.turn
    raise AssertionError("a turn ends with Finished")


async def _run(
    turn: TurnContext,
    events: RecordedEvents,
    searcher: Searcher,
    history: Sequence[Exchange],
    focus: Set[str],
    earlier: Generation | None,
) -> None:
    """All stages, one after the other."""
    found = await _retrieve(turn, searcher, history, focus)
    prompt = await _fit_prompt(turn, found.search, history)
    result = await _answer_on_request(turn, found, prompt, earlier) if turn.mode == "large" else None
    result = result or await _answer_with_draft(turn, found, prompt)
    turn.escalation_limit.count(escalated=events.escalated_unasked)
    await turn.emit(Finished(_record(turn, found, result, events.notices)))


async def _retrieve(turn: TurnContext, searcher: Searcher, history: Sequence[Exchange], focus: Set[str]) -> Evidence:
    """Finds passages; a follow-up that would end at the gate is reworded to stand alone, if that helps."""
    questions = [exchange.question for exchange in history]

    def search(query: str, earlier: Sequence[str]) -> SearchResult:
        return searcher.search(query, earlier, limit=turn.budget.candidates, focus=focus)

    await turn.enter("search", passages=len(searcher))
    found = await _assess_search(turn, await asyncio.to_thread(search, turn.question, questions))
    idle = turn.models.idle if turn.budget.rewrite else None
    if idle and history and policies.gate(turn.policy, found.answerability):
        await turn.enter("rewrite", model=idle.alias)
        if rewritten := await rewrite(idle, turn.question, history):
            await turn.enter("search", passages=len(searcher))
            search_again = replace(await asyncio.to_thread(search, rewritten, ()), question=rewritten)
            again = await _assess_search(turn, search_again)
            found = max(found, again, key=lambda each: each.answerability.value)
    await turn.emit(Retrieved(found.search))
    return found


async def _assess_search(turn: TurnContext, search: SearchResult) -> Evidence:
    weights, threshold = turn.policy.weights, turn.policy.grounding_threshold
    return Evidence(search, await asyncio.to_thread(assess_search, search, turn.question, weights, threshold))


async def _fit_prompt(turn: TurnContext, search: SearchResult, history: Sequence[Exchange]) -> Prompt:
    await turn.enter("prompt", passages=len(search.hits))
    return await asyncio.to_thread(
        fitted_prompt,
        turn.question,
        search,
        history=history,
        passages=turn.budget.passages,
        passage_tokens=turn.budget.passage_tokens,
        history_tokens=turn.budget.history_tokens,
    )


async def _answer_on_request(
    turn: TurnContext, found: Evidence, prompt: Prompt, earlier: Generation | None
) -> TurnResult | None:
    """The larger model's answer because a person asked for it, whatever the gate says; None when it cannot answer."""
    if not turn.models.large:
        await turn.emit(Notice("The larger model is not on this machine, so this answer comes without it."))
        return None
    decision = policies.escalate_on_request(turn.policy, found.answerability, turn.larger)
    return await _answer_directly(turn, turn.models.large, found, prompt, decision, earlier)


async def _answer_directly(
    turn: TurnContext,
    large: ChatModel,
    found: Evidence,
    prompt: Prompt,
    decision: Decision,
    earlier: Generation | None = None,
) -> TurnResult | None:
    """The larger model's answer without a draft; None when it fails."""
    await turn.emit(Decided(decision, None, large.alias))
    if policies.gate(turn.policy, found.answerability):
        await turn.emit(Notice(f"Your documents do not seem to hold this, so {large.alias} may be guessing."))
    started = turn.clock.now
    larger = await _escalate(turn, large, found, prompt)
    if not larger:
        return None
    report = None
    if earlier:
        hits = [citation.hit for citation in larger.checked.citations]
        report = await _report(turn, await _assess(turn, found, earlier, hits), larger, started)
    return TurnResult("escalated", decision, larger, escalated=larger.generation, escalation_report=report)


async def _answer_with_draft(turn: TurnContext, found: Evidence, prompt: Prompt) -> TurnResult:
    """Gate, draft, check; then keep the draft or escalate."""
    if abstention := policies.gate(turn.policy, found.answerability):
        await turn.emit(Decided(abstention, None))
        return TurnResult("abstained", abstention, None)
    blocked_by = policies.blocked_by(
        turn.policy, mode=turn.mode, larger=turn.larger, limit_reached=turn.escalation_limit.limit_reached
    )
    if not blocked_by and turn.models.large and (decision := _route(turn, found)):
        if result := await _answer_directly(turn, turn.models.large, found, prompt, decision):
            return result
        blocked_by = "failed"
    generation, hits = await _draft(turn, found, prompt, may_stop=turn.policy.early and not blocked_by)
    await turn.enter("check")
    draft = await _assess(turn, found, generation, hits)
    decision = _decide(turn, draft, blocked_by)
    large = turn.models.large if decision.action == "escalate" else None
    await turn.emit(Decided(decision, draft.generation, large.alias if large else ""))
    if not large:
        return _kept(draft, decision)
    if result := await _improve(turn, large, found, prompt, draft, decision):
        return result
    if draft.generation.finish_reason == EARLY:  # it was stopped for the sake of an answer that did not come
        draft = await _assess(turn, found, *await _draft(turn, found, prompt, may_stop=False))
    return _kept(draft, _decide(turn, draft, "failed"))


def _route(turn: TurnContext, found: Evidence) -> Decision | None:
    required = required_capabilities(turn.question, found.search)
    return policies.route(turn.policy, found.answerability, required, turn.larger)


def _decide(turn: TurnContext, draft: AssessedAnswer, blocked_by: BlockedBy | None) -> Decision:
    return policies.decide(
        turn.policy, turn.question, draft.generation, draft.assessment, larger=turn.larger, blocked_by=blocked_by
    )


def _kept(draft: AssessedAnswer, decision: Decision) -> TurnResult:
    outcome = "answered" if draft.generation.generated else "quoted"
    return TurnResult(outcome, decision, draft, draft=draft.generation)


async def _draft(
    turn: TurnContext, found: Evidence, prompt: Prompt, *, may_stop: bool
) -> tuple[Generation, tuple[Hit, ...]]:
    """The small model's draft, else the fallback's, and the passages of its prompt.

    With `may_stop` it ends early when it cannot be trusted.

    Raises:
        ModelError: neither of them answered.
    """
    small, fallback = turn.models.small, turn.models.fallback
    monitor = DraftMonitor(turn.policy, found.answerability, prompt.hits)
    run = GenerationRun(small, prompt, turn.budget.draft, turn.clock, escalated=False)
    await run.stream(turn.emit, monitor.should_stop if may_stop and small.generates else None)
    if not run.generation and fallback:
        run = GenerationRun(fallback, prompt, turn.budget.draft, turn.clock, escalated=False)
        await run.stream(turn.emit)
    if not run.generation:
        raise run.failure or ModelUnavailable("No model answered. Run `rag doctor` to see what is missing.")
    return run.generation, run.hits


async def _improve(
    turn: TurnContext, large: ChatModel, found: Evidence, prompt: Prompt, draft: AssessedAnswer, decision: Decision
) -> TurnResult | None:
    """The larger model's answer, or the draft where that is better grounded; None when the larger model fails."""
    started = turn.clock.now
    refines = decision.way == "refine"
    larger = await _escalate(turn, large, found, refine_prompt(prompt, draft.generation.text) if refines else prompt)
    if not larger:
        return None
    report = await _report(turn, draft, larger, started)
    before, after = draft.assessment, larger.assessment
    if policies.should_keep_draft(turn.policy, draft.generation, before, after):
        decision = policies.keep_draft(decision, large.alias, before, after)
        return TurnResult("kept_draft", decision, draft, draft.generation, larger.generation, report)
    return TurnResult("escalated", decision, larger, draft.generation, larger.generation, report)


async def _escalate(turn: TurnContext, large: ChatModel, found: Evidence, prompt: Prompt) -> AssessedAnswer | None:
    """The larger model's answer, timed for those who may wait for it next; None when it fails."""
    run = GenerationRun(large, prompt, turn.budget.escalated, turn.clock, escalated=True)
    turn.escalation_limit.began()
    try:
        await run.stream(turn.emit)
    finally:
        turn.escalation_limit.ended(run.generation.seconds if run.generation else None)
    if not run.generation:
        return None
    await turn.enter("escalation_check")
    return await _assess(turn, found, run.generation, run.hits)


async def _assess(turn: TurnContext, found: Evidence, generation: Generation, hits: Sequence[Hit]) -> AssessedAnswer:
    """The generation with checked citations of these hits, and how far it can be trusted; some milliseconds."""

    def work() -> AssessedAnswer:
        checked = (attribute if generation.generated else check)(generation.text, hits)
        assessment = assess_draft(found.answerability, generation, checked, turn.policy.weights)
        return AssessedAnswer(generation, checked, assessment)

    return await asyncio.to_thread(work)


async def _report(turn: TurnContext, draft: AssessedAnswer, larger: AssessedAnswer, started: float) -> EscalationReport:
    """What the larger model's answer cost since `started`, and what it made of the draft."""
    sentences = await asyncio.to_thread(changes, draft.generation.text, larger.generation.text)
    usage = larger.generation.usage
    return EscalationReport(
        seconds=turn.clock.now - started,
        tokens=usage.completion if usage else None,
        support_before=draft.assessment.supported,
        support_after=larger.assessment.supported,
        changes=sentences,
    )


def _record(turn: TurnContext, found: Evidence, result: TurnResult, notices: Sequence[str]) -> Turn:
    shown = result.shown
    return Turn(
        question=turn.question,
        answer=shown.checked.text if shown else "",
        outcome=result.outcome,
        citations=shown.checked.citations if shown else (),
        search=found.search,
        decision=result.decision,
        timings=turn.clock.finish(),
        draft=result.draft,
        escalated=result.escalated,
        escalation_report=result.escalation_report,
        notices=(*notices, UNSUPPORTED) if shown and _is_unsupported(turn, found, shown) else tuple(notices),
        corrected_marks=shown.checked.corrected if shown else 0,
        unsupported=shown.checked.unsupported if shown else (),
    )


def _is_unsupported(turn: TurnContext, found: Evidence, shown: AssessedAnswer) -> bool:
    """Whether a person should be warned; not of quotes, of a refusal, or again of what the gate has warned of."""
    if policies.gate(turn.policy, found.answerability) or not shown.generation.generated:
        return False
    return shown.assessment.confidence < turn.policy.confidence_threshold and not shown.assessment.refuses
