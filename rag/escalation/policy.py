"""Keep, escalate, or say that the documents do not hold the answer; each with its reason. Pure functions."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from rag.escalation.confidence import Answerability, DraftAssessment
from rag.escalation.threshold import DEFAULT
from rag.escalation.weights import Weights, shipped
from rag.text.analysis import analyse
from rag.types import BROKEN, EARLY, BlockedBy, Decision, Generation, Mode, SearchResult, Trigger

KEEP_DRAFT_MARGIN = 0.05
"""The larger model's answer may be this much less supported than the draft before the draft is kept: other words for
the same facts cost a few points of overlap."""

_HOLDS = "Your documents seem to hold the answer"
"""What the gate has decided for every draft; the reason has both in one sentence."""

_STAYS: dict[BlockedBy, str] = {
    "local": "It stays because this message was asked as Local only.",
    "off": "It stays because escalation is off.",
    "no_model": "It stays because no larger model is set up.",
    "failed": "It stays because {larger} could not answer.",
    "share": "It stays because {larger} has had its share of the latest turns; you can still ask it.",
    "wait": "It stays because {larger} would take too long just now; you can still ask it.",
}


@dataclass(frozen=True, slots=True)
class Policy:
    """The thresholds of an organisation; lengths of 0 are off."""

    confidence_threshold: float = 0.5
    grounding_threshold: float = DEFAULT
    long_answer_chars: int = 600
    short_answer_chars: int = 0
    flagged_topics: tuple[str, ...] = ()
    automatic: bool = True
    """False: the larger model is used only when asked."""
    early: bool = True
    """Whether a draft is stopped while it is generated, once the passages do not support it."""
    larger_only: frozenset[str] = frozenset()
    """Capabilities, as `required_capabilities` names them, that only the larger model has; a question that needs one
    goes straight to it."""
    weights: Weights = field(default_factory=shipped)


def gate(policy: Policy, found: Answerability) -> Decision | None:
    """The decision to abstain when the passages cannot hold an answer; None when a draft is worth writing."""
    if found.value >= policy.grounding_threshold and found.value > 0:
        return None
    return Decision(
        action="abstain",
        reason="Your documents do not seem to hold an answer, and a larger model would only guess.",
        confidence=found.value,
        threshold=policy.grounding_threshold,
        signals=found.signals,
        match=found.value,
        match_threshold=policy.grounding_threshold,
    )


def route(policy: Policy, found: Answerability, needed: Collection[str], larger: str) -> Decision | None:
    """The decision to let the larger model answer at once, without a draft; None when the small one can draft."""
    wanted = sorted(policy.larger_only.intersection(needed))
    if not wanted:
        return None
    return Decision(
        action="escalate",
        reason=f"{_HOLDS}; the question needs {' and '.join(wanted)}, which only {larger} has.",
        confidence=found.value,
        threshold=policy.grounding_threshold,
        trigger="capability",
        way="answer",
        signals=found.signals,
        match=found.value,
        match_threshold=policy.grounding_threshold,
    )


def blocked_by(policy: Policy, *, mode: Mode, larger: str, limit_reached: BlockedBy | None = None) -> BlockedBy | None:
    """Why the larger model may not take this turn by itself; None when it may.

    `larger` is its alias, "" when there is none; `limit_reached` what the rate limit allows.
    """
    if mode == "local":
        return "local"
    if mode == "large":
        return "failed" if larger else "no_model"
    if not policy.automatic:
        return "off"
    return limit_reached if larger else "no_model"


def decide(
    policy: Policy,
    question: str,
    draft: Generation,
    assessment: DraftAssessment,
    *,
    larger: str,
    blocked_by: BlockedBy | None = None,
) -> Decision:
    """Keep the draft, or escalate, with the reason."""

    def decision(reason: str, trigger: Trigger | None = None) -> Decision:
        escalates = trigger is not None and blocked_by is None
        way = "refine" if trigger in ("long_answer", "flagged_topic") else "answer"
        stays = f" {_STAYS[blocked_by].format(larger=larger)}" if trigger and blocked_by else ""
        return Decision(
            action="escalate" if escalates else "keep",
            reason=reason + stays,
            confidence=assessment.confidence,
            threshold=policy.confidence_threshold,
            trigger=trigger,
            way=way if escalates else None,
            signals=assessment.signals,
            match=assessment.match,
            match_threshold=policy.grounding_threshold,
            blocked_by=blocked_by if trigger else None,
        )

    if draft.finish_reason == BROKEN:
        return decision(f"{draft.model} broke off; what it had said stays.")
    if not draft.generated:
        return decision("These are quotes from your documents; no model wrote them.")
    if found := _trigger(policy, question, draft, assessment):
        trigger, reason = found
        return decision(reason, trigger)
    return decision(
        f"{_HOLDS}, and the draft stands on them: confidence {assessment.confidence:.2f}, "
        f"at least {policy.confidence_threshold:.2f} is wanted."
    )


def escalate_on_request(policy: Policy, found: Answerability, larger: str) -> Decision:
    """The decision when a person asks for the larger model; with the gate's values beside it."""
    return Decision(
        action="escalate",
        reason=f"You asked for {larger}.",
        confidence=1.0,
        threshold=0.0,
        trigger="asked",
        way="answer",
        match=found.value,
        match_threshold=policy.grounding_threshold,
    )


