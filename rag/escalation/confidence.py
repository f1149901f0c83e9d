"""What is thought of a search and of a draft: the signals, and the probabilities that the weights make of them."""

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
    """[0, 1]: how probably the draft is right; 0 for one that says that it cannot answer."""
    match: float
    """[0, 1]: how probably the passages hold the answer."""
    supported: float
    """[0, 1]: how probably all that the draft says stands in the passages."""
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
    """What a search with all of its hits is worth for the question that the person wrote.

    `threshold` is that of the library, [0, 1].
    """
    signals = search_signals(search, search.question or question)
    if not search.hits:
        return Answerability(signals=signals)
    value = weights.answerable(_values(signals))
    return Answerability(value, GateThreshold(threshold).levelled(value), signals)


def assess_draft(found: Answerability, draft: Generation, checked: Checked, weights: Weights) -> DraftAssessment:
    """The judgement on a draft; `checked` has its text and the passages that the model was given."""
    passages = [citation.hit for citation in checked.citations]
    of_text = support_signals(checked.text, passages)
    text = without_marks(checked.text)
    stands = weights.supported(_values(of_text)) if text.strip() else 0.0
    summary = (
        Signal(
            "answerable", found.level, "How probably the passages hold the answer, as all libraries count it", PASSING
        ),
        Signal("supported", stands, "How probably all that the draft says stands in the passages"),
    )
    signals = (*summary, *found.signals, *of_text, *draft_signals(draft, checked))
    refused = refuses(text)
    confidence = 0.0 if refused else weights.confidence(_values(signals))
    return DraftAssessment(confidence, found.value, stands, refused, signals)


def _values(signals: Iterable[Signal]) -> dict[str, float]:
    return {signal.name: signal.value for signal in signals}
