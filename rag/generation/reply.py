"""The chunks of one chat completion, read leniently: the openai client hands on whatever JSON a server sends."""

import math
from collections.abc import Iterator
from typing import cast

from rag.errors import EmptyAnswer
from rag.generation.channels import ChannelFilter
from rag.generation.model import Ended, ReasoningDelta, TextDelta
from rag.records import Usage


class Reply:
    """What one response has said so far."""

    def __init__(self, alias: str) -> None:
        self._alias = alias
        self._channels = ChannelFilter()
        self._finish_reason = ""
        self._usage: Usage | None = None
        self._logprobs: list[float] = []
        self._spoke = False
        self._thought = False

    @property
    def begun(self) -> bool:
        """Whether a person may have seen some of it, so that it cannot be begun anew."""
        return self._spoke or self._thought

    def feed(self, chunk: object) -> Iterator[TextDelta | ReasoningDelta]:
        """The deltas in a `ChatCompletionChunk`, or in a whole `ChatCompletion`; none in one that counts tokens, or is
        of another shape."""
        self._usage = _usage(_field(chunk, "usage")) or self._usage
        choice = _first(_field(chunk, "choices"))
        delta = _field(choice, "delta") or _field(choice, "message")
        self._finish_reason = _text(choice, "finish_reason") or self._finish_reason
        self._logprobs += _logprobs(_field(_field(choice, "logprobs"), "content"))
        if thought := _text(delta, "reasoning_content") or _text(delta, "reasoning"):
            self._thought = True
            yield ReasoningDelta(thought)
        yield from self._noted(self._channels.feed(_text(delta, "content")))

    def end(self) -> Iterator[TextDelta | ReasoningDelta | Ended]:
        """The last deltas and `Ended`.

        Raises:
            EmptyAnswer: there was no word of answer.
        """
        yield from self._noted(self._channels.flush())
        if not self._spoke:
            raise EmptyAnswer(self._silence())
        yield Ended(self._finish_reason, self._usage, tuple(self._logprobs))

    def _noted(self, deltas: Iterator[TextDelta | ReasoningDelta]) -> Iterator[TextDelta | ReasoningDelta]:
        for delta in deltas:
            if isinstance(delta, ReasoningDelta):
                self._thought = True
            else:
                self._spoke = self._spoke or not delta.text.isspace()
            yield delta

    def _silence(self) -> str:
        if self._finish_reason == "content_filter":
            return f"The content filter of {self._alias}'s server held its answer back. Ask in other words."
        if self._thought and self._finish_reason == "length":
            return (
                f"{self._alias} spent its whole token limit on reasoning and had none left for the answer. "
                "Ask a simpler question, or raise the limit in the settings."
            )
        if self._thought:
            return f"{self._alias} reasoned but gave no answer. Ask again."
        return f"{self._alias} ended without a word. Ask again, or in other words."


def _usage(counts: object) -> Usage | None:
    prompt, completion = _field(counts, "prompt_tokens"), _field(counts, "completion_tokens")
    if not isinstance(prompt, int) or not isinstance(completion, int):
        return None
    reasoning = _field(_field(counts, "completion_tokens_details"), "reasoning_tokens")
    return Usage(prompt, completion, reasoning if isinstance(reasoning, int) else 0)


def _logprobs(tokens: object) -> list[float]:
    """The log-probabilities in a list of tokens; none where a server gives none, or something else."""
    values = [_field(token, "logprob") for token in cast("list[object]", tokens)] if isinstance(tokens, list) else []
    return [float(value) for value in values if isinstance(value, int | float) and -math.inf < value <= 0]


def _first(items: object) -> object:
    return cast("list[object]", items)[0] if isinstance(items, list) and items else None


def _text(of: object, name: str) -> str:
    value = _field(of, name)
    return value if isinstance(value, str) else ""


def _field(of: object, name: str) -> object:
    """A part that may be missing at any level."""
    return getattr(of, name, None)
