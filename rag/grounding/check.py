"""Checks any text against passages, sentence by sentence: which passage supports it, and what is wrong."""

from collections.abc import Sequence, Set
from dataclasses import dataclass

from rag.grounding.citations import CitedSentence, cited_sentences, without_marks
from rag.grounding.facts import Facts
from rag.grounding.names import names, stands_in
from rag.grounding.negation import claim, contradicted
from rag.grounding.sources import Sources
from rag.grounding.support import has_other_subject, known_words
from rag.grounding.words import words
from rag.types import Document, Passage, Problem

LEAST_SHARE = 0.7
"""Of a sentence's content words, in one passage that is its source: other words for the same thing leave about a
quarter of them out, another subject leaves out most."""
_PENALTY = 0.25
"""What a wrong fact leaves of a sentence's score."""
_FACT_WORDS = 2
"""Words that a wrong number or date brings in, such as itself and its unit."""


@dataclass(frozen=True, slots=True)
class SentenceGrounding:
    """One sentence, and what the passages say of it."""

    sentence: str
    """As it is written, with its marks."""
    supported: bool
    """Whether some passage holds it and nothing is wrong; also of a sentence that states nothing, such as "Yes."."""
    score: float
    """[0, 1]: the share of its content words in the passage, a quarter of that for each kind of wrong fact."""
    passage: int | None
    """The number of the passage that holds most of it, from 1; None when none holds any of it."""
    citations: tuple[int, ...]
    """The numbers of its marks such as [1], whether or not there is such a passage."""
    problems: tuple[Problem, ...]
    shares: tuple[float, ...] = ()
    """[0, 1]: for each passage the share of the sentence's content words that it holds; () when it states nothing."""
    sources: tuple[int, ...] = ()
    """The numbers of the passages that support it alone, those that hold most of it first."""
    cites_source: bool = False
    """Whether the passages that it cites support it together."""


@dataclass(frozen=True, slots=True)
class GroundingReport:
    """A text, sentence by sentence."""

    sentences: tuple[SentenceGrounding, ...]

    @property
    def supported(self) -> bool:
        """Whether every sentence is; True for an empty text."""
        return all(sentence.supported for sentence in self.sentences)

    @property
    def score(self) -> float:
        """[0, 1]: the lowest of all sentences, as one invention is enough to be wrong; 1 for an empty text."""
        return min((sentence.score for sentence in self.sentences), default=1.0)


def check_grounding(text: str, passages: Sequence[Passage | str]) -> GroundingReport:
    """How far a text stands on passages, for each of its sentences; pure, in any language, some milliseconds.

    It compares words, numbers with their units, dates, names and negations; it does not understand, so a sentence in
    wholly other words than its source has "no_source". Marks like [1] cite the passages by number, from 1.
    """
    known = [_passage(each, n) for n, each in enumerate(passages)]
    names_of_text = frozenset(names(without_marks(text)))
    return GroundingReport(tuple(_checked(each, known, names_of_text) for each in cited_sentences(text)))


def _passage(passage: Passage | str, ordinal: int) -> Passage:
    return Passage(Document("", ""), ordinal, passage) if isinstance(passage, str) else passage


def _checked(sentence: CitedSentence, passages: Sequence[Passage], names_of_text: Set[str]) -> SentenceGrounding:
    """Looks for wrong facts in the passages that hold enough of the sentence, else in all of them."""
    statement = _Statement(sentence.claim, names_of_text)
    if not statement.content:
        return SentenceGrounding(sentence.text, True, 1.0, None, sentence.numbers, ())
    shares = [statement.share_in(Sources.of([passage])) for passage in passages]
    cited = [n - 1 for n in sentence.numbers if 1 <= n <= len(passages)]
    cited_share = statement.share_in(Sources.of(passages[n] for n in cited))  # a claim may join what it cites
    holding = {n for n, each in enumerate(shares) if each >= LEAST_SHARE}
    holding |= set(cited) if cited_share >= LEAST_SHARE else set()
    sources = [passages[n] for n in sorted(holding)] or passages
    problems = statement.wrong_facts(Sources.of(sources))
    best = max(range(len(shares)), key=lambda n: (shares[n], n in cited), default=0)
    alone = [n for n, each in enumerate(shares) if each >= LEAST_SHARE and statement.stands_in([passages[n]])]
    return SentenceGrounding(
        sentence.text,
        supported=bool(holding) and not problems,
        score=max((cited_share, *shares)) * _PENALTY ** len(problems),
        passage=best + 1 if any(shares) else None,
        citations=sentence.numbers,
        problems=problems if holding else (*problems, "no_source"),
        shares=tuple(shares),
        sources=tuple(n + 1 for n in sorted(alone, key=lambda n: (-shares[n], n not in cited))),
        cites_source=cited_share >= LEAST_SHARE and statement.stands_in([passages[n] for n in cited]),
    )


class _Statement:
    """What a sentence states."""

    def __init__(self, text: str, names_of_text: Set[str]) -> None:
        self._text = text
        self._facts = Facts.of(text)
        self._names = [name for name in names(text) if name in names_of_text]
        self.content = [word for word in words(text) if word.is_content]

    def share_in(self, sources: Sources) -> float:
        """[0, 1]: the share of its content words that the sources hold; wrong facts are left out, up to half of it."""
        known = known_words(self.content, sources)
        wrong = _FACT_WORDS * sources.facts.missing(self._facts) + self._unknown_names(sources)
        left_out = min(known.count(False), wrong, len(known) // 2)
        return sum(known) / (len(known) - left_out)

    def stands_in(self, passages: Sequence[Passage]) -> bool:
        """Whether nothing is wrong with it by these passages."""
        return not self.wrong_facts(Sources.of(passages))

    def wrong_facts(self, sources: Sources) -> tuple[Problem, ...]:
        """What the sources do not hold or deny."""
        found: dict[Problem, bool] = {
            "number": sources.facts.missing(self._facts) > 0,
            "name": self._unknown_names(sources) > 0,
            "negation": contradicted(claim(self._text), sources.claims),
        }
        return tuple(problem for problem, is_wrong in found.items() if is_wrong)

    def _unknown_names(self, sources: Sources) -> int:
        unknown = sum(not stands_in(name, sources.terms) for name in self._names)
        return unknown + has_other_subject(self._text, sources)
