"""A summary of a document without a model: its outline and its most central sentences, word for word."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from rag.generation.sentence_ranking import rank
from rag.generation.summary_sentences import Extract, lines_of, sentences_of
from rag.ingestion.headings import reads_like_a_title
from rag.text.analysis import analyse, fold
from rag.types import Document, Passage

MOST_SENTENCES = 5
"""Unless a person asks for more."""
MOST_RANKED = 400
"""Sentences that are compared with each other; of a longer document the first ones of its sections."""
_OPENING = 12
"""Passages at the beginning of a long document whose sentences are all considered."""
_DEEPEST = 30
"""Sentences of a passage; a passage has about 160 words."""
_FEW, _ENOUGH = 3, 6
_SOME_PROSE, _MOSTLY_PROSE = 0.1, 0.5
_SUMMARY_HEADINGS = (
    *("abstract", "summary", "executive summary", "tl;dr", "overview", "conclusion", "conclusions", "key points"),
    *("resumen", "conclusiones", "conclusión", "resumo", "conclusão", "visão geral", "аннотация", "резюме", "выводы"),
    *("заключение", "povzetek", "zaključek", "pregled", "zusammenfassung", "überblick", "fazit", "résumé", "aperçu"),
)
_CUE = 2.0
"""What a sentence below such a heading counts more (the cue method: Edmundson, 1969)."""
_SUBJECT, _BEGINNING = 1.5, 60
"""What a sentence counts more whose first words, within so many characters, have a word of the title."""
_FIRST_LINES = 4
"""The lines of a form after which being among the first counts half."""
TAIL = 0.5
"""What the last sentence counts less than the first: appendices and exhibits come last."""


@dataclass(frozen=True, slots=True)
class ExtractiveSummary:
    """What a document says, in its own words."""

    document: Document
    headings: tuple[str, ...]
    """Of its main sections, in order; () for a document of fewer than two."""
    extracts: tuple[Extract, ...]
    """In the document's order; sentences, and lines where it has too few sentences."""


def summarise(
    passages: Sequence[Passage], most: int = MOST_SENTENCES, question: str = "", *, most_of_form: int = 0
) -> ExtractiveSummary:
    """The summary of one document of at least one passage, in a second at most for a book.

    At most `most` extracts, or `most_of_form` of a form or table where that is more; with a `question`, those that are
    near to it.
    """
    title = passages[0].document.title
    considered = _spread(passages)
    every = [list(sentences_of(passage)) for passage in considered]
    prose = _characters(chain.from_iterable(every)) / (sum(len(passage.text) for passage in considered) or 1)
    sentences = _first_ones(every)
    lines = _lines(considered, sentences) if _is_form(sentences, prose) else []
    most = max(most, most_of_form) if lines else most
    wanted = most if not lines else min(round(most * prose), len(sentences))
    chosen = _central(sentences, wanted, title, question)
    chosen += _telling(lines, most - len(chosen), question)
    chosen.sort(key=_position)
    return ExtractiveSummary(passages[0].document, tuple(_main_headings(passages)), tuple(chosen))


def outline(passages: Sequence[Passage]) -> list[tuple[int, str, Passage]]:
    """The headings of a document with their depth from 0 and the first passage below each, in order."""
    found: list[tuple[int, str, Passage]] = []
    seen: set[tuple[str, ...]] = set()
    title = passages[0].document.title if passages else ""
    for passage in passages:
        path = tuple(heading for heading in passage.headings if heading != title)
        for depth in range(len(path)):
            if path[: depth + 1] not in seen and reads_like_a_title(path[depth]):
                found.append((depth, path[depth], passage))
            seen.add(path[: depth + 1])
    return found


def _main_headings(passages: Sequence[Passage]) -> list[str]:
    headings = outline(passages)
    for depth in sorted({depth for depth, _, _ in headings}):
        names = list(dict.fromkeys(name for each, name, _ in headings if each == depth))
        if len(names) > 1:
            return names
    return []


def _is_form(sentences: Sequence[Extract], prose: float) -> bool:
    """Whether a document is a form, a table or code, whose lines tell more.

    `prose` is the share of its text in sentences.
    """
    different = len({fold(each.text) for each in sentences})
    return different < _FEW or prose < _SOME_PROSE or (different < _ENOUGH and prose < _MOSTLY_PROSE)


def _first_ones(every: Sequence[Sequence[Extract]]) -> list[Extract]:
    """The sentences of each passage; where they are too many, beyond the beginning only the first ones."""
    for depth in range(_DEEPEST, 0, -1):
        found = [each for n, row in enumerate(every) for each in (row if n < _OPENING else row[:depth])]
        if len(found) <= MOST_RANKED:
            return found
    return [each for row in every for each in row[:1]][:MOST_RANKED]


def _spread(passages: Sequence[Passage]) -> list[Passage]:
    """At most as many passages as sentences can be ranked: the beginning, then each one after as many others."""
    rest = passages[_OPENING:]
    step = max(1, -(-len(rest) // (MOST_RANKED // 2)))
    return [*passages[:_OPENING], *rest[::step]]


def _central(sentences: Sequence[Extract], most: int, title: str, question: str) -> list[Extract]:
    subject = frozenset(analyse(title).units)
    weights = [
        each.weight * _cue(each.passage) * (1 - TAIL * n / len(sentences)) * _defines(each, subject)
        for n, each in enumerate(sentences)
    ]
    ranking = rank([each.text for each in sentences], weights, title=title, question=question)
    return [sentences[n] for n in ranking.choose(most, [each.passage.ordinal for each in sentences])]


def _defines(sentence: Extract, subject: frozenset[str]) -> float:
    """More for a sentence that begins with what the title names: "Groundwork is …"."""
    return _SUBJECT if subject.intersection(analyse(sentence.text[:_BEGINNING]).units[:3]) else 1.0


def _cue(passage: Passage) -> float:
    return _CUE if passage.headings and passage.headings[-1].casefold().strip(":. ") in _SUMMARY_HEADINGS else 1.0


def _lines(passages: Sequence[Passage], sentences: Sequence[Extract]) -> list[Extract]:
    """The lines outside of these sentences."""
    taken = {(each.passage.ordinal, n) for each in sentences for n in range(each.start, each.end)}
    every = (each for passage in passages[:_OPENING] for each in lines_of(passage))
    return list(islice((each for each in every if (each.passage.ordinal, each.start) not in taken), MOST_RANKED))


def _telling(lines: Sequence[Extract], most: int, question: str) -> list[Extract]:
    """The lines of the greatest weight, one of each label; more for the first ones, and for words of the question."""
    asked = frozenset(analyse(question).units)
    once = sorted({_letters(each.text): each for each in reversed(lines)}.values(), key=_position)
    weights = [
        each.weight + 1 / (1 + n / _FIRST_LINES) + len(asked.intersection(analyse(each.text).units))
        for n, each in enumerate(once)
    ]
    return [once[n] for n in sorted(range(len(once)), key=lambda n: -weights[n])[: max(0, most)]]


def _position(extract: Extract) -> tuple[int, int]:
    return extract.passage.ordinal, extract.start


def _letters(text: str) -> str:
    """The text but for its numbers; all of it where it has nothing else."""
    folded = fold(text)
    return "".join(filter(str.isalpha, folded)) or folded


def _characters(extracts: Iterable[Extract]) -> int:
    return sum(each.end - each.start for each in extracts)
