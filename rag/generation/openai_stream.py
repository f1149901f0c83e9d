"""The chunks of one chat completion, read leniently: the openai client hands on whatever JSON a server sends."""

import math
import re
from collections.abc import Iterator
from typing import cast

from rag.errors import EmptyAnswer
from rag.generation.chat_model import Ended, ReasoningDelta, TextDelta
from rag.generation.openai_errors import Peer
from rag.types import Usage

_MARK = re.compile(r"<\|([a-z_]{1,16})\|>|</?think>")
_BEGUN_CONTROL = re.compile(r"<\|[a-z_]{0,16}\|?")
_HEADER_MAX_CHARS = 80
"""The longest real header, a tool call's, stays under it; what is longer is an answer whose marks went wrong."""


class ChannelFilter:
    """The filter of one stream; however the text is cut into pieces, the same answer and the same thoughts come out."""

    def __init__(self) -> None:
        self._buffer = ""
        self._header: str | None = None
        self._thinking = False
        self._at_line_start = True

    def feed(self, content: str) -> Iterator[TextDelta | ReasoningDelta]:
        """What is certain by now; only what may still become a mark is held back."""
        self._buffer += content
        while mark := next((m for m in _MARK.finditer(self._buffer) if self._counts(m[0], m.start())), None):
            yield from self._release(mark.start())
            self._buffer = self._buffer[len(mark[0]) :]
            self._follow(mark)
        tail = self._buffer.rfind("<")
        unfinished = tail >= 0 and _begins_mark(self._buffer[tail:]) and self._counts(self._buffer[tail:], tail)
        yield from self._release(tail if unfinished else len(self._buffer))

    def flush(self) -> Iterator[TextDelta | ReasoningDelta]:
        """What was held back, now that the stream is over."""
        yield from self._release(len(self._buffer))

    def _counts(self, mark: str, start: int) -> bool:
        """Whether that is a mark at that place: a think mark inside a line is text, unless it ends a thought."""
        if not mark.startswith(("<t", "</")) or (self._thinking and mark.startswith("</")):
            return True
        before = (self._header or "") + self._buffer[:start]
        _, newline, line = before.rpartition("\n")
        return not line.strip() and (bool(newline) or self._at_line_start)

    def _follow(self, mark: re.Match[str]) -> None:
        """Goes where a mark leads; an unknown name leads nowhere."""
        match mark[1]:
            case None:
                self._thinking = mark[0] == "<think>"
            case "start" | "channel":
                self._thinking, self._header = False, ""
            case "message":
                self._thinking = (self._header or "").startswith(("analysis", "commentary"))
                self._header = None
            case "end" | "return" | "call":
                self._thinking, self._header = False, None
            case _:
                return
        self._at_line_start = True

    def _release(self, end: int) -> Iterator[TextDelta | ReasoningDelta]:
        """The buffered characters up to `end`, as text or thought; none while they are a header."""
        piece, self._buffer = self._buffer[:end], self._buffer[end:]
        if self._header is not None:
            piece = self._header + piece
            self._header = None if "\n" in piece or len(piece) > _HEADER_MAX_CHARS else piece
        if piece and self._header is None:
            _, newline, line = piece.rpartition("\n")
            self._at_line_start = not line.strip() and (bool(newline) or self._at_line_start)
            yield ReasoningDelta(piece) if self._thinking else TextDelta(piece)


def _begins_mark(text: str) -> bool:
    return "<think>".startswith(text) or "</think>".startswith(text) or bool(_BEGUN_CONTROL.fullmatch(text))


class CompletionParser:
    """Turns the chunks of one response into events."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._channels = ChannelFilter()
        self._finish_reason = ""
        self._usage: Usage | None = None
        self._logprobs: list[float] = []
        self._has_text = False
        self._has_reasoning = False

    @property
    def begun(self) -> bool:
        """Whether a person may have seen some of it, so that it cannot be tried again."""
        return self._has_text or self._has_reasoning

    def feed(self, chunk: object) -> Iterator[TextDelta | ReasoningDelta]:
        """The deltas in a `ChatCompletionChunk`, or in a whole `ChatCompletion`; none in one that counts tokens, or is
        of another shape."""
        self._usage = _usage(_field(chunk, "usage")) or self._usage
        choice = _first(_field(chunk, "choices"))
        delta = _field(choice, "delta") or _field(choice, "message")
        self._finish_reason = _text(choice, "finish_reason") or self._finish_reason
        self._logprobs += _logprobs(_field(_field(choice, "logprobs"), "content"))
        if thought := _text(delta, "reasoning_content") or _text(delta, "reasoning"):
            self._has_reasoning = True
            yield ReasoningDelta(thought)
        yield from self._tracked(self._channels.feed(_text(delta, "content")))

    def end(self) -> Iterator[TextDelta | ReasoningDelta | Ended]:
        """The last deltas and `Ended`.

        Raises:
            EmptyAnswer: there was no word of answer.
        """
        yield from self._tracked(self._channels.flush())
        if not self._has_text:
            raise self._peer.error(EmptyAnswer, self._why_empty())
        yield Ended(self._finish_reason, self._usage, tuple(self._logprobs))

    def _tracked(self, deltas: Iterator[TextDelta | ReasoningDelta]) -> Iterator[TextDelta | ReasoningDelta]:
        for delta in deltas:
            if isinstance(delta, ReasoningDelta):
                self._has_reasoning = True
            else:
                self._has_text = self._has_text or not delta.text.isspace()
            yield delta

    def _why_empty(self) -> str:
        if self._finish_reason == "content_filter":
            return f"The content filter of {self._peer.alias}'s server held its answer back. Ask in other words."
        if self._has_reasoning and self._finish_reason == "length":
            return (
                f"{self._peer.alias} spent its whole token limit on reasoning and had none left for the answer. "
                "Ask a simpler question, or raise the limit in the settings."
            )
        if self._has_reasoning:
            return f"{self._peer.alias} reasoned but gave no answer. Ask again."
        return f"{self._peer.alias} ended without a word. Ask again, or in other words."


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
