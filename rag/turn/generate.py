"""One model generating inside a turn: its stream as turn events, and what it wrote as a record."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing

from rag.errors import ModelError
from rag.events import Delta, Notice, Reasoning, Stage
from rag.generation.chat_model import (
    ChatModel,
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
from rag.turn.state import Emit
from rag.turn.timing import StageClock
from rag.types import BROKEN, EARLY, Generation, Hit, StageName

_STAGE_AFTER: dict[type[ModelEvent], StageName] = {
    Loading: "load",
    Requested: "request",
    Opened: "first_token",
    TextDelta: "generate",
    ReasoningDelta: "generate",
}
_ESCALATED: dict[StageName, StageName] = {
    "load": "escalation_load",
    "request": "escalation_request",
    "first_token": "escalation_first_token",
    "generate": "escalation_generate",
}

ShouldStop = Callable[[str], Awaitable[bool]]
"""Takes the next delta of the text; True when the model should be stopped."""


class GenerationRun:
    """Runs one model on one prompt; afterwards `generation` is what it wrote, or None when it failed."""

    def __init__(
        self, model: ChatModel, prompt: Prompt, limits: GenerationLimits, clock: StageClock, *, escalated: bool
    ) -> None:
        self.generation: Generation | None = None
        self.failure: ModelError | None = None
        self._model, self._prompt, self._limits = model, prompt, limits
        self._clock, self._escalated = clock, escalated
        self._text, self._reasoning = "", ""
        self._requested_at = self._first_token_at = 0.0

    @property
    def hits(self) -> tuple[Hit, ...]:
        """The passages that the model was given in the end; its marks point at them."""
        return self._prompt.hits

    async def stream(self, emit: Emit, should_stop: ShouldStop | None = None) -> None:
        """Emits the stream as turn events.

        A draft that breaks off stays as far as it came, with a `Notice`; so nothing that a person has read is lost.
        The larger model's broken answer is dropped, because the draft is whole.
        """
        ended = Ended(BROKEN)
        try:
            async with aclosing(self._model.stream(self._prompt, self._limits)) as events:
                async for event in events:
                    await self._enter_stage(event, emit)
                    await self._take(event, emit)
                    if isinstance(event, Ended):
                        ended = event
                    elif isinstance(event, TextDelta) and should_stop and await should_stop(event.text):
                        ended = Ended(EARLY)
                        break
        except ModelError as failure:
            self.failure = failure
            await emit(Notice(str(failure)))
            if self._escalated or not self._text.strip():
                return
        self.generation = self._finished(ended)

    async def _take(self, event: ModelEvent, emit: Emit) -> None:
        """Collects what the event brings, and passes on what a person reads."""
        if isinstance(event, Trimmed):
            self._prompt = event.prompt
        elif isinstance(event, TextDelta):
            self._text += event.text
            await emit(Delta(event.text, self._escalated))
        elif isinstance(event, ReasoningDelta):
            self._reasoning += event.text
            await emit(Reasoning(event.text, self._escalated))

    async def _enter_stage(self, event: ModelEvent, emit: Emit) -> None:
        """Emits the stage that begins with the event, if one does."""
        name = _STAGE_AFTER.get(type(event))
        stage = name and (_ESCALATED[name] if self._escalated else name)
        if not stage or not self._clock.enter(stage):
            return
        if name == "request":
            self._requested_at = self._requested_at or self._clock.now
        elif name == "generate":
            self._first_token_at = self._first_token_at or self._clock.now
        await emit(Stage(stage, self._model.alias, len(self.hits)))

    def _finished(self, ended: Ended) -> Generation:
        now = self._clock.now
        return Generation(
            model=self._model.alias,
            text=self._text,
            reasoning=self._reasoning,
            usage=ended.usage,
            finish_reason=ended.finish_reason,
            seconds=now - self._requested_at,
            tokens_per_second=_rate(ended, now - self._first_token_at) if self._first_token_at else None,
            logprobs=ended.logprobs,
            generated=self._model.generates,
        )


def _rate(ended: Ended, decoding_s: float) -> float | None:
    """Completion tokens after the first over the time after the first token."""
    if not ended.usage or ended.usage.completion < 2 or decoding_s <= 0:
        return None
    return (ended.usage.completion - 1) / decoding_s
