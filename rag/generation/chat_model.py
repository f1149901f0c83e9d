"""The protocol of a chat model, which streams an answer to a prompt, and its events."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from rag.generation.prompt import Prompt
from rag.types import Usage


@dataclass(frozen=True, slots=True)
class GenerationLimits:
    """How much a model may generate, and how freely."""

    max_tokens: int
    temperature: float = 0.3
    seed: int | None = None
    """For runs that can be repeated, as far as a server keeps to it; None sends none."""
    stream: bool = True
    """False: the whole answer at once, at its end; for measuring."""


@dataclass(frozen=True, slots=True)
class Loading:
    """The model is being brought into memory; what follows waits for it."""


@dataclass(frozen=True, slots=True)
class Requested:
    """The request was sent; again for every retry."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The server took the request (its headers are here); the model reads the prompt."""


@dataclass(frozen=True, slots=True)
class Trimmed:
    """The prompt did not fit and was sent again without its lowest passage."""

    prompt: Prompt


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A part of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """A part of the reasoning before the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The stream is complete; always the last event of one that did not fail."""

    finish_reason: str
    """"stop", "length" or whatever else the server sends; "" when it sent nothing."""
    usage: Usage | None = None
    """None when the server did not count."""
    logprobs: tuple[float, ...] = ()
    """The natural logarithm of each token's probability; empty where the server does not send them."""


ModelEvent = Loading | Requested | Opened | Trimmed | TextDelta | ReasoningDelta | Ended


class ChatModel(Protocol):
    """A model, wherever it runs.

    `stream` yields, in this order: `Loading` at most once, `Requested` and `Opened` once an attempt (`Trimmed` between
    two), reasoning and text deltas, and `Ended`. It raises a `ModelError`, also in the middle. Closing the iterator
    stops the model.
    """

    @property
    def alias(self) -> str:
        """The name that a person knows it by."""
        ...

    @property
    def generates(self) -> bool:
        """False for `quoting`, whose text is the documents' own."""
        ...

    def stream(self, prompt: Prompt, limits: GenerationLimits) -> AsyncGenerator[ModelEvent]:
        """The answer to the prompt, as it comes."""
        ...


@dataclass(frozen=True, slots=True)
class ModelSet:
    """The models of a turn: the small one, the larger one if there is any, and the fallback of the small one."""

    small: ChatModel
    large: ChatModel | None = None
    fallback: ChatModel | None = None
    idle: ChatModel | None = None
    """A model in memory that nobody is using, for a small task before the answer."""


async def complete(model: ChatModel, prompt: Prompt, limits: GenerationLimits) -> str:
    """The answer without its reasoning.

    Raises:
        ModelError: any of them, also in the middle.
    """
    async with aclosing(text_pieces(model, prompt, limits)) as pieces:
        return "".join([piece async for piece in pieces])


async def text_pieces(model: ChatModel, prompt: Prompt, limits: GenerationLimits) -> AsyncGenerator[str]:
    """The answer without its reasoning, as it comes; closing the iterator stops the model.

    Raises:
        ModelError: any of them, also in the middle.
    """
    async with aclosing(model.stream(prompt, limits)) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                yield event.text
