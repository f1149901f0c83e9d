"""Which documents there are: the numbers, folders and titles that such a question is answered with."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePath
from typing import Literal

from rag.intent.catalogue_phrases import PHRASES, CataloguePhrases
from rag.intent.word_sets import HOW_MANY, TASKS, WordSet
from rag.intent.wording import Wording
from rag.text.markdown import plain

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

    name: str
    """With its folder inside the library folder."""
    title: str = ""
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
        newest = (document.title or document.name for folder in self.folders for document in folder.newest)
        return tuple(dict.fromkeys(newest))


def catalogue_answer(catalogue: Catalogue, question: str, language: str = "") -> str:
    """The answer to "which documents do you have", "how many", "what is new" or "what are they about", as Markdown.

    In the language of this ISO 639-1 code where it is one of `PHRASES`, else in English; some 30 lines at most.
    """
    phrases = PHRASES.get(language, PHRASES["en"])
    if not catalogue.documents and not catalogue.files:
        return phrases.empty
    kind = _asked(question)
    sections = [_library(catalogue, kind, phrases)] if catalogue.documents or kind != "list" else []
    if catalogue.files:
        sections.insert(0, _files(catalogue, phrases))
    return "\n\n".join(sections)


def _asked(question: str) -> Literal["list", "count", "new", "topics"]:
    wording = Wording(question)
    if wording.has(_NEW):
        return "new"
    if wording.has(HOW_MANY):
        return "count"
    return "topics" if wording.has(TASKS["about"], _TOPICS) else "list"


def _files(catalogue: Catalogue, phrases: CataloguePhrases) -> str:
    """The chat's own, which are few."""
    counted = phrases.counted(phrases.files, len(catalogue.files))
    return f"{counted}\n\n{_lines(catalogue.files, len(catalogue.files), _MOST_FILES, phrases)}"


def _library(catalogue: Catalogue, kind: str, phrases: CataloguePhrases) -> str:
    counted = phrases.counted(phrases.library, catalogue.documents)
    if kind == "new":
        newest = sorted((d for folder in catalogue.folders for d in folder.newest), key=_read_at, reverse=True)
        return f"{counted} {phrases.newest}\n\n" + "\n".join(_dated(document) for document in newest[:_MOST_NEW])
    if kind == "count":
        return "\n\n".join([counted, *_folder_lines(catalogue.folders, phrases)])
    introduction = f"{counted} {phrases.topics}" if kind == "topics" else counted
    return "\n\n".join([introduction, *_folder_lists(catalogue.folders, phrases)])


def _folder_lines(folders: Sequence[CatalogueFolder], phrases: CataloguePhrases) -> list[str]:
    """How many are in each, where there are several."""
    if len(folders) < 2:
        return []
    lines = [f"- {_heading(folder, phrases)}" for folder in folders[:MOST_LINES]]
    if len(folders) > MOST_LINES:
        lines.append(f"- {_more(len(folders) - MOST_LINES, phrases)}")
    return ["\n".join(lines)]


def _folder_lists(folders: Sequence[CatalogueFolder], phrases: CataloguePhrases) -> list[str]:
    """The first documents of each, where there is room for some."""
    each = MOST_LINES // max(1, len(folders))
    if each < _LEAST_LINES:
        return _folder_lines(folders, phrases)
    return [
        f"{_heading(folder, phrases)}\n\n{_lines(folder.listed, folder.documents, each, phrases)}"
        for folder in folders
        if folder.documents
    ]


def _lines(documents: Sequence[CatalogueDocument], count: int, most: int, phrases: CataloguePhrases) -> str:
    shown = documents[:most]
    lines = [f"- {_named(document)}" for document in shown]
    if count > len(shown):
        lines.append(f"- {_more(count - len(shown), phrases)}")
    return "\n".join(lines)


def _heading(folder: CatalogueFolder, phrases: CataloguePhrases) -> str:
    return f"**{plain(folder.name)}** · {phrases.counted(phrases.documents, folder.documents)}"


def _more(count: int, phrases: CataloguePhrases) -> str:
    return phrases.counted((phrases.more,), count)


def _named(document: CatalogueDocument) -> str:
    """ "Privacy (guides/privacy.md)", or the name alone where the title is no other."""
    title = " ".join(document.title.split())
    name = plain(document.name)
    if not title or title in (document.name, PurePath(document.name).stem):
        return name
    short = title if len(title) <= _MOST_TITLE else f"{title[:_MOST_TITLE].rstrip()}…"
    return f"{plain(short)} ({name})"


def _dated(document: CatalogueDocument) -> str:
    day = f" · {document.read_at.date().isoformat()}" if document.read_at else ""
    return f"- {_named(document)}{day}"


def _read_at(document: CatalogueDocument) -> float:
    return document.read_at.timestamp() if document.read_at else 0.0
