"""A server of our own that answers at once: what a request costs this program itself, before models are measured.

The first request of a process takes about 90 ms longer than the next, because the openai client imports parts of itself
only then. Without practice the first model would be blamed for it.
"""

import asyncio
from contextlib import suppress
from statistics import median

from rag.bench.measuring import Clock, Plain, measure, undisturbed
from rag.generation.endpoint import EndpointModel
from rag.generation.model import GenerationLimits

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


async def practise(clock: Clock) -> float:
    """Seconds that pass in this program from a request to the first token of a model that takes no time at all."""
    server = await asyncio.start_server(_answer, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    model = EndpointModel(base_url=f"http://{host}:{port}", alias="practice", model_id="practice")
    try:
        with undisturbed():
            rounds = [await measure(model, Plain("Ready?"), GenerationLimits(1), clock) for _ in range(1 + _ROUNDS)]
    finally:
        await model.close()
        server.close()
        await server.wait_closed()
    return round(median(each.first_token_s or 0 for each in rounds[1:]), 6)


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(asyncio.IncompleteReadError, ConnectionError):  # who stops the run stops in the middle of a request
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
        writer.write(_RESPONSE)
        await writer.drain()
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
