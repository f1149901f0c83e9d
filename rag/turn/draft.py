"""Who answers: the draft of the small model, its check, and the larger model where the decision is to escalate."""

import asyncio
from collections.abc import Sequence

from rag.errors import ModelUnavailable
from rag.escalation import policy as policies
from rag.escalation.confidence import assess_draft
from rag.escalation.early_stop import DraftMonitor
from rag.escalation.policy import required_capabilities
from rag.events import Decided, Notice
from rag.generation.chat_model import ChatModel
from rag.generation.prompt import Prompt, refine_prompt
from rag.grounding.attribution import attribute
from rag.grounding.citations import check
from rag.grounding.diff import changes
from rag.turn.generate import GenerationRun
from rag.turn.state import AssessedAnswer, Evidence, TurnContext, TurnResult
from rag.types import EARLY, BlockedBy, Decision, EscalationReport, Generation, Hit


async def answer_from(
    turn: TurnContext, found: Evidence, prompt: Prompt, earlier: Generation | None = None
) -> TurnResult:
    """The answer from passages; `earlier` is the draft that the larger model is now asked to answer instead of.

    Raises:
        ModelError: no model answered and there is no fallback.
    """
    result = await _answer_on_request(turn, found, prompt, earlier) if turn.mode == "large" else None
    return result or await _answer_with_draft(turn, found, prompt)


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
    if found.abstention:
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
    if found.abstention:
        await turn.emit(Decided(found.abstention, None))
        return TurnResult("abstained", found.abstention, None)
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
