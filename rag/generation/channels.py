"""Marks that a model's chat template leaks into its text: kept out of the answer, the thoughts between them set apart.

Two dialects are in use. Harmony (gpt-oss): `<|channel|>analysis<|message|>…<|end|><|start|>assistant<|channel|>final
<|message|>…<|return|>`, where what stands before `<|message|>` is a header. And `<think>…</think>`, which counts only
at the start of a line, where models put it: further in, an answer may speak about the mark itself.
"""

import re
from collections.abc import Iterator

from rag.generation.model import ReasoningDelta, TextDelta

_MARK = re.compile(r"<\|([a-z_]{1,16})\|>|</?think>")
_BEGUN_CONTROL = re.compile(r"<\|[a-z_]{0,16}\|?")
_HEADER_MAX_CHARS = 80
"""The longest real header, a tool call's, stays under it; what is longer is an answer whose marks went wrong."""


class ChannelFilter:
    """The filter of one stream; however the text is cut into pieces, the same answer and the same thoughts come out."""

    def __init__(self) -> None:
        self._held = ""
        self._header: str | None = None
        self._thinking = False
        self._at_line_start = True

    def feed(self, content: str) -> Iterator[TextDelta | ReasoningDelta]:
        """What is certain by now; only what may still become a mark is held back."""
        self._held += content
        while mark := next((m for m in _MARK.finditer(self._held) if self._counts(m[0], m.start())), None):
            yield from self._release(mark.start())
            self._held = self._held[len(mark[0]) :]
            self._turn(mark)
        tail = self._held.rfind("<")
        held_back = tail >= 0 and _begins_mark(self._held[tail:]) and self._counts(self._held[tail:], tail)
        yield from self._release(tail if held_back else len(self._held))

    def flush(self) -> Iterator[TextDelta | ReasoningDelta]:
        """What was held back, now that the stream is over."""
        yield from self._release(len(self._held))

    def _counts(self, mark: str, start: int) -> bool:
        """Whether that is a mark at that place: a think mark inside a line is text, unless it ends a thought."""
        if not mark.startswith(("<t", "</")) or (self._thinking and mark.startswith("</")):
            return True
        before = (self._header or "") + self._held[:start]
        _, newline, line = before.rpartition("\n")
        return not line.strip() and (bool(newline) or self._at_line_start)

    def _turn(self, mark: re.Match[str]) -> None:
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
        """The held characters up to `end`, as text or thought; none while they are a header."""
        piece, self._held = self._held[:end], self._held[end:]
        if self._header is not None:
            piece = self._header + piece
            self._header = None if "\n" in piece or len(piece) > _HEADER_MAX_CHARS else piece
        if piece and self._header is None:
            _, newline, line = piece.rpartition("\n")
            self._at_line_start = not line.strip() and (bool(newline) or self._at_line_start)
            yield ReasoningDelta(piece) if self._thinking else TextDelta(piece)


def _begins_mark(text: str) -> bool:
    return "<think>".startswith(text) or "</think>".startswith(text) or bool(_BEGUN_CONTROL.fullmatch(text))
