"""Which documents a question names, and how surely."""

import re
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from pathlib import PurePosixPath

from rag.retrieval.document_names import ACRONYM_MARK, AskedNames, DocumentName, names_of
from rag.retrieval.index import Statistics
from rag.text.analysis import fold
from rag.types import Document

LEAST_SCORE = 0.475
"""A document with a lower score is not taken for named. Tuned with the next two on the 63 questions of reports and
on about 100 each of scifact, squad, stackfaq and xquad en: document@5 of reports .40 → .86 (benchmarks/reports)."""
ALONGSIDE = 0.35
"""The least score of a document beside one that is named; as high as the other, stackfaq loses .002 nDCG@10."""
ENOUGH = 0.8
"""The share of a name that is as good as all of it: "3M 2018" for `3M_2018_10K`."""
PRIOR_PASSAGES = 10
"""A word is a name as far as the passages that hold it stand in documents called so, beside so many that do not: a word
in few passages proves nothing."""

WHOLE = 0.8
"""The share of a name of ordinary words with which a document comes back, whatever its score."""
_NO_PROSE = re.compile(r"_|[-. ].*[-. ]")
"""In a file's stem: nobody writes so but to name the file."""


@dataclass(frozen=True, slots=True)
class NameStatistics:
    """How far some forms are names, over all indexes."""

    documents: Statistics
    """How many documents are called so."""
    passages: Statistics
    """How many passages have the form as a word."""
    own: Statistics
    """How many of these are of documents that are called so."""

    def specificity(self, form: str) -> float:
        """[0, 1]: how surely a text that has the word speaks of a document called so; 1 for what no text has."""
        passages = self.passages.containing.get(form, 0)
        return self.own.containing.get(form, 0) / (passages + PRIOR_PASSAGES) if passages else 1.0


@dataclass(frozen=True, slots=True)
class NamedDocument:
    """A document that a question names."""

    document_id: str
    share: float
    """[0, 1]: how much of its name the question has, by the idf of the name's words over documents."""
    exact: bool
    """Whether its file's name, or a title that is no ordinary phrase, is written out."""
    score: float
    """[0, 1]: the share, times how surely its words are a name here; 1 where it is exact."""


def named_documents(
    asked: AskedNames, candidates: Iterable[Document], statistics: NameStatistics
) -> list[NamedDocument]:
    """Those of the candidates that are named, the surest first."""
    found: list[NamedDocument] = []
    for document in candidates:
        share, score = _best_match(document, asked, statistics)
        exact = _is_written_out(document, asked)
        found.append(NamedDocument(document.id, share, exact, 1.0 if exact else score))
    best = max((each.score for each in found), default=0.0)
    least = ALONGSIDE if best >= LEAST_SCORE else LEAST_SCORE
    found = [each for each in found if each.exact or each.score >= least or each.share >= WHOLE]
    return sorted(found, key=lambda each: (-each.exact, -each.score, -each.share, each.document_id))


def words_asked(asked: AskedNames, candidates: Iterable[Document]) -> set[str]:
    """The words of these documents' names that a question uses, or means by their initials."""
    names = (name for each in candidates for name in names_of(each.name, each.title) if name.whole)
    return {word for name in names for word in _words(name, asked)}


def _words(name: DocumentName, asked: AskedNames) -> set[str]:
    """The words of a name that a question uses; what is two words here and there is no third one."""
    found = {form for form, covered in name.forms if form in asked.forms and len(covered) == 1}
    for form, covered in name.forms:
        units = {name.units[n] for n in covered}
        if form in asked.forms and not units <= asked.forms:
            found |= units if form.startswith(ACRONYM_MARK) else {form}
    return found


def _best_match(document: Document, asked: AskedNames, statistics: NameStatistics) -> tuple[float, float]:
    """The share and the score of the names of which the question has most."""
    shares, scores = [0.0], [0.0]
    for name in names_of(document.name, document.title):
        met = {n for form, covered in name.forms if form in asked.forms for n in covered}
        if met and _distinguishes(name, statistics.documents):
            share = _share(name, met, statistics.documents)
            sure = max(map(statistics.specificity, _words(name, asked))) if name.whole else 0.0
            shares.append(share)
            scores.append(sure * min(1.0, share / ENOUGH))
    return max(shares), max(scores)


def _share(name: DocumentName, covered: Set[int], documents: Statistics) -> float:
    masses = {unit: documents.idf(unit) for unit in name.units}
    return sum(masses[unit] for unit in {name.units[n] for n in covered}) / sum(masses.values())


def _distinguishes(name: DocumentName, documents: Statistics) -> bool:
    """Whether it has a word or a year, and not only what more than half of the documents are called."""
    most = max(documents.passages / 2, 1)
    speaking = any(len(unit) > 1 and not (unit.isdigit() and len(unit) < 4) for unit in name.units)
    return speaking and any(documents.containing.get(unit, 0) <= most for unit in name.units)


def _is_written_out(document: Document, asked: AskedNames) -> bool:
    """Whether a question has the file's name with its ending, or a name or title as ordinary prose has none."""
    path = PurePosixPath(fold(document.name))
    if path.suffix and _stands_in(path.name, asked.text):
        return True
    if _NO_PROSE.search(path.stem) and not path.stem.isdigit() and _stands_in(path.stem, asked.text):
        return True
    return any(
        name.units in asked.quoted or (name.whole and _is_no_phrase(name.units) and _follow(name.units, asked.units))
        for name in names_of(document.name, document.title)
    )


def _is_no_phrase(units: Sequence[str]) -> bool:
    """Four words in a row, or three with a number: what a question rarely has by chance."""
    return len(units) > 3 or (len(units) > 2 and any(char.isdigit() for unit in units for char in unit))


def _follow(name: Sequence[str], units: Sequence[str]) -> bool:
    """Whether the units of a name stand one after the other among these."""
    return any(tuple(units[n : n + len(name)]) == tuple(name) for n in range(len(units) - len(name) + 1))


def _stands_in(name: str, text: str) -> bool:
    """Whether a text holds a name, not as a part of a longer word."""
    start = text.find(name)
    while start >= 0:
        before, after = text[start - 1 : start], text[start + len(name) : start + len(name) + 1]
        if not ((before.isalnum() and before.isascii()) or (before in ("_", "-") and before)) and not after.isalnum():
            return True
        start = text.find(name, start + 1)
    return False
