"""For tests of code that asks models: a model that gives the replies it was given, and no network."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing
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
from rag.types import Usage

__all__ = ["FakeModel", "FakeReply"]


@dataclass(frozen=True)
class FakeReply:
    """What a `FakeModel` answers to one prompt: its words one by one, then how it ends."""

    text: str = ""
    reasoning: str = ""
    finish_reason: str = "stop"
    error: ModelError | None = None
    """Raised after the words."""
    pause_s: float = 0.0
    """Before each word, in seconds."""
    loads: bool = False
    """Whether the model is brought into memory first."""
    trims: int = 0
    """How many passages it drops, one at each try, until the prompt fits."""


@dataclass
class FakeModel:
    """A `ChatModel` that gives the queued replies in order and remembers what it was asked.

    An empty queue raises an `IndexError`.
    """

    alias: str = "phi-4-mini"
    generates: bool = True
    prompts: list[Prompt] = field(default_factory=list[Prompt])
    """All that it was asked, in order."""
    limits: list[GenerationLimits] = field(default_factory=list[GenerationLimits])
    """What held for each."""
    closed_early: int = 0
    """How many of its streams were closed before their end."""
    _queue: deque[FakeReply] = field(default_factory=deque[FakeReply])

    def enqueue(self, *replies: FakeReply | str | ModelError) -> "FakeModel":
        """Adds replies to the queue: whole ones, texts, or errors that are raised at once; gives back the model."""
        for reply in replies:
            if isinstance(reply, str):
                reply = FakeReply(reply)
            elif isinstance(reply, ModelError):
                reply = FakeReply(error=reply)
            self._queue.append(reply)
        return self

    async def stream(self, prompt: Prompt, limits: GenerationLimits) -> AsyncGenerator[ModelEvent]:
        """The next reply, as a model streams it.

        Raises:
            ModelError: the reply's own.
        """
        self.prompts.append(prompt)
        self.limits.append(limits)
        reply = self._queue.popleft()
        is_done = False
        try:
            async with aclosing(_events(reply, prompt)) as events:
                async for event in events:
                    is_done = isinstance(event, Ended)
                    yield event
        except ModelError:
            is_done = True
            raise
        finally:
            self.closed_early += not is_done


async def _events(reply: FakeReply, prompt: Prompt) -> AsyncGenerator[ModelEvent]:
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
    yield Ended(reply.finish_reason, Usage(100, len(reply.text.split()), len(reply.reasoning.split())))


def _words(text: str) -> list[str]:
    parts = text.split(" ")
    return [part if n == 0 else f" {part}" for n, part in enumerate(parts)] if text else []
