"""A model with a queue of replies, and passages to ask about; no mocks."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

from rag.errors import ModelError
from rag.generation.chat_model import (
    Ended,
    GenerationLimits,
    Loading,
    ModelEvent,
    Opened,
    ReasoningDelta,
    Requested,
    TextDelta,
    Trimmed,
)
from rag.generation.prompt import Prompt
from rag.retrieval.memory_index import MemoryIndex
from rag.types import Document, Passage, Usage


@dataclass(frozen=True)
class Reply:
    """What the fake says next: its words one by one, then how it ends."""

    text: str = ""
    reasoning: str = ""
    finish_reason: str = "stop"
    error: ModelError | None = None
    """Raised after the words."""
    pause_s: float = 0.0
    """Before each word."""
    loads: bool = False
    """It is brought into memory first."""
    trims: int = 0
    """How many passages it drops, one at each try, until the prompt fits."""


@dataclass
class FakeModel:
    """A `ChatModel` that gives the queued replies in order and remembers what it was asked."""

    alias: str = "phi-4-mini"
    generates: bool = True
    prompts: list[Prompt] = field(default_factory=list)
    limits: list[GenerationLimits] = field(default_factory=list)
    closed_early: int = 0
    _queue: deque[Reply] = field(default_factory=deque)

    def enqueue(self, *replies: Reply | str | ModelError) -> "FakeModel":
        for reply in replies:
            if isinstance(reply, str):
                reply = Reply(reply)
            elif isinstance(reply, ModelError):
                reply = Reply(error=reply)
            self._queue.append(reply)
        return self

    async def stream(self, prompt: Prompt, limits: GenerationLimits) -> AsyncGenerator[ModelEvent]:
        self.prompts.append(prompt)
        self.limits.append(limits)
        reply = self._queue.popleft()
        done = False
        try:
            if reply.loads:
                yield Loading()
            yield Requested()
            if reply.error and not reply.text:
                raise reply.error
            yield Opened()
            for _ in range(reply.trims):
                prompt = prompt.without_lowest_passage() or prompt
                yield Trimmed(prompt)
                yield Requested()
                yield Opened()
            for word in _words(reply.reasoning):
                yield ReasoningDelta(word)
            for word in _words(reply.text):
                if reply.pause_s:
                    await asyncio.sleep(reply.pause_s)
                yield TextDelta(word)
            if reply.error:
                raise reply.error
            done = True
            tokens = len(reply.text.split())
            yield Ended(reply.finish_reason, Usage(100, tokens, len(reply.reasoning.split())))
        except ModelError:
            done = True
            raise
        finally:
            self.closed_early += not done


def _words(text: str) -> list[str]:
    parts = text.split(" ")
    return [part if n == 0 else f" {part}" for n, part in enumerate(parts)] if text else []


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
