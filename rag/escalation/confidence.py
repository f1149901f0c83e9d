"""Assessments of a search and of a draft: the signals, and the probabilities that the weights make of them."""

from collections.abc import Iterable
from dataclasses import dataclass

from rag.escalation.answerability import search_signals
from rag.escalation.signals import draft_signals
from rag.escalation.threshold import PASSING, GateThreshold
from rag.escalation.weights import Weights
from rag.grounding.citations import Checked, without_marks
from rag.grounding.hedging import refuses
from rag.grounding.support import support_signals
from rag.types import Generation, SearchResult, Signal


@dataclass(frozen=True, slots=True)
class DraftAssessment:
    """How far a draft can be trusted."""

    confidence: float
    """[0, 1]: how probably the draft is right; 0 for a refusal."""
    match: float
    """[0, 1]: how probably the passages hold the answer."""
    supported: float
    """[0, 1]: how probably the passages support all of the draft."""
    refuses: bool
    signals: tuple[Signal, ...]


@dataclass(frozen=True, slots=True)
class Answerability:
    """Whether the passages that a search found hold the answer."""

    value: float = 0.0
    """[0, 1]: how probably they do; 0 without passages."""
    level: float = 0.0
    """[0, 1]: the same on the scale that all libraries share."""
    signals: tuple[Signal, ...] = ()


def assess_search(search: SearchResult, question: str, weights: Weights, threshold: float) -> Answerability:
    """How probably a search, with all of its hits, answers the question that the person wrote.

    `threshold` is that of the library, [0, 1].
    """
    signals = search_signals(search, search.question or question)
    if not search.hits:
        return Answerability(signals=signals)
    value = weights.answerable(_values(signals))
    return Answerability(value, GateThreshold(threshold).rescaled(value), signals)


def assess_draft(found: Answerability, draft: Generation, checked: Checked, weights: Weights) -> DraftAssessment:
    """How far a draft can be trusted; `checked` has its text and the passages that the model was given."""
    passages = [citation.hit for citation in checked.citations]
    support = support_signals(checked.text, passages)
    text = without_marks(checked.text)
    supported = weights.supported(_values(support)) if text.strip() else 0.0
    summary = (
        Signal(
            "answerable", found.level, "How probably the passages hold the answer, as all libraries count it", PASSING
        ),
        Signal("supported", supported, "How probably all that the draft says stands in the passages"),
    )
    signals = (*summary, *found.signals, *support, *draft_signals(draft, checked))
    refused = refuses(text)
    confidence = 0.0 if refused else weights.confidence(_values(signals))
    return DraftAssessment(confidence, found.value, supported, refused, signals)


def _values(signals: Iterable[Signal]) -> dict[str, float]:
    return {signal.name: signal.value for signal in signals}
