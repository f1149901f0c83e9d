"""A model's events as server-sent events in the form of OpenAI's chat completions."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any
from uuid import uuid4

from rag.errors import ModelError
from rag.generation.chat_model import Ended, Loading, ModelEvent, Opened, ReasoningDelta, Requested, TextDelta
from rag.types import Usage

DONE = b"data: [DONE]\n\n"
HEARTBEAT = b": the model is not done yet\n\n"
"""A comment, which a reader of the stream passes over; it keeps proxies from cutting a quiet connection."""
_readers: set[asyncio.Task[None]] = set()
"""An event loop refers to its tasks weakly."""


async def completion_chunks(events: AsyncGenerator[ModelEvent], alias: str) -> AsyncGenerator[bytes]:
    """The chunks of one answer, then `[DONE]`; closing the iterator closes the model's.

    Besides what OpenAI's clients know, chunks without choices say `"groundwork": {"stage": …}`: "loading", "ready" or
    "opened". A failure is a last line `{"error": {"message": sentence}}`.
    """
    head: dict[str, Any] = {
        "id": f"chatcmpl-{uuid4().hex}",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": alias,
    }
    async with aclosing(events):
        try:
            async for event in events:
                for chunk in _chunks(event):
                    yield _data(head | chunk)
        except ModelError as error:
            yield _data({"error": {"message": str(error), "type": type(error).__name__}})
        yield DONE


async def with_heartbeat(chunks: AsyncGenerator[bytes], every_s: float) -> AsyncGenerator[bytes]:
    """The chunks, and `HEARTBEAT` whenever none came for `every_s` seconds; closing the iterator closes theirs.

    They are read in a task of their own: who reads this may be cancelled again and again while it closes, and the
    model would be left open.
    """
    queue = asyncio.Queue[bytes]()  # no longer than an answer may be
    reader = asyncio.create_task(_read(chunks, queue))
    _readers.add(reader)
    reader.add_done_callback(_readers.discard)
    try:
        while True:
            try:
                async with asyncio.timeout(every_s):
                    chunk = await queue.get()
            except TimeoutError:
                chunk = HEARTBEAT
            if not chunk:
                break
            yield chunk
        await reader
    finally:
        reader.cancel()
        await asyncio.wait([reader])


async def _read(chunks: AsyncGenerator[bytes], queue: asyncio.Queue[bytes]) -> None:
    """Puts each chunk into the queue, and an empty one after the last."""
    try:
        async with aclosing(chunks):
            async for chunk in chunks:
                await queue.put(chunk)
    finally:
        queue.put_nowait(b"")


def _chunks(event: ModelEvent) -> list[dict[str, Any]]:
    """The chunks of an event; none for events that the page has no use for."""
    match event:
        case Loading():
            return [_stage("loading")]
        case Requested():
            return [_stage("ready")]
        case Opened():
            return [_stage("opened")]
        case ReasoningDelta(text):
            return [_choice({"reasoning_content": text})]
        case TextDelta(text):
            return [_choice({"content": text})]
        case Ended(finish_reason, usage):
            end = _choice({}, finish_reason or "stop")
            return [end, {"choices": [], "usage": _usage(usage)}] if usage else [end]
        case _:
            return []


def _stage(name: str) -> dict[str, Any]:
    return {"choices": [], "groundwork": {"stage": name}}


def _choice(delta: dict[str, str], finish_reason: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]}


def _usage(usage: Usage) -> dict[str, int]:
    total = usage.prompt + usage.completion
    return {"prompt_tokens": usage.prompt, "completion_tokens": usage.completion, "total_tokens": total}


def _data(value: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"
