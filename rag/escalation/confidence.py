"""Assessments of a search and of a draft: the signals, and the probabilities that the weights make of them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from rag.escalation.answerability import search_signals
from rag.escalation.threshold import PASSING, GateThreshold
from rag.escalation.weights import Weights
from rag.grounding.citations import Checked, without_marks
from rag.grounding.hedging import hedges, refuses
from rag.grounding.support import support_signals
from rag.text.sentences import sentences
from rag.types import Generation, SearchResult, Signal

LOW = 0.1
"""The quantile of the least probable tokens: names and numbers that a model invents are among them."""

_LEAST = -100.0
"""Servers write "impossible" as minus infinity or as -9999."""


def logprob_signals(logprobs: Sequence[float]) -> tuple[Signal, ...]:
    """`mean_probability` and `low_probability` of a draft's tokens, from their natural log-probabilities; () for none.

    The geometric mean, 1 / perplexity, and the 10 % quantile, as SelfCheckGPT's grey-box scores do (Manakul et al.,
    2023). The public sets have no log-probabilities, so how well they separate is not known here.
    """
    if not logprobs:
        return ()
    values = np.clip(np.asarray(logprobs, float), _LEAST, 0.0)
    return (
        Signal("mean_probability", float(np.exp(values.mean())), "How probable the model found its own words"),
        Signal(
            "low_probability", float(np.exp(np.quantile(values, LOW))), "How probable it found its least sure words"
        ),
    )


ORDINARY_CHARS = 600
"""A longer draft leaves the passages more often; beyond the same length, by default, it is refined."""

MISCITED = 0.2
"""What confidence loses when no claim has a right mark, in proportion for some of them. Chosen, not fitted, as the
public sets have no marks: a draft that is sure otherwise stays above the default threshold, a doubtful one does not."""
_CLAIM_CHARS = 20
"""A shorter sentence, such as "Yes.", claims nothing by itself."""
_MARK = re.compile(r"\[\d+\]")


def draft_signals(draft: Generation, checked: Checked) -> tuple[Signal, ...]:
    """The signals of a draft that no passage is needed for; the public sets have neither marks nor ends to judge by."""
    text = without_marks(checked.text)
    citations = citation_validity(checked) if draft.generated else float(bool(checked.cited))  # a quote has one mark
    return (
        Signal("citations", citations, "How many claims cite a passage that supports them"),
        Signal("certainty", 1.0 - hedges(text), "Less for every sentence with a word like perhaps"),
        Signal("commitment", 0.0 if refuses(text) else 1.0, "0 when the draft says that it cannot answer", 1.0),
        Signal("length", min(1.0, ORDINARY_CHARS / (len(text) or 1)), "Less than 1 for a draft over 600 characters"),
        Signal("complete", 0.0 if draft.finish_reason == "length" else 1.0, "0 when the token limit cut it off", 1.0),
        *logprob_signals(draft.logprobs),
    )


def citation_validity(checked: Checked) -> float:
    """[0, 1]: share of the claims whose marks are right, less for marks that pointed nowhere.

    Right is a mark whose passage supports the claim where `rag.grounding.attribution` has judged that; else one that
    points at some passage.
    """
    if checked.validity is not None:
        return checked.validity
    written = [sentence for sentence in sentences(checked.text) if len(sentence) > _CLAIM_CHARS]
    marked = sum(bool(_MARK.search(sentence)) for sentence in written)
    share = marked / len(written) if written else float(bool(checked.cited))
    valid = sum(len(_MARK.findall(sentence)) for sentence in written)
    return share * (valid / (valid + checked.removed) if checked.removed else 1.0)


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
    if checked.validity is not None:
        confidence *= 1 - MISCITED * (1 - checked.validity)
    return DraftAssessment(confidence, found.value, supported, refused, signals)


def _values(signals: Iterable[Signal]) -> dict[str, float]:
    return {signal.name: signal.value for signal in signals}
