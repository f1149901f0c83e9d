"""Which documents there are: the numbers, folders and titles that such a question is answered with."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePath
from typing import Literal

from rag.intent.catalogue_phrases import PHRASES, CataloguePhrases
from rag.intent.word_sets import FOLDER, HOW_MANY, TASKS, WordSet
from rag.intent.wording import Wording
from rag.text.markdown import plain
from rag.types import Document

MOST_LINES = 30
"""Documents of the library that are listed."""
_LEAST_LINES = 3
"""Of a folder; where less room is left for each, only their numbers are given."""
_MOST_FILES = 20
_MOST_NEW = 10
_MOST_TITLE = 100
"""Characters."""
_TOPICS = WordSet("topics subjects temas temos темы тем темах teme themen thèmes sujets")
_NEW = WordSet(
    "new newest recent recently added latest",
    "nuevo nuevos nueva nuevas reciente* último* última*",
    "novo novos nova novas recente*",
    "новое новые новых новый недавн* послед*",
    "novega novo nova nove novi najnovejš* nedavn* zadnj*",
    "neu neue neues neuen neueste* zuletzt kürzlich",
    "nouveau nouveaux nouvelle nouvelles récent*",
)


@dataclass(frozen=True, slots=True)
class CatalogueDocument:
    """A document as a catalogue lists it."""

    document: Document
    read_at: datetime | None = None
    """When its present content was read; None where that is not known."""


@dataclass(frozen=True, slots=True)
class CatalogueFolder:
    """A folder of the library."""

    name: str
    documents: int
    """How many it holds; `listed` and `newest` may be fewer."""
    listed: tuple[CatalogueDocument, ...] = ()
    """The first by name."""
    newest: tuple[CatalogueDocument, ...] = ()
    """Those that were read last, newest first."""
    subfolders: Mapping[str, int] = field(default_factory=dict[str, int])
    """How many documents lie directly in each folder below, by path; "" is the folder itself."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What a chat can be asked about."""

    folders: tuple[CatalogueFolder, ...] = ()
    files: tuple[CatalogueDocument, ...] = field(default=())
    """The chat's own."""

    @property
    def documents(self) -> int:
        """How many the library holds."""
        return sum(folder.documents for folder in self.folders)

    @property
    def titles(self) -> tuple[str, ...]:
        """Some titles of documents, the newest first, each once."""
        newest = (each.document.title or each.document.name for folder in self.folders for each in folder.newest)
        return tuple(dict.fromkeys(newest))

    @property
    def folder_counts(self) -> dict[str, int]:
        """How many documents are in each folder or below it, by its path: "handbook", "handbook/contracts"."""
        counts: dict[str, int] = {}
        for folder in self.folders:
            counts[folder.name] = folder.documents
            for path, count in folder.subfolders.items():
                parts = path.split("/") if path else []
                for end in range(1, len(parts) + 1):
                    name = "/".join((folder.name, *parts[:end]))
                    counts[name] = counts.get(name, 0) + count
        return counts


@dataclass(frozen=True, slots=True)
class CatalogueAnswer:
    """The answer to a question about which documents there are."""

    text: str
    """Markdown, some 30 lines at most."""
    documents: tuple[Document, ...] = ()
    """Those that it lists, in order."""


@dataclass(frozen=True, slots=True)
class _Section:
    """A sentence or a heading, and documents under it."""

    text: str
    documents: Sequence[CatalogueDocument] = ()
    more: int = 0
    """How many are not listed."""
    dated: bool = False


def catalogue_answer(catalogue: Catalogue, question: str, language: str = "") -> CatalogueAnswer:
    """The answer to "which documents do you have", "how many", "what is new", "which folders" or "about what".

    In the language of this ISO 639-1 code where it is one of `PHRASES`, else in English.
    """
    phrases = PHRASES.get(language, PHRASES["en"])
    if not catalogue.documents and not catalogue.files:
        return CatalogueAnswer(phrases.empty)
    kind = _asked(question)
    sections = list(_library(catalogue, kind, phrases)) if catalogue.documents or kind != "list" else []
    if catalogue.files and kind != "folders":
        counted = phrases.counted(phrases.files, len(catalogue.files))
        sections.insert(0, _listing(counted, catalogue.files, len(catalogue.files), _MOST_FILES))
    return _answer(sections, phrases)


