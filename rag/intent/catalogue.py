"""Which documents there are: the numbers, folders and titles that such a question is answered with."""

from dataclasses import dataclass, field
from datetime import datetime


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


def catalogue_answer(catalogue: Catalogue, question: str) -> str:
    """The answer to a question such as "which documents do you have", as Markdown."""
    lines = [f"The library holds {catalogue.documents} documents."]
    for folder in catalogue.folders:
        lines.append(f"**{folder.name}** · {folder.documents}")
        lines.extend(f"- {document.title or document.name} ({document.name})" for document in folder.listed)
    return "\n".join(lines)
