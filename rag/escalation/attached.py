"""Do a chat's files hold the answer? A gate of their own: few passages, and a question is likely to be about them.

A question's subject, its words without those that any question has (`rag.text.function_words`), is looked for in two
adjacent sentences with their heading context, and in everything that was found. A word counts by its idf in files and
library together; a synonym, another form of the word, or an answer of the type that it names may stand for it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, repeat

from rag.escalation.answer_types import AnswerType, types_named
from rag.escalation.answerability import margin
from rag.escalation.confidence import Answerability
from rag.escalation.front_matter import front_matter
from rag.escalation.threshold import GateThreshold
from rag.escalation.weights import Logistic
from rag.retrieval.fields import heading_context
from rag.retrieval.query import is_gram
from rag.retrieval.scoring import rarest
from rag.retrieval.synonyms import Synonyms, shipped_synonyms
from rag.text.analysis import GRAM_WEIGHT, WORD_START, Terms, analyse, analyse_again, fold
from rag.text.function_words import content_words, is_function_gram
from rag.text.sentences import sentences
from rag.types import Hit, Passage, SearchResult, Signal

_WORD = re.compile(r"[^\W_]{2,}|\d")

ALIKE = 0.6
"""Share of a word's 4-grams, its beginning among them, that stand where another form of it stands."""

OF_ITS_TYPE = 0.7
"""What it counts where a date stands and the question's word is "date", and so for each of the types of answers."""

LEAST_EVIDENCE, MOST_EVIDENCE = 1.0, 4.0
"""Words of the greatest idf, or more that are less rare: the least evidence that is required, as "VIN?" is a question,
and the most, because a long question is not answered word by word."""

MOST_CONCEPTS = 32
"""Words of the greatest mass that a question of thousands is judged by."""

_GERMAN = re.compile(
    r"\b(?:wer|wie|wann|warum|wieso|welche[mnrs]?|wieviele?|wo(?:mit|von|zu|fur|durch|gegen|rin)|wessen)\b"
)
"""In a folded question: its capitals mark no names."""

WEIGHTS = Logistic(-6.26, {"closeness": 2.18, "coverage": 1.81, "evidence": 2.76, "specifics": 2.53, "margin": 3.52})
"""Fitted by benchmarks/attached.py --fit on half of the articles of squad and of xquad in five languages, each attached
alone, and on half of its own questions to 27 files; the figures are in docs/benchmarks.md."""

ATTACHED_THRESHOLD = 0.55
"""Below it the library is searched as well. benchmarks/attached, held-back halves: 97 % of the questions to their own
article of squad reach it and 4 % of those to another one; of those to files 98 % and none."""


@dataclass(frozen=True, slots=True)
class _Concept:
    """A word of the question's subject, with what may stand for it."""

    mass: float
    unit: str
    grams: frozenset[str]
    synonyms: tuple[frozenset[str], ...]
    types: tuple[AnswerType, ...]
    is_name: bool

    def found(self, text: str, terms: frozenset[str]) -> float:
        """[0, 1]: how far it stands in a text with these terms."""
        if self.unit in terms or any(phrase <= terms for phrase in self.synonyms):
            return 1.0
        if any(kind.stands_in(text) for kind in self.types):
            return OF_ITS_TYPE
        shared = self.grams & terms
        begins = any(gram[1] == WORD_START for gram in shared)
        return len(shared) / len(self.grams) if begins and len(shared) >= ALIKE * len(self.grams) else 0.0


def holds_answer(
    found: SearchResult, question: str, synonyms: Synonyms | None = None, opening: Sequence[Hit] = ()
) -> Answerability:
    """How probably a chat's files hold the answer, by a search within them with all of its hits.

    `question` is what the person wrote; `synonyms` are those of the search, by default the shipped ones; `opening` the
    files' first passages (`Searcher.opening`), where an answer of the type that is asked for may stand without a word
    of the question. The value is to be compared with `ATTACHED_THRESHOLD`. All signals are 1 for a question that can
    only be about the files, because it names no subject or asks for front matter, and for hits that a person chose.
    """
    question = found.question or question
    concepts = sorted(_concepts(found, question, synonyms or shipped_synonyms()), key=lambda each: -each.mass)
    concepts = concepts[:MOST_CONCEPTS]
    signals = _signals(found, concepts, opening)
    if not concepts or front_matter(question) or any(not hit.score for hit in found.hits):
        signals = tuple(replace(signal, value=1.0) for signal in signals)
    value = WEIGHTS({signal.name: signal.value for signal in signals})
    return Answerability(value, GateThreshold(ATTACHED_THRESHOLD).rescaled(value), signals)