def should_keep_draft(policy: Policy, draft: Generation, before: DraftAssessment, after: DraftAssessment) -> bool:
    """Whether the draft stays because the larger model's answer stands less on the passages.

    A draft that was stopped early, or that refuses, never stays; one that can be trusted stays when the larger model
    refuses.
    """
    if draft.finish_reason == EARLY or before.refuses:
        return False
    if after.refuses:
        return before.confidence >= policy.confidence_threshold
    return after.supported < before.supported - KEEP_DRAFT_MARGIN


def keep_draft(decision: Decision, larger: str, before: DraftAssessment, after: DraftAssessment) -> Decision:
    """The decision to escalate, after the larger model's answer has not taken the draft's place."""
    why = f"{before.supported:.2f} for the draft, {after.supported:.2f} for {larger}"
    return replace(decision, reason=f"{decision.reason} The draft stands better on them, so it stays: {why}.")


def _trigger(
    policy: Policy, question: str, draft: Generation, assessment: DraftAssessment
) -> tuple[Trigger, str] | None:
    """The first trigger that fires, with its reason."""
    length, value, least = len(draft.text), assessment.confidence, policy.confidence_threshold
    if draft.finish_reason == EARLY:
        return "low_confidence", _low(assessment, f"so it was given up at confidence {value:.2f}")
    if value < least:
        return "low_confidence", _low(assessment, f"confidence {value:.2f}, at least {least:.2f} is wanted")
    if draft.finish_reason == "length":
        return "cut_off", f"{_HOLDS}, but the draft reached its token limit first."
    if topic := _flagged(policy, question):
        return "flagged_topic", f"{_HOLDS}; the question touches {topic!r}, which is flagged for a second look."
    if policy.long_answer_chars and length > policy.long_answer_chars:
        return "long_answer", f"{_HOLDS}; the draft has {length} characters, more than {policy.long_answer_chars}."
    if length < policy.short_answer_chars:
        return "short_answer", f"{_HOLDS}; the draft has {length} characters, fewer than {policy.short_answer_chars}."
    return None


def _low(assessment: DraftAssessment, how: str) -> str:
    if assessment.refuses:
        return f"{_HOLDS}, but the draft says that it cannot find it."
    if assessment.match < assessment.supported:
        return f"Your documents may hold the answer, but it is not sure that the draft found it: {how}."
    return f"{_HOLDS}, but the draft does not stand on them: {how}."


def _flagged(policy: Policy, question: str) -> str | None:
    """The first topic whose words stand in the question, also as the beginnings of longer ones."""
    asked_words = _spaced(question)
    return next((topic for topic in policy.flagged_topics if (flag := _spaced(topic)) and flag in asked_words), None)


def _spaced(text: str) -> str:
    return "".join(f" {unit}" for unit in analyse(text).units)


CODE, LONG_CONTEXT, MULTILINGUAL = "code", "long-context", "multilingual"
CAPABILITIES = (CODE, LONG_CONTEXT, MULTILINGUAL)
"""What can be detected in a question and its passages."""

LONG_CHARS = 2_000
"""A question of this many characters brings a text of its own."""

_FENCE = re.compile(r"```|~~~")
_CODE = re.compile(
    r"\w+\([^)\n]*\)\s*[;{:]|[{};]\s*$|=>|==|!=|::|</?\w+[^>\n]*>|^\s*(?:def|class|import|from|const|let|SELECT|FROM|WHERE)\b"
    r"|\bTraceback\b|\b\w+(?:Error|Exception)\b",
    re.MULTILINE,
)
_FEW = 2
"""Signs of code: ordinary questions have one too, such as the name of an error."""


def required_capabilities(question: str, search: SearchResult) -> frozenset[str]:
    """Of `CAPABILITIES` those that the question has.

    `code` for a fenced block or two signs of code; `long-context` for a long text in the question; `multilingual` where
    the passages found are of several languages.
    """
    found: set[str] = set()
    if _FENCE.search(question) or len(_CODE.findall(question)) >= _FEW:
        found.add(CODE)
    if len(question) >= LONG_CHARS:
        found.add(LONG_CONTEXT)
    if len({hit.passage.document.language for hit in search.hits[:5]} - {""}) > 1:
        found.add(MULTILINGUAL)
    return frozenset(found)
