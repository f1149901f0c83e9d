"""Keep, escalate, or say that the documents do not hold the answer; each with its reason. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass

from rag.citations import without_marks
from rag.decisions import Decision, Signal, Trigger
from rag.escalation.signals import confidence, grounding, support
from rag.records import BROKEN, Generation, Hit, Mode, SearchResult
from rag.retrieval.analysis import analyse

KEEP_DRAFT_MARGIN = 0.05
"""A refined answer may be this much less supported than its draft before the draft is kept: other words for the same
facts cost a few points of overlap."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The thresholds of an organisation; lengths of 0 are off."""

    confidence_threshold: float = 0.5
    grounding_threshold: float = 0.35
    long_answer_chars: int = 600
    short_answer_chars: int = 0
    flagged_topics: tuple[str, ...] = ()
    automatic: bool = True
    """False: the larger model is used only when asked."""


def gate(policy: Policy, search: SearchResult) -> Decision | None:
    """The decision to abstain when the passages cannot hold an answer; None when a draft is worth writing."""
    value = grounding(search)
    if search.hits and value >= policy.grounding_threshold:
        return None
    return Decision(
        action="abstain",
        reason="Your documents do not seem to hold an answer, and a larger model would only guess.",
        confidence=value,
        threshold=policy.grounding_threshold,
        signals=(
            Signal("strength", search.strength, "How much of the question the best passage holds"),
            Signal("coverage", search.coverage, "How many of the question's words stand in the passages"),
        ),
    )


def decide(
    policy: Policy,
    question: str,
    draft: Generation,
    signals: tuple[Signal, ...],
    *,
    mode: Mode = "auto",
    larger: str = "",
) -> Decision:
    """What becomes of a draft; `larger` is the alias of the larger model, "" when there is none."""
    value = confidence(signals)

    def decision(action: str, reason: str, trigger: Trigger | None = None) -> Decision:
        way = None if action != "escalate" else "refine" if trigger in ("long_answer", "flagged_topic") else "answer"
        return Decision(
            action="escalate" if action == "escalate" else "keep",
            reason=reason,
            confidence=value,
            threshold=policy.confidence_threshold,
            trigger=trigger,
            way=way,
            signals=signals,
        )

    if draft.finish_reason == BROKEN:
        return decision("keep", f"{draft.model} broke off; what it had said stays.")
    if not draft.generated:
        return decision("keep", "These are quotes from your documents; no model wrote them.")
    found = _trigger(policy, question, draft, value)
    if not found:
        return decision("keep", f"Confidence {value:.2f} is at or above {policy.confidence_threshold:.2f}.")
    trigger, reason = found
    if mode == "local":
        return decision("keep", f"{reason} It stays because this message was asked as Local only.", trigger)
    if not policy.automatic and mode != "large":
        return decision("keep", f"{reason} It stays because escalation is off.", trigger)
    if not larger:
        return decision("keep", f"{reason} It stays because no larger model is set up.", trigger)
    if mode == "large":
        return decision("keep", f"{reason} It stays because {larger} could not answer.", trigger)
    return decision("escalate", reason, trigger)


def asked(larger: str) -> Decision:
    """The decision when a person asks for the larger model."""
    return Decision("escalate", f"You asked for {larger}.", 1.0, 0.0, trigger="asked", way="answer")


def keeps_draft(draft: Generation, escalated: Generation, signals: Sequence[Signal], hits: Sequence[Hit]) -> bool:
    """Whether the draft stays because the larger model's text stands less on the passages; never a refusing draft."""
    if any(signal.name == "commitment" and not signal.value for signal in signals):
        return False
    before, after = (support(without_marks(text), hits) for text in (draft.text, escalated.text))
    return after < before - KEEP_DRAFT_MARGIN


def _trigger(policy: Policy, question: str, draft: Generation, value: float) -> tuple[Trigger, str] | None:
    """The first trigger that fires, with its reason."""
    length = len(draft.text)
    if value < policy.confidence_threshold:
        return "low_confidence", f"The draft's confidence {value:.2f} is below {policy.confidence_threshold:.2f}."
    if draft.finish_reason == "length":
        return "cut_off", "The draft reached its token limit before its end."
    if topic := _flagged(policy, question):
        return "flagged_topic", f"The question touches {topic!r}, which is flagged for a second look."
    if policy.long_answer_chars and length > policy.long_answer_chars:
        return "long_answer", f"The draft has {length} characters, more than {policy.long_answer_chars}."
    if length < policy.short_answer_chars:
        return "short_answer", f"The draft has {length} characters, fewer than {policy.short_answer_chars}."
    return None


def _flagged(policy: Policy, question: str) -> str | None:
    """The first topic whose words stand in the question, also as the beginnings of longer ones."""
    asked_words = _spaced(question)
    return next((topic for topic in policy.flagged_topics if (flag := _spaced(topic)) and flag in asked_words), None)


def _spaced(text: str) -> str:
    return "".join(f" {unit}" for unit in analyse(text).units)