def folder_answer(folder: CatalogueFolder, language: str = "") -> CatalogueAnswer:
    """The answer to "what is in the folder contracts": how many documents, and the first of them."""
    phrases = PHRASES.get(language, PHRASES["en"])
    return _answer(
        [_listing(_heading(folder.name, folder.documents, phrases), folder.listed, folder.documents)], phrases
    )


def _asked(question: str) -> Literal["list", "count", "new", "topics", "folders"]:
    wording = Wording(question)
    if wording.has(_NEW):
        return "new"
    if wording.has(FOLDER):
        return "folders"
    if wording.has(HOW_MANY):
        return "count"
    return "topics" if wording.has(TASKS["about"], _TOPICS) else "list"


def _library(catalogue: Catalogue, kind: str, phrases: CataloguePhrases) -> Iterator[_Section]:
    counted = phrases.counted(phrases.library, catalogue.documents)
    if kind == "new":
        newest = sorted((d for folder in catalogue.folders for d in folder.newest), key=_read_at, reverse=True)
        yield _Section(f"{counted} {phrases.newest}", newest[:_MOST_NEW], dated=True)
        return
    yield _Section(f"{counted} {phrases.topics}" if kind == "topics" else counted)
    each = MOST_LINES // max(1, len(catalogue.folders))
    if kind in ("count", "folders") or each < _LEAST_LINES:
        yield from _folder_counts(catalogue, phrases)
        return
    for folder in filter(lambda folder: folder.documents, catalogue.folders):
        yield _listing(_heading(folder.name, folder.documents, phrases), folder.listed, folder.documents, each)


def _folder_counts(catalogue: Catalogue, phrases: CataloguePhrases) -> Iterator[_Section]:
    """How many are in each, where there are several."""
    counts = catalogue.folder_counts
    lines = [f"- {_heading(name, count, phrases)}" for name, count in list(counts.items())[:MOST_LINES]]
    if len(counts) > MOST_LINES:
        lines.append(f"- {_more(len(counts) - MOST_LINES, phrases)}")
    if len(counts) > 1:
        yield _Section("\n".join(lines))


def _listing(text: str, documents: Sequence[CatalogueDocument], count: int, most: int = MOST_LINES) -> _Section:
    """The first of these; `count` is how many there are."""
    return _Section(text, documents[:most], count - len(documents[:most]))


def _answer(sections: Sequence[_Section], phrases: CataloguePhrases) -> CatalogueAnswer:
    listed = tuple(dict.fromkeys(each.document for section in sections for each in section.documents))
    return CatalogueAnswer("\n\n".join(_text(section, phrases) for section in sections), listed)


def _text(section: _Section, phrases: CataloguePhrases) -> str:
    lines = [_line(document, dated=section.dated) for document in section.documents]
    if section.more:
        lines.append(f"- {_more(section.more, phrases)}")
    return "\n\n".join(filter(None, (section.text, "\n".join(lines))))


def _heading(name: str, count: int, phrases: CataloguePhrases) -> str:
    return f"**{plain(name)}** · {phrases.counted(phrases.documents, count)}"


def _more(count: int, phrases: CataloguePhrases) -> str:
    return phrases.counted((phrases.more,), count)


def _line(listed: CatalogueDocument, *, dated: bool) -> str:
    """ "- Privacy (guides/privacy.md) · 2026-03-02", or the file's name alone where the title is no other."""
    title, name = " ".join(listed.document.title.split()), listed.document.name
    short = title if len(title) <= _MOST_TITLE else f"{title[:_MOST_TITLE].rstrip()}…"
    named = f"{plain(short)} ({plain(name)})" if title and title not in (name, PurePath(name).stem) else plain(name)
    day = f" · {listed.read_at.date().isoformat()}" if dated and listed.read_at else ""
    return f"- {named}{day}"


def _read_at(listed: CatalogueDocument) -> float:
    return listed.read_at.timestamp() if listed.read_at else 0.0
