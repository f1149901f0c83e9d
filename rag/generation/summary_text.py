"""Summaries without a model as text for a person, cited and in the person's language."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from rag.generation.extractive_summary import ExtractiveSummary, outline, summarise
from rag.types import Document, Hit, Passage, WholeRequest

MOST_DOCUMENTS = 20
"""In one answer."""
ABOUT_SENTENCES = 3
"""Answer what a document is about, unless a person asks for more."""
_FORM_LINES = 5
"""Say what a form is about, since they are short."""
MOST_EXTRACTS = 50
"""Whatever a person asks for."""
_MOST_WITH_SECTIONS = 3
"""Documents; of more, each has its sentences only."""
_MOST_HEADINGS, _MOST_OUTLINED = 8, 40
"""That a summary names, and that an outline has."""

_UNBALANCED = str.maketrans({"*": None, "`": None, "~": None, "[": "(", "]": ")", "<": "‹", ">": "›", "|": "/"})
_BLOCK_MARK = re.compile(r"\A(\d*)(?=>|[#+*-]+\s|---|===|(?<=\d)[.)]\s)")
_ESCAPED = r"\1\\"
"""Where an escape keeps the beginning of a line from being a heading, a quote or a list of its own."""


@dataclass(frozen=True, slots=True)
class _Phrases:
    """What the house says around quotes, in one language."""

    sections: str
    more: str
    read: str
    """Of sections, how many of how many were read."""
    documents: str
    no_translation: str


_PHRASES = {
    "en": _Phrases(
        "Sections",
        "and {} more",
        "From {} of {} sections.",
        "From {} of {} documents.",
        "There is no model here that could translate. In its own language it says:",
    ),
    "es": _Phrases(
        "Secciones",
        "y {} más",
        "Secciones leídas: {} de {}.",
        "Documentos leídos: {} de {}.",
        "Aquí no hay ningún modelo que pueda traducir. En su propio idioma dice:",
    ),
    "pt": _Phrases(
        "Seções",
        "e mais {}",
        "Seções lidas: {} de {}.",
        "Documentos lidos: {} de {}.",
        "Não há aqui um modelo que possa traduzir. Na sua própria língua diz:",
    ),
    "ru": _Phrases(
        "Разделы",
        "и ещё {}",
        "Прочитано разделов: {} из {}.",
        "Прочитано документов: {} из {}.",
        "Здесь нет модели, которая могла бы перевести. На языке оригинала сказано:",
    ),
    "sl": _Phrases(
        "Poglavja",
        "in še {}",
        "Prebranih odsekov: {} od {}.",
        "Prebranih dokumentov: {} od {}.",
        "Tu ni modela, ki bi lahko prevajal. V svojem jeziku pravi:",
    ),
    "de": _Phrases(
        "Abschnitte",
        "und {} weitere",
        "Gelesene Abschnitte: {} von {}.",
        "Gelesene Dokumente: {} von {}.",
        "Hier gibt es kein Modell, das übersetzen könnte. In der eigenen Sprache steht dort:",
    ),
    "fr": _Phrases(
        "Sections",
        "et {} de plus",
        "Sections lues : {} sur {}.",
        "Documents lus : {} sur {}.",
        "Aucun modèle ne peut traduire ici. Dans sa propre langue, le texte dit :",
    ),
}


@dataclass(frozen=True, slots=True)
class CitedText:
    """A text whose marks [n] point at hits."""

    text: str
    hits: tuple[Hit, ...]
    """`hits[0]` is [1]."""
    coverage: str = ""
    """A sentence about how much was read; "" when it was all."""


@dataclass(slots=True)
class _Marks:
    """Numbers for passages, in the order in which they are first cited."""

    numbers: dict[str, int] = field(default_factory=dict[str, int])
    hits: list[Hit] = field(default_factory=list[Hit])

    def mark(self, passage: Passage) -> str:
        if passage.id not in self.numbers:
            self.hits.append(Hit(passage, 0.0, 1.0))
            self.numbers[passage.id] = len(self.hits)
        return f"[{self.numbers[passage.id]}]"


def extractive_answer(request: WholeRequest, documents: Sequence[Sequence[Passage]]) -> CitedText:
    """What the documents say in their own words: for each its name, its sentences, and the names of its sections.

    Each document has at least one passage. The sentences that were asked for are shared out among the documents, of
    which each has one at least; of more than `MOST_DOCUMENTS` the rest is left out.
    """
    marks = _Marks()
    shown = documents[:MOST_DOCUMENTS]
    blocks = [
        "\n".join(_block(request, passages, most, marks, with_sections=len(shown) <= _MOST_WITH_SECTIONS))
        for passages, most in zip(shown, _shares(_most(request), len(shown)), strict=True)
    ]
    if request.task == "translate":
        blocks.insert(0, _phrases(request.language).no_translation)
    coverage = coverage_sentence("documents", len(shown), len(documents), request.language)
    return CitedText("\n\n".join(blocks), tuple(marks.hits), coverage)


def coverage_sentence(what: Literal["sections", "documents"], read: int, of: int, language: str) -> str:
    """The sentence that says how many of them were read; "" when it was all."""
    phrases = _phrases(language)
    return (phrases.read if what == "sections" else phrases.documents).format(read, of) if read < of else ""


def bullet(text: str, mark: str) -> str:
    """One item of a list, with its mark; what would begin a block of Markdown in it does not."""
    return f"- {_BLOCK_MARK.sub(_ESCAPED, text)} {mark}"


def _phrases(language: str) -> _Phrases:
    return _PHRASES.get(language[:2].lower(), _PHRASES["en"])


def _most(request: WholeRequest) -> int:
    most = ABOUT_SENTENCES if request.task == "about" and request.most_sentences == 5 else request.most_sentences
    return max(1, min(most, MOST_EXTRACTS))


def _shares(most: int, documents: int) -> list[int]:
    """The first documents get one more where it does not come out even."""
    each, rest = divmod(most, documents or 1)
    return [max(1, each + (n < rest)) for n in range(documents)]


def _block(
    request: WholeRequest, passages: Sequence[Passage], most: int, marks: _Marks, *, with_sections: bool
) -> Iterator[str]:
    phrases = _phrases(request.language)
    yield _heading(passages[0].document)
    yield ""
    if request.task == "outline" and len(headings := outline(passages)) > 1:
        for depth, name, passage in headings[:_MOST_OUTLINED]:
            yield "  " * depth + bullet(_plain(name), marks.mark(passage))
        return
    question = request.question if request.task == "question" else ""
    summary = summarise(passages, most, question, most_of_form=_FORM_LINES if request.task == "about" else 0)
    for extract in summary.extracts:
        yield bullet(extract.text, marks.mark(extract.passage))
    if sections := _sections(summary, phrases) if with_sections else "":
        yield f"\n{sections}"


def _heading(document: Document) -> str:
    title = _plain(document.title)
    return f"**{title}** ({_plain(document.name)})" if title else f"**{_plain(document.name)}**"


def _sections(summary: ExtractiveSummary, phrases: _Phrases) -> str:
    names = [_plain(heading) for heading in summary.headings]
    if not names:
        return ""
    rest = len(names) - _MOST_HEADINGS
    more = [phrases.more.format(rest)] if rest > 0 else []
    return f"{phrases.sections}: {' · '.join([*names[:_MOST_HEADINGS], *more])}"


def _plain(text: str) -> str:
    """A name, which may come from a document, without what Markdown would take for markup."""
    return " ".join(text.translate(_UNBALANCED).split())
