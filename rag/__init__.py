"""Groundwork: a private knowledge chat that answers from your own documents, with every claim cited.

As a library it opens a folder of documents, answers questions about them, and checks any text against passages. Each
name below is imported when it is first used, so that `import rag` is cheap.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rag import errors
    from rag.escalation.policy import Policy
    from rag.events import Decided, Delta, Finished, Notice, Retrieved, Stage, TurnEvent
    from rag.generation.chat_model import ChatModel, GenerationLimits, ModelSet
    from rag.generation.extractive import ExtractiveModel
    from rag.generation.foundry.model import FoundryModel
    from rag.generation.foundry.runtime import FoundryRuntime
    from rag.generation.openai_model import OpenAIModel
    from rag.grounding.check import GroundingReport, SentenceGrounding, check_grounding
    from rag.ingestion.reader import ReadDocument, Reader
    from rag.library.library import Library
    from rag.retrieval.index import PassageIndex
    from rag.retrieval.memory_index import MemoryIndex
    from rag.retrieval.search import Searcher
    from rag.retrieval.synonyms import Synonyms
    from rag.retrieval.tantivy_index import TantivyIndex
    from rag.turn.answer import answer, ask
    from rag.turn.state import Budget
    from rag.types import (
        Citation,
        Decision,
        Document,
        Exchange,
        Generation,
        Hit,
        Passage,
        SearchResult,
        Timings,
        Turn,
        Usage,
    )

__version__ = "0.1.0"

__all__ = [
    "Budget",
    "ChatModel",
    "Citation",
    "Decided",
    "Decision",
    "Delta",
    "Document",
    "Exchange",
    "ExtractiveModel",
    "Finished",
    "FoundryModel",
    "FoundryRuntime",
    "Generation",
    "GenerationLimits",
    "GroundingReport",
    "Hit",
    "Library",
    "MemoryIndex",
    "ModelSet",
    "Notice",
    "OpenAIModel",
    "Passage",
    "PassageIndex",
    "Policy",
    "ReadDocument",
    "Reader",
    "Retrieved",
    "SearchResult",
    "Searcher",
    "SentenceGrounding",
    "Stage",
    "Synonyms",
    "TantivyIndex",
    "Timings",
    "Turn",
    "TurnEvent",
    "Usage",
    "answer",
    "ask",
    "check_grounding",
    "errors",
]

_MODULES = {
    "Budget": "turn.state",
    "ChatModel": "generation.chat_model",
    "Decided": "events",
    "Delta": "events",
    "ExtractiveModel": "generation.extractive",
    "Finished": "events",
    "FoundryModel": "generation.foundry.model",
    "FoundryRuntime": "generation.foundry.runtime",
    "GenerationLimits": "generation.chat_model",
    "GroundingReport": "grounding.check",
    "Library": "library.library",
    "MemoryIndex": "retrieval.memory_index",
    "ModelSet": "generation.chat_model",
    "Notice": "events",
    "OpenAIModel": "generation.openai_model",
    "PassageIndex": "retrieval.index",
    "Policy": "escalation.policy",
    "ReadDocument": "ingestion.reader",
    "Reader": "ingestion.reader",
    "Retrieved": "events",
    "Searcher": "retrieval.search",
    "SentenceGrounding": "grounding.check",
    "Stage": "events",
    "Synonyms": "retrieval.synonyms",
    "TantivyIndex": "retrieval.tantivy_index",
    "TurnEvent": "events",
    "answer": "turn.answer",
    "ask": "turn.answer",
    "check_grounding": "grounding.check",
}
"""Where a name is defined; those that are not here are in `rag.types`."""


def __getattr__(name: str) -> object:
    if name == "errors":
        return import_module("rag.errors")
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_MODULES.get(name, 'types')}"), name)
    globals()[name] = found  # so that it is looked up once
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
