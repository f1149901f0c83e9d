"""A real HTTP server on 127.0.0.1 that plays scripts: status, headers, pieces with pauses, stalls, abrupt ends.

    async with ScriptedServer() as server:
        server.enqueue(sse(chunk("Hello"), 0.1, chunk(" there", finish_reason="stop"), DONE))
        model = OpenAIModel(base_url=server.url, alias="phi-4-mini")

Chat completions take the scripts in the order of the queue; other paths answer from `server.routes`, or with 404.
"""

import asyncio
import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal

CHAT = "/v1/chat/completions"
DONE = b"data: [DONE]\n\n"
STALL: Literal["stall"] = "stall"
"""Sends nothing more until the client goes."""
CUT: Literal["cut"] = "cut"
"""Closes the connection in the middle of the body."""

Step = bytes | float | asyncio.Event | Literal["stall", "cut"]
"""Bytes to send, seconds or an event to wait for, or an end that no server should have."""


@dataclass(frozen=True)
class Script:
    """One response; `before` is played before the headers go out."""

    status: int
    headers: Mapping[str, str]
    body: tuple[Step, ...]
    before: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Request:
    """What a client sent; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any = None


def data(value: object) -> bytes:
    """One server-sent event."""
    return f"data: {json.dumps(value)}\n\n".encode()


def chunk(content: str | None = None, *, finish_reason: str | None = None, **delta: object) -> bytes:
    """A chat completion chunk."""
    choice = {"index": 0, "delta": {"content": content, **delta}, "finish_reason": finish_reason}
    return data({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]})


def counted(prompt: int, completion: int, reasoning: int = 0) -> bytes:
    """The last chunk, which carries usage and no choice."""
    usage = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    usage |= {"completion_tokens_details": {"reasoning_tokens": reasoning}}
    return data(
        {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [], "usage": usage}
    )


def sse(*body: Step, before: tuple[Step, ...] = ()) -> Script:
    """A stream."""
    return Script(200, {"content-type": "text/event-stream"}, body, before)


def said(text: str = "Hello.") -> Script:
    """A stream that says the text in one piece and ends well."""
    return sse(chunk(text), chunk(finish_reason="stop"), DONE)


def reply(status: int, value: object, **headers: str) -> Script:
    """A JSON response; `retry_after="1"` becomes a Retry-After header."""
    names = {name.replace("_", "-"): text for name, text in headers.items()}
    return Script(status, {"content-type": "application/json", **names}, (json.dumps(value).encode(),))


def refusal(status: int, message: str, **headers: str) -> Script:
    """An error as OpenAI and Foundry Local word it."""
    return reply(status, {"error": {"message": message, "type": "invalid_request_error", "code": None}}, **headers)


@dataclass
class ScriptedServer:
    """The server; an async context manager."""

    routes: dict[str, Script] = field(default_factory=dict[str, Script])
    requests: list[Request] = field(default_factory=list[Request])
    left: int = 0
    """Clients that went before their response was complete."""
    connections: int = 0
    """Open at this moment."""

    def __post_init__(self) -> None:
        self._scripts: list[Script] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()

    def enqueue(self, *scripts: Script) -> None:
        """For the next chat completions."""
        self._scripts.extend(scripts)

    @property
    def root(self) -> str:
        """Its address, without /v1."""
        host, port = self._server.sockets[0].getsockname()
        return f"http://{host}:{port}"

    @property
    def url(self) -> str:
        """Its address, with /v1."""
        return f"{self.root}/v1"

    @property
    def chats(self) -> list[Any]:
        """The bodies of the chat completions that were asked for."""
        return [request.body for request in self.requests if request.path == CHAT]

    def asked(self, path: str) -> int:
        """How often that path was asked for."""
        return sum(request.path == path for request in self.requests)

    async def settled(
        self, *, chats: int | None = None, left: int | None = None, connections: int | None = None, within: float = 10
    ) -> None:
        """Returns once so many completions were asked for, clients have left, connections are open; or TimeoutError."""
        async with asyncio.timeout(within):
            while (
                chats not in (None, len(self.chats))
                or left not in (None, self.left)
                or connections not in (None, self.connections)
            ):
                self._changed.clear()
                await self._changed.wait()

    async def asked_by(self, process: asyncio.subprocess.Process, *, chats: int) -> None:
        """Returns once so many completions were asked for, however slow the machine is; fails when the process ends."""
        reached = asyncio.create_task(self.settled(chats=chats, within=600))
        ended = asyncio.create_task(process.wait())
        await asyncio.wait((reached, ended), return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        if not reached.done():
            reached.cancel()
            raise AssertionError(f"the process ended with {process.returncode} after {len(self.chats)} completions")
        await reached

    async def __aenter__(self) -> "ScriptedServer":
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._changed.set()
        first = b""
        try:
            while request := await _read(reader, first):
                self.requests.append(request)
                self._changed.set()
                first = await self._answer(self._script(request.path), reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.connections -= 1
            self._changed.set()
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    def _script(self, path: str) -> Script:
        if path == CHAT and CHAT not in self.routes:
            return self._scripts.pop(0) if self._scripts else refusal(418, "the script is over")
        return self.routes.get(path, refusal(404, f"No mapping for {path}"))

    async def _answer(self, script: Script, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        """Plays the script while watching whether the client goes; gives what of the next request was read."""
        playing = asyncio.create_task(_play(script, writer))
        watching = asyncio.create_task(reader.read(1))
        try:
            await asyncio.wait((playing, watching), return_when=asyncio.FIRST_COMPLETED)
            if not playing.done() and watching.result() == b"":
                self.left += 1
                self._changed.set()
                raise ConnectionResetError
            await playing
            return watching.result() if watching.done() else b""
        finally:
            for task in (playing, watching):
                task.cancel()
            await asyncio.gather(playing, watching, return_exceptions=True)


async def _read(reader: asyncio.StreamReader, first: bytes) -> Request | None:
    head = first + await reader.readuntil(b"\r\n\r\n")
    start, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = start.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, path, headers, json.loads(body) if body else None)


async def _play(script: Script, writer: asyncio.StreamWriter) -> None:
    await _steps(script.before, writer, chunked=False)
    headers = {**script.headers, "transfer-encoding": "chunked"}
    lines = [f"HTTP/1.1 {script.status} Scripted", *(f"{name}: {value}" for name, value in headers.items())]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    await _steps(script.body, writer, chunked=True)
    writer.write(b"0\r\n\r\n")
    await writer.drain()


async def _steps(steps: tuple[Step, ...], writer: asyncio.StreamWriter, *, chunked: bool) -> None:
    for step in steps:
        if isinstance(step, bytes):
            writer.write(b"%x\r\n%b\r\n" % (len(step), step) if chunked else step)
            await writer.drain()
        elif isinstance(step, asyncio.Event):
            await step.wait()
        elif step == STALL:
            await asyncio.Event().wait()
        elif step == CUT:
            writer.transport.abort()
            raise ConnectionResetError
        else:
            await asyncio.sleep(float(step))