def with_typed_answers(
    found: SearchResult, question: str, synonyms: Synonyms | None = None, opening: Sequence[Hit] = ()
) -> SearchResult:
    """The search with the answers that look like what the question asks for counted as its words.

    Only for words that stand beside no such answer: "what did they buy?" over a list of goods with prices. The passages
    with such an answer come first, also those of the `opening` that no word has found.
    """
    texts = {hit.passage.id: hit for hit in (*opening, *found.hits)}
    concepts = [
        concept
        for concept in _concepts(found, found.question or question, synonyms or shipped_synonyms())
        if concept.types and not any(_holds(concept, hit) for hit in texts.values())
    ]
    best = max((hit.normalised_score for hit in found.hits), default=1.0)
    weights, typed = dict(found.weights), list[Hit]()
    for hit in texts.values():
        for looks in (kind.looks.search(hit.passage.text) for concept in concepts for kind in concept.types):
            units = analyse(looks.group()).units if looks else ()
            mass = OF_ITS_TYPE * max(concept.mass for concept in concepts) / (len(units) or 1) ** 0.5
            weights |= {unit: max(mass, weights.get(unit, 0.0)) for unit in units}
            typed += [replace(hit, normalised_score=best)] if units else []
    others = [hit for hit in found.hits if hit.passage.id not in {each.passage.id for each in typed}]
    hits = {hit.passage.id: hit for hit in (*typed, *others)}
    return replace(found, hits=tuple(hits.values()), weights=weights)


def _holds(concept: _Concept, hit: Hit) -> bool:
    """Whether a hit has the word and, somewhere, what looks like its answer."""
    terms = analyse_again(hit.passage.text)
    here = concept.unit in terms.words or concept.unit in terms.grams
    return here and any(kind.stands_in(hit.passage.text) for kind in concept.types)


def _signals(found: SearchResult, concepts: Sequence[_Concept], opening: Sequence[Hit]) -> tuple[Signal, ...]:
    read = {hit.passage.id: hit.passage for hit in (*opening, *found.hits)}
    windows = [window for passage in read.values() for window in _windows(passage, concepts)]
    best = [max(column) for column in zip(*windows, strict=True)] or [0.0] * len(concepts)
    everything, top = _mass(concepts) or 1.0, rarest(found.searched)
    near = max((_mass(concepts, window) for window in windows), default=0.0)
    names = [concept for concept in concepts if concept.is_name]
    named = [share for concept, share in zip(concepts, best, strict=True) if concept.is_name]
    required = min(MOST_EVIDENCE, max(LEAST_EVIDENCE, everything / top))
    close = near / everything
    return (
        Signal("closeness", close, "How much of the question's subject stands in two sentences side by side"),
        Signal("coverage", _mass(concepts, best) / everything, "How much of it stands anywhere in these files"),
        Signal("evidence", min(1.0, near / top / required), "How telling the words in common with two sentences are"),
        Signal(
            "specifics",
            _mass(names, named) / _mass(names) if _mass(names) else 1.0,
            "How many of its names stand there",
        ),
        Signal("margin", margin(found.hits), "How far the best passage stands out from the others"),
    )


def _mass(concepts: Sequence[_Concept], shares: Iterable[float] = repeat(1.0)) -> float:
    return sum(concept.mass * share for concept, share in zip(concepts, shares, strict=False))


def _concepts(found: SearchResult, question: str, synonyms: Synonyms) -> Iterator[_Concept]:
    """Those of a question, each once."""
    expansions = synonyms.expand(question)
    named = {unit for name in _names(question) for unit in analyse(name).units}
    units: dict[str, str] = {}
    for word in content_words(question):
        for unit in analyse(word).units:
            if not (is_gram(unit) and is_function_gram(unit)):
                units.setdefault(unit, word)
    for unit, word in units.items():
        grams = analyse(word).grams if not is_gram(unit) else ()
        others = tuple(
            frozenset(other.units) for each in expansions if unit in each.asked.units for other in each.others
        )
        weight = found.weights.get(unit, 0.0)
        mass = weight / GRAM_WEIGHT / 2 if is_gram(unit) else weight
        yield _Concept(mass, unit, frozenset(grams), others, tuple(types_named(word)), unit in named)


def _names(question: str) -> Iterator[str]:
    """Words with a digit, or with a capital that does not only begin a sentence or a German noun."""
    capitals = not question.isupper() and not _GERMAN.search(fold(question))
    for sentence in sentences(question):
        for n, word in enumerate(_WORD.findall(sentence)):
            seen = word if n else word[1:]
            if any(c.isdigit() for c in word) or (capitals and any(c.isupper() for c in seen)):
                yield word


def _windows(passage: Passage, concepts: Sequence[_Concept]) -> Iterator[list[float]]:
    """For each two adjacent sentences of a passage how far each concept stands there."""

    def shares(text: str, terms: Terms) -> list[float]:
        present = frozenset(terms.words).union(terms.grams)
        return [concept.found(text, present) for concept in concepts]

    head = f"{passage.document.name}\n{heading_context(passage)}"
    context = shares(head, analyse_again(head))
    found = [shares(sentence, analyse(sentence)) for sentence in sentences(passage.text)]
    for first, second in pairwise((*found, context)):
        yield list(map(max, context, first, second))
