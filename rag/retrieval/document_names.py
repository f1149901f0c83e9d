"""What documents are called, cut to the forms by which a question can name them.

A document has up to four names: its file's, the same with its folders, its title, and the title before a colon. Each is
cut as people write it: `3M_2018_10K.pdf` is 3m, 2018, 10k; `FY2018` is fy, 2018; `AutoGen` is auto, gen. Neighbours are
also joined, and initials taken, so that "10-K" finds `10K`, "General Mills" `GENERALMILLS` and "R&D" `research-and-
development`; these are the name's forms.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

from rag.text.analysis import STOP_WORDS, analyse, fold
from rag.types import Document

_INITIALS, _JOINED = (2, 6), 3
_MOST_CHARACTERS = 4_000
"""Of a question; what is longer was pasted, and its end names nothing."""

_TOKEN = re.compile(r"[^\W_]+")
_RUN = re.compile(r"[^\W\d_]+|\d+")
_POSSESSIVE = re.compile(r"['’]s\b")
_FISCAL_YEAR = re.compile(r"fy(\d\d)")
_ACRONYM = re.compile(r"\b(?:[A-ZА-ЯČŠŽ]{2,6}|[A-ZА-Я][n&][A-ZА-Я])\b")
_QUOTED = re.compile(r"[\"“„«»‘'`]([^\"“”„«»‘’'`]{2,200})[\"”“»«’'`]")
ACRONYM_MARK = "^"
"""Before a form of initials, which is no word."""


@dataclass(frozen=True, slots=True)
class DocumentName:
    """One name of a document."""

    units: tuple[str, ...]
    """Its words, stemmed, and numbers, in order; in scripts without spaces, its bigrams."""
    forms: tuple[tuple[str, tuple[int, ...]], ...]
    """By what it can be met, each with the positions of the units that it stands for."""
    whole: bool = True
    """False for the part of a title before its colon: it may be all that people say, or a mere subject."""


@dataclass(frozen=True, slots=True)
class AskedNames:
    """What of a question may name a document."""

    text: str
    """Folded."""
    units: tuple[str, ...]
    forms: frozenset[str]
    quoted: frozenset[tuple[str, ...]]
    """The units of each part in quotation marks."""


def name_forms(document: Document) -> tuple[str, ...]:
    """All forms of a document's names, each once, sorted: what the field `names` of its passages holds."""
    return _forms_of(document.name, document.title)


@lru_cache(maxsize=10_000)
def names_of(name: str, title: str) -> tuple[DocumentName, ...]:
    """The names of a document with this file name, which has its folders, and this title; each once."""
    path = PurePosixPath(name)
    whole = (path.stem, f"{' '.join(path.parts[:-1])} {path.stem}", title)
    pieces = {tuple(_pieces(text[:_MOST_CHARACTERS])): True for text in whole}
    pieces.setdefault(tuple(_pieces(title.partition(":")[0][:_MOST_CHARACTERS])), False)
    return tuple(
        DocumentName(_units(each), (*_joined(each), *_initials(each)), is_whole)
        for each, is_whole in pieces.items()
        if _units(each)
    )


def asked_names(question: str) -> AskedNames:
    """What of a question may name a document."""
    text = question[:_MOST_CHARACTERS]
    pieces = _pieces(text)
    forms = {form for form, _ in _joined(pieces)}
    if not text.isupper() or len(text.split()) == 1:  # where all is upper case, nothing is an acronym
        forms |= {ACRONYM_MARK + fold(re.sub("[n&]", "", found)) for found in _ACRONYM.findall(text)}
    quoted = frozenset(_units(_pieces(part)) for part in _QUOTED.findall(text))
    return AskedNames(fold(text), _units(pieces), frozenset(forms), quoted)


@lru_cache(maxsize=2_000)
def _forms_of(name: str, title: str) -> tuple[str, ...]:
    return tuple(sorted({form for each in names_of(name, title) for form, _ in each.forms}))


def _pieces(text: str) -> list[str]:
    """The words and numbers of a name or a question, folded; those that carry no meaning are left out."""
    tokens = _TOKEN.findall(_POSSESSIVE.sub("", text))
    pieces = (piece for token in tokens for part in _camel_parts(token) for piece in _runs(fold(part)))
    return [piece for piece in pieces if piece not in STOP_WORDS]


def _camel_parts(token: str) -> list[str]:
    """ "AutoGen" as "Auto", "Gen"; "PDFReader" as "PDF", "Reader"."""
    cuts = [
        n
        for n in range(1, len(token))
        if token[n].isupper()
        and (token[n - 1].islower() or (token[n - 1].isupper() and token[n + 1 : n + 2].islower()))
    ]
    return [token[start:end] for start, end in zip([0, *cuts], [*cuts, len(token)], strict=True)]


def _runs(part: str) -> Iterator[str]:
    """Letters and digits of a folded word apart, unless both are short: "2023q2" as "2023", "q2"."""
    if year := _FISCAL_YEAR.fullmatch(part):
        yield from ("fy", f"20{year[1]}")
        return
    short = ""
    for run in _RUN.findall(part):
        if len(run) > (3 if run.isdigit() else 2):
            yield from filter(None, (short, run))
            short = ""
        else:
            short += run
    if short:
        yield short


def _units(pieces: Iterable[str]) -> tuple[str, ...]:
    return tuple(unit for piece in pieces for unit in _analysed(piece))


@lru_cache(maxsize=20_000)
def _analysed(piece: str) -> tuple[str, ...]:
    """A piece's search term, or its bigrams in scripts without spaces."""
    return analyse(piece).units


def _joined(pieces: Sequence[str]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Each piece, and up to three neighbours as one word, with the units that they stand for."""
    ends = [0]
    for piece in pieces:
        ends.append(ends[-1] + len(_analysed(piece)))
    for start, piece in enumerate(pieces):
        for n, unit in enumerate(_analysed(piece), ends[start]):
            yield unit, (n,)
        for end in range(start + 2, min(start + _JOINED, len(pieces)) + 1):
            if not all(map(str.isdigit, pieces[start:end])):
                form = _analysed("".join(pieces[start:end]))
                if len(form) == 1:
                    yield form[0], tuple(range(ends[start], ends[end]))


def _initials(pieces: Sequence[str]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The first letters of words that stand side by side, as one form: "^sla" of a service level agreement."""
    if any(len(_analysed(piece)) != 1 for piece in pieces):
        return
    start = 0
    for end in range(len(pieces) + 1):
        if end == len(pieces) or not pieces[end].isalpha():
            if _INITIALS[0] <= end - start <= _INITIALS[1]:
                yield ACRONYM_MARK + "".join(piece[0] for piece in pieces[start:end]), tuple(range(start, end))
            start = end + 1
