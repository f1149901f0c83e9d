"""A model with a queue of replies, and passages to ask about; no mocks."""

from collections.abc import Sequence

from rag.retrieval.memory_index import MemoryIndex
from rag.testing import FakeModel
from rag.testing import FakeReply as Reply
from rag.types import Document, Passage

__all__ = ["FakeModel", "Reply", "index_of", "passages"]


def index_of(*texts: str, name: str = "guide.md", title: str = "Guide", origin: str = "library") -> MemoryIndex:
    """An index of one document whose passages are the texts."""
    index = MemoryIndex()
    document = Document(name, title, origin)  # type: ignore[arg-type]
    index.put(document, passages(document, texts))
    return index


def passages(document: Document, texts: Sequence[str]) -> list[Passage]:
    """The texts as a document's passages, one after the other."""
    made, start = [], 0
    for ordinal, text in enumerate(texts):
        made.append(Passage(document, ordinal, text, start=start, end=start + len(text)))
        start += len(text) + 20  # as if a heading stood between: neighbours would be joined in a search
    return made
