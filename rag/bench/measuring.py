"""One answer of a model, timed piece by piece."""

import gc
from collections.abc import Callable, Generator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise

from rag.bench.records import Round
from rag.errors import EmptyAnswer
from rag.generation.model import (
    ChatModel,
    Ended,
    GenerationLimits,
    ModelEvent,
    Opened,
    ReasoningDelta,
    Requested,
    TextDelta,
)
from rag.generation.prompt import ChatMessage, Prompt

Clock = Callable[[], float]
"""Seconds from any zero; such as `time.perf_counter`."""


@dataclass(frozen=True, slots=True)
class Plain(Prompt):
    """A question and nothing else: no passages, no system text."""

    def messages(self) -> list[ChatMessage]:
        """One message."""
        return [{"role": "user", "content": self.question}]


async def measure(model: ChatModel, prompt: Prompt, limits: GenerationLimits, clock: Clock) -> Round:
    """What one answer took, to the microsecond; of an answer that needed a second request, that one alone.

    Only the clock is read while the model speaks; all else is done afterwards. An answer that stays without a visible
    word, such as reasoning that took all tokens, is measured too. Of one that is not streamed only the whole time is
    known.

    Raises:
        ModelError: the model failed, or did not say anything.
    """
    heard: list[tuple[float, ModelEvent]] = []
    try:
        async with aclosing(model.stream(prompt, limits)) as events:
            async for event in events:
                heard.append((clock(), event))  # noqa: PERF401  (what was heard stays when it fails)
    except EmptyAnswer:
        heard.append((clock(), Ended("")))
        if not any(isinstance(event, TextDelta | ReasoningDelta) for _, event in heard):
            raise
    found = _round(heard)
    if limits.stream:
        return found
    return replace(found, headers_s=0.0, first_token_s=None, first_visible_s=None, gaps_s=())


@contextmanager
def undisturbed() -> Generator[None]:
    """Holds garbage collection back, whose pauses would count as the model's."""
    collects = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _round(heard: Sequence[tuple[float, ModelEvent]]) -> Round:
    """The events after the last request, as seconds from it."""
    began = max((at for at, event in heard if isinstance(event, Requested)), default=heard[0][0])
    tried = [(_microseconds(at - began), event) for at, event in heard if at >= began]
    headers = next((at for at, event in tried if isinstance(event, Opened)), 0.0)
    pieces = [at for at, event in tried if isinstance(event, TextDelta | ReasoningDelta)]
    visible = (at for at, event in tried if isinstance(event, TextDelta) and event.text.strip())
    total, ended = tried[-1]
    usage = ended.usage if isinstance(ended, Ended) else None
    return Round(
        headers_s=headers,
        first_token_s=pieces[0] if pieces else None,
        first_visible_s=next(visible, None),
        total_s=total,
        gaps_s=tuple(_microseconds(later - earlier) for earlier, later in pairwise(pieces)),
        prompt_tokens=usage.prompt if usage else None,
        completion_tokens=usage.completion if usage else None,
        reasoning_tokens=usage.reasoning if usage else None,
        finish_reason=ended.finish_reason if isinstance(ended, Ended) else "",
    )


def _microseconds(seconds: float) -> float:
    """To the microsecond, so that files are not filled with digits that mean nothing."""
    return round(seconds, 6)
