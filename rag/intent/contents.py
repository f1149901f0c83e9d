"""The folder of the library that a question names: "summarise the folder contracts"."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rag.intent.catalogue import Catalogue
from rag.intent.word_sets import FOLDER
from rag.intent.wording import Wording
from rag.text.analysis import fold
from rag.types import Document

_SEPARATORS = re.compile(r"[-_ ]+")


def _nothing(folder: str) -> Sequence[Document]:
    return ()


@dataclass(frozen=True, slots=True)
class Contents:
    """What a chat can be asked about. The calls may block for some milliseconds."""

    catalogue: Callable[[], Catalogue] = Catalogue
    documents_in: Callable[[str], Sequence[Document]] = _nothing
    """All documents in a folder of `Catalogue.folder_counts`, or below it."""
    languages: Callable[[], Sequence[str]] = tuple[str, ...]
    """ISO 639-1 codes of the main languages of the documents, the commonest first."""


@dataclass(frozen=True, slots=True)
class NamedFolder:
    """The folder that a question names."""

    name: str
    """As far as the question says it: "2024", "contracts/2024"."""
    documents: tuple[Document, ...]
    """Of all folders that are called so."""
    spans: tuple[tuple[int, int], ...]
    """Where its name and the word for a folder stand in the folded question."""


def named_folder(question: str, contents: Contents) -> NamedFolder | None:
    """The folder that a question with a word for "folder" names, by its path or the end of it; None where it is none.

    Of several names the longest counts; folders in different places that share it are taken together.
    """
    wording = Wording(question)
    words = tuple((word.start, word.end) for word in wording.words if word.text in FOLDER)
    if not words:
        return None
    name, span, paths = _longest_name(wording.folded, contents.catalogue().folder_counts, words)
    documents = dict.fromkeys(document for path in paths for document in contents.documents_in(path))
    return NamedFolder(name, tuple(documents), (span, *words)) if documents else None


def _longest_name(
    folded: str, paths: Iterable[str], without: Sequence[tuple[int, int]]
) -> tuple[str, tuple[int, int], list[str]]:
    """The longest end of any path that is written in the text, where it stands, and all paths that end so."""
    name, span, found = "", (0, 0), list[str]()
    for path in paths:
        parts = path.split("/")
        for end in ("/".join(parts[n:]) for n in range(len(parts))):
            at = _written_at(end, folded)
            if at and at not in without and len(end) >= len(name):
                found = [*found, path] if fold(end) == fold(name) else [path]
                name, span = end, at
                break
    return name, span, found


def _written_at(name: str, folded: str) -> tuple[int, int] | None:
    spelled = "[-_ ]+".join(map(re.escape, _SEPARATORS.split(fold(name))))
    match = re.search(rf"(?<!\w){spelled}(?!\w)", folded)
    return match.span() if match else None
