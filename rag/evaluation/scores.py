"""How good a turn is: what it found, stated, cited, refused and escalated, against what was expected. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.evaluation import citation_metrics
from rag.evaluation.dataset import Fact, Question
from rag.evaluation.results import Attempt, Escalation, Row, Scores
from rag.grounding.citations import check, without_marks
from rag.grounding.hedging import refuses
from rag.grounding.support import support
from rag.text.analysis import fold
from rag.types import EARLY, Citation, Generation, Hit, Turn

_MILLION = 1_000_000
_PLACES = 4
"""Digits of a score in a file: fewer than a machine's last ones, so that two machines write the same."""


@dataclass(frozen=True, slots=True)
class TokenPrices:
    """Of a million tokens: read, written."""

    small: tuple[float, float] = (0.0, 0.0)
    large: tuple[float, float] = (0.0, 0.0)


def score(question: Question, turn: Turn, *, escalates: bool, prices: TokenPrices | None = None) -> Row:
    """The row of a question; `escalates` is whether a larger model could have been called by itself."""
    passages = {citation.number: citation.hit for citation in turn.citations}
    scores = scores_of(question, turn.answer, passages, refused=_refused(turn))
    draft = _attempt(question, turn.draft, turn.citations)
    large = _attempt(question, turn.escalated, turn.citations)
    decision = turn.decision
    return Row(
        id=question.id,
        question=question.text,
        language=question.language,
        answerable=question.answerable,
        follows=question.follows,
        outcome=turn.outcome,
        model=turn.model,
        answer=turn.answer,
        scores=scores,
        rank=rank(question, turn),
        in_prompt=in_prompt(question, turn),
        refusal_right=scores.refused is not question.answerable,
        confidence=round(decision.confidence, _PLACES),
        match=round(decision.match, _PLACES),
        missing=_missing(question, turn.answer),
        trigger=decision.trigger or "",
        blocked_by=decision.blocked_by or "",
        escalation=escalation(turn, draft.scores.quality) if draft and escalates else None,
        draft=draft,
        large=large,
        cost=round(cost(turn, prices or TokenPrices()), 8),
        notices=turn.notices,
    )


def failed(question: Question, failure: str) -> Row:
    """The row of a question that no turn came of: nothing found, stated or right."""
    return Row(
        id=question.id,
        question=question.text,
        language=question.language,
        answerable=question.answerable,
        follows=question.follows,
        outcome="failed",
        model="",
        answer="",
        scores=Scores(0.0, 0.0 if question.answerable else None, None, None, None, refused=False),
        rank=None,
        in_prompt=False if question.answerable else None,
        refusal_right=False,
        confidence=0.0,
        match=0.0,
        missing=_missing(question, ""),
        failure=failure,
    )


def scores_of(question: Question, text: str, passages: Mapping[int, Hit], *, refused: bool) -> Scores:
    """The scores of a text with checked marks; `passages` are those of its prompt by number.

    support = `rag.grounding.support.support`, the share of its content words that the passages hold; a refusal has no
    support,
    precision or recall.
    """
    share = found(text, question.facts) if question.answerable else None
    quality = float(refused) if share is None else share
    if refused or not text:
        return Scores(_rounded(quality), share, None, None, None, refused)
    return Scores(
        quality=_rounded(quality),
        facts=share if share is None else _rounded(share),
        citation_precision=_rounded_or_none(citation_metrics.precision(text, passages)),
        citation_recall=_rounded_or_none(citation_metrics.recall(text, passages)),
        support=_rounded(support(without_marks(text), list(passages.values()))),
        refused=refused,
    )


def rank(question: Question, turn: Turn) -> int | None:
    """The rank, from 1, of the first passage found that is of a right document; None when none is."""
    names = (hit.passage.document.name for hit in turn.search.hits)
    return next((n for n, name in enumerate(names, 1) if name in question.documents), None)


def in_prompt(question: Question, turn: Turn) -> bool | None:
    """Whether a model was given a passage of a right document; None for a question without one."""
    if not question.answerable:
        return None
    return any(citation.hit.passage.document.name in question.documents for citation in turn.citations)


