"""One answer of a model, timed event by event; the prompts of a wanted length; this program's own overhead."""

import asyncio
import gc
from collections.abc import Callable, Generator, Sequence
from contextlib import aclosing, contextmanager, suppress
from dataclasses import replace
from itertools import pairwise
from statistics import median

from rag.benchmark.records import Round
from rag.errors import EmptyAnswer
from rag.generation.chat_model import (
    ChatModel,
    Ended,
    GenerationLimits,
    ModelEvent,
    Opened,
    ReasoningDelta,
    Requested,
    TextDelta,
)
from rag.generation.prompt import Prompt, plain_prompt

Clock = Callable[[], float]
"""Seconds from any zero; such as `time.perf_counter`."""


async def measure(model: ChatModel, prompt: Prompt, limits: GenerationLimits, clock: Clock) -> Round:
    """What one answer took, to the microsecond; of an answer that needed a second request, that one alone.

    Only the clock is read while the model writes; all else is done afterwards. An answer that stays without a visible
    word, such as reasoning that took all tokens, is measured too. Of one that is not streamed only the whole time is
    known.

    Raises:
        ModelError: the model failed, or wrote nothing.
    """
    received: list[tuple[float, ModelEvent]] = []
    try:
        async with aclosing(model.stream(prompt, limits)) as events:
            async for event in events:
                received.append((clock(), event))  # noqa: PERF401  (what was received stays when it fails)
    except EmptyAnswer:
        received.append((clock(), Ended("")))
        if not any(isinstance(event, TextDelta | ReasoningDelta) for _, event in received):
            raise
    found = _round(received)
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


def _round(received: Sequence[tuple[float, ModelEvent]]) -> Round:
    """The events after the last request, as seconds from it."""
    began = max((at for at, event in received if isinstance(event, Requested)), default=received[0][0])
    tried = [(_microseconds(at - began), event) for at, event in received if at >= began]
    headers = next((at for at, event in tried if isinstance(event, Opened)), 0.0)
    deltas = [at for at, event in tried if isinstance(event, TextDelta | ReasoningDelta)]
    visible = (at for at, event in tried if isinstance(event, TextDelta) and event.text.strip())
    total, ended = tried[-1]
    usage = ended.usage if isinstance(ended, Ended) else None
    return Round(
        headers_s=headers,
        first_token_s=deltas[0] if deltas else None,
        first_visible_s=next(visible, None),
        total_s=total,
        gaps_s=tuple(_microseconds(later - earlier) for earlier, later in pairwise(deltas)),
        prompt_tokens=usage.prompt if usage else None,
        completion_tokens=usage.completion if usage else None,
        reasoning_tokens=usage.reasoning if usage else None,
        finish_reason=ended.finish_reason if isinstance(ended, Ended) else "",
    )


def _microseconds(seconds: float) -> float:
    """To the microsecond, so that files are not filled with digits that mean nothing."""
    return round(seconds, 6)


CHARACTERS_PER_TOKEN = 4.0
"""Of English text in a vocabulary of 100,000 entries and more, about; a server that counts corrects it."""

_TASK = "\n\nWhat is this text about? Answer in one sentence."
_SENTENCES = (
    "The market opens at seven in the morning and closes when the last stall is empty.",
    "A narrow road leads from the harbour past the old mill to the upper village.",
    "In spring the river carries more water than the two bridges were built for.",
    "The library keeps its maps in a long room with windows to the north.",
    "Bread is baked twice a day, before sunrise and again in the early afternoon.",
    "Most of the houses have a small garden with beans, herbs and a bench.",
    "On the first Sunday of the month the band plays under the lime trees.",
    "The ferry takes forty minutes to the island and carries up to twelve cars.",
    "Snow seldom falls before January, and rarely stays for longer than a week.",
    "The school was moved to the hill when the valley became too noisy.",
    "A painter from the coast has rented the empty workshop behind the station.",
    "Two clocks hang in the town hall, and they have never shown the same time.",
)


def prompt_of_length(characters: int, nth: int) -> str:
    """A neutral text of that many characters, to the word, with a task at its end.

    Each `nth` one begins with a number of its own and another sentence, so that no server can take it from a cache of
    the prompts before.
    """
    room = characters - len(_TASK)
    start = nth % len(_SENTENCES)
    round_trip = " ".join((*_SENTENCES[start:], *_SENTENCES[:start]))
    text = f"Text {nth + 1}. " + f"{round_trip} " * (room // len(round_trip) + 1)
    return text[: text.rfind(" ", 0, max(room, len("Text")) + 1)] + _TASK


_ROUNDS = 9
_EVENTS = (
    b'data: {"id":"p","object":"chat.completion.chunk","created":1,"model":"p","choices":[{"index":0,'
    b'"delta":{"content":"Yes."},"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}\n\ndata: [DONE]\n\n'
)
_RESPONSE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\nContent-Length: "
    + str(len(_EVENTS)).encode()
    + b"\r\n\r\n"
    + _EVENTS
)


async def overhead_s(clock: Clock) -> float:
    """Seconds that pass in this program from a request to the first token of a model that takes no time at all."""
    from rag.generation.openai_model import OpenAIModel  # the openai client takes half a second to import

    server = await asyncio.start_server(_answer, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    model = OpenAIModel(base_url=f"http://{host}:{port}", alias="overhead", model_id="overhead")
    try:
        with undisturbed():
            rounds = [
                await measure(model, plain_prompt("Ready?"), GenerationLimits(1), clock) for _ in range(1 + _ROUNDS)
            ]
    finally:
        await model.close()
        server.close()
        await server.wait_closed()
    return round(median(each.first_token_s or 0 for each in rounds[1:]), 6)


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(asyncio.IncompleteReadError, ConnectionError):  # a run may be stopped in the middle of a request
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
        writer.write(_RESPONSE)
        await writer.drain()
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
