"""One model writing inside a turn: its stream as turn events, and what it wrote as a record."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from rag.errors import ModelError
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
from rag.turn.timing import StageClock
from rag.types import BROKEN, EARLY, Delta, Generation, Hit, Notice, Reasoning, Stage, StageName, TurnEvent

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


class Writer:
    """Runs one model on one prompt; afterwards `generation` is what it wrote, or None when it failed."""

    def __init__(
        self, model: ChatModel, prompt: Prompt, limits: GenerationLimits, clock: StageClock, *, escalated: bool
    ) -> None:
        self.generation: Generation | None = None
        self.failure: ModelError | None = None
        self._model, self._prompt, self._limits = model, prompt, limits
        self._clock, self._escalated = clock, escalated
        self._text, self._reasoning = "", ""
        self._began = self._first = 0.0
        self._given_up = False

    def cancel(self) -> None:
        """Stops the model at its next word; what it has written stays as the generation."""
        self._given_up = True

    @property
    def hits(self) -> tuple[Hit, ...]:
        """The passages that the model was given in the end; its marks point at them."""
        return self._prompt.hits

    async def write(self) -> AsyncGenerator[TurnEvent]:
        """The stream as turn events.

        A draft that breaks off stays as far as it came, with a `Notice`; so nothing that a person has read is lost.
        The larger model's broken answer is dropped, because the draft is whole.
        """
        ended = Ended(BROKEN)
        try:
            async with aclosing(self._model.stream(self._prompt, self._limits)) as events:
                async for event in events:
                    if stage := self._stage_after(event):
                        yield stage
                    if isinstance(event, Trimmed):
                        self._prompt = event.prompt
                    elif isinstance(event, TextDelta):
                        self._text += event.text
                        yield Delta(event.text, self._escalated)
                    elif isinstance(event, ReasoningDelta):
                        self._reasoning += event.text
                        yield Reasoning(event.text, self._escalated)
                    elif isinstance(event, Ended):
                        ended = event
                    if self._given_up:
                        ended = Ended(EARLY)
                        break
        except ModelError as failure:
            self.failure = failure
            yield Notice(str(failure))
            if self._escalated or not self._text.strip():
                return
        self.generation = self._written(ended)

    def _stage_after(self, event: ModelEvent) -> Stage | None:
        name = _STAGE_AFTER.get(type(event))
        if name is None or not self._clock.enter(_ESCALATED[name] if self._escalated else name):
            return None
        now = self._clock.now
        if name == "request":
            self._began = self._began or now
        elif name == "generate":
            self._first = self._first or now
        return Stage(_ESCALATED[name] if self._escalated else name, self._model.alias, len(self.hits))

    def _written(self, ended: Ended) -> Generation:
        now = self._clock.now
        return Generation(
            model=self._model.alias,
            text=self._text,
            reasoning=self._reasoning,
            usage=ended.usage,
            finish_reason=ended.finish_reason,
            seconds=now - self._began,
            tokens_per_second=_rate(ended, now - self._first) if self._first else None,
            logprobs=ended.logprobs,
            generated=self._model.generates,
        )


def _rate(ended: Ended, decoding_s: float) -> float | None:
    """Completion tokens after the first over the time after the first token."""
    if not ended.usage or ended.usage.completion < 2 or decoding_s <= 0:
        return None
    return (ended.usage.completion - 1) / decoding_s