def escalation(turn: Turn, draft_quality: float) -> Escalation | None:
    """Whether the larger model was called for drafts that lacked something, and only for them.

    "missed": a draft that lacked facts was not sent on; "wasted": a draft that lacked none was; else "right". None for
    a draft that was stopped early: what it would have stated is not known.
    """
    if turn.draft and turn.draft.finish_reason == EARLY:
        return None
    lacked, escalated = draft_quality < 1, turn.decision.action == "escalate"
    if lacked == escalated:
        return "right"
    return "wasted" if escalated else "missed"


def cost(turn: Turn, prices: TokenPrices) -> float:
    """In the unit of the prices: tokens read × price + tokens written × price, reasoning included, of both models."""
    both = ((turn.draft, prices.small), (turn.escalated, prices.large))
    return sum(_priced(generation, price) for generation, price in both if generation)


def _priced(generation: Generation, price: tuple[float, float]) -> float:
    if not generation.usage:
        return 0.0
    return (generation.usage.prompt * price[0] + generation.usage.completion * price[1]) / _MILLION


def _attempt(question: Question, generation: Generation | None, citations: tuple[Citation, ...]) -> Attempt | None:
    """What one model wrote, scored like an answer; both models of a turn are given the same passages."""
    if not generation:
        return None
    hits = [citation.hit for citation in citations]
    usage = generation.usage
    checked = check(generation.text, hits)
    return Attempt(
        model=generation.model,
        text=generation.text,
        scores=scores_of(question, checked.text, dict(enumerate(hits, 1)), refused=_refuses(generation)),
        finish_reason=generation.finish_reason,
        prompt_tokens=usage.prompt if usage else None,
        completion_tokens=usage.completion if usage else None,
        reasoning_tokens=usage.reasoning if usage else None,
    )


def _missing(question: Question, text: str) -> tuple[str, ...]:
    return tuple(fact[0] for fact in missing(text, question.facts))


def _refused(turn: Turn) -> bool:
    """Whether the person got no answer: the gate abstained, or the text states that the documents do not hold one."""
    if turn.outcome == "abstained":
        return True
    written = turn.escalated if turn.outcome == "escalated" else turn.draft
    return written is not None and _refuses(written)


def _refuses(generation: Generation) -> bool:
    """An extractive answer never does: a document may have a sentence about missing answers."""
    return generation.generated and refuses(without_marks(generation.text))


def _rounded(value: float) -> float:
    return round(value, _PLACES)


def _rounded_or_none(value: float | None) -> float | None:
    return None if value is None else _rounded(value)


_GROUPED = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:([.,'’\s])\d{3})(?:\1\d{3})*(?![\d]|[.,]\d)")
"""12,000, 12.000, 12 000 and 12'000; 0.300 is none, and neither is 1.2345."""
_DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d)")
_UNIT = re.compile(r"(?<=\d)\s*(?=[^\W\d_]|%)")
"""Between a number and what it counts: "25MB" is "25 MB"."""
_DASHES = re.compile("[\u2010-\u2015\u2212]")
_EMPHASIS = re.compile(r"[*`]|(?<!\w)_|_(?!\w)")
_NOT_INSIDE = r"(?<![^\W_])(?<!\d[.,])"
"""Where a fact may begin: not within a word, and not within a number."""
_ENDS_IN_DIGIT = re.compile(r"\d\Z")


def found(text: str, facts: Sequence[Fact]) -> float:
    """[0, 1]: the share of the facts that the text states; 0 for no facts."""
    return 1 - len(missing(text, facts)) / len(facts) if facts else 0.0


def missing(text: str, facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """The facts of which the text holds no alternative.

    The comparison is lexical: that a text denies what it names goes unnoticed.
    """
    plain = normal(text)
    return tuple(fact for fact in facts if not any(_holds(plain, alternative) for alternative in fact))


def normal(text: str) -> str:
    """The text without differences of case, accent, white space, dash, emphasis, number format and citation marks."""
    text = fold(_EMPHASIS.sub("", _DASHES.sub("-", without_marks(text))))
    text = _GROUPED.sub(lambda number: re.sub(r"\D", "", number.group()), text)
    text = _UNIT.sub(" ", _DECIMAL_COMMA.sub(".", text))
    return " ".join(text.split())


def _holds(plain: str, alternative: str) -> bool:
    """Whether the fact stands in the text from the beginning of a word; a word may end otherwise, a number may not."""
    wanted = normal(alternative)
    end = r"(?!\d|[.,]\d)" if _ENDS_IN_DIGIT.search(wanted) else ""
    return bool(re.search(_NOT_INSIDE + re.escape(wanted) + end, plain))
