"""What is thought of a search and of a draft: the signals, and the probabilities that the weights make of them."""

from dataclasses import dataclass

from rag.citations import Checked, check, without_marks
from rag.decisions import Signal
from rag.escalation.signals import confidence, grounding, measure, refuses, support
from rag.escalation.weights import Weights
from rag.records import Generation, SearchResult


@dataclass(frozen=True, slots=True)
class Judgement:
    """How far a draft can be trusted."""

    confidence: float
    """[0, 1]: how probably the draft is right; 0 for one that says that it cannot answer."""
    match: float
    """[0, 1]: how probably the passages hold the answer."""
    supported: float
    """[0, 1]: how probably all that the draft says stands in the passages."""
    refuses: bool
    signals: tuple[Signal, ...]


def match(search: SearchResult, question: str, weights: Weights) -> tuple[float, tuple[Signal, ...]]:
    """[0, 1]: how probably the passages hold the answer; 0 without passages. With the signals behind it."""
    signals = tuple(
        s for s in measure(search, Generation("", ""), check("", search.hits)) if s.name in ("strength", "coverage")
    )
    return grounding(search), signals


def judge(search: SearchResult, question: str, draft: Generation, checked: Checked, weights: Weights) -> Judgement:
    """The judgement on a draft; `search` has the passages that the model was given."""
    text = without_marks(checked.text)
    signals = measure(search, draft, checked)
    return Judgement(confidence(signals), grounding(search), support(text, search.hits), refuses(text), signals)
