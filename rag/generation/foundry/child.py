"""The app's side of one child process: typed requests in, typed replies out."""

import asyncio
import itertools
import logging
import os
import subprocess
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from pathlib import Path
from typing import BinaryIO

from rag.generation.foundry.protocol import (
    Cancel,
    Done,
    DownloadProgress,
    Failed,
    ModelInfo,
    ModelsReply,
    ProtocolError,
    Ready,
    Reply,
    Request,
    Shutdown,
    decode_reply,
    encode,
)

_END_S = 5.0
"""A child that still runs this long after `Shutdown` is killed."""
LOG_MAX_BYTES = 5_000_000
"""A log longer than this is rotated at the next start."""
_LINE_BYTES = 2**24
"""The longest reply: all variants of a model are one line."""

log = logging.getLogger(__name__)


class ChildEnded(Exception):
    """The process ended before the request did."""


class RequestFailed(Exception):
    """The child could not do what was asked."""

    def __init__(self, failed: Failed) -> None:
        super().__init__(failed.detail)
        self.failed = failed


class Child:
    """A running process; `spawn` makes one."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._ids = itertools.count(1)
        self._replies: dict[int | None, asyncio.Queue[Reply | None]] = {None: asyncio.Queue()}
        self._reader = asyncio.create_task(self._read())
        self.url = ""
        """Its web service's, from `ready` on."""
        self.exit_code: int | None = None
        """None while it lives."""
        self.ended_at = 0.0
        """By `time.monotonic()`."""

    @classmethod
    async def spawn(cls, command: Sequence[str], environment: Mapping[str, str], log_file: Path | None) -> "Child":
        """A new process, whose stderr is appended to the log file or dropped.

        Raises:
            OSError: it cannot be started.
        """
        with _open_log(log_file) as errors:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
                limit=_LINE_BYTES,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # Windows has it
            )
        return cls(process)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """False from the moment when its end is known."""
        return self.exit_code is None

    @property
    def busy(self) -> bool:
        """True while requests wait for their last reply."""
        return len(self._replies) > 1

    def next_id(self) -> int:
        """An id for the next request."""
        return next(self._ids)

    async def ready(self) -> None:
        """Returns when the child takes requests.

        Raises:
            RequestFailed: it cannot start.
            ChildEnded: it ended without a reply.
        """
        match await self._replies[None].get():
            case Ready(url=url):
                self.url = url
            case Failed() as failed:
                raise RequestFailed(failed)
            case _:
                raise ChildEnded

    async def replies(self, job: int, request: Request) -> AsyncGenerator[DownloadProgress | ModelsReply | Done, None]:
        """The replies to a request, up to the last one; closing the iterator cancels it.

        Raises:
            RequestFailed: the child could not do it.
            ChildEnded: the process ended before it.
        """
        if not self.alive:
            raise ChildEnded
        replies = self._replies[job] = asyncio.Queue()
        try:
            self._send(request)
            while True:
                match await replies.get():
                    case DownloadProgress() as progress:
                        yield progress
                    case ModelsReply() | Done() as last:
                        yield last
                        return
                    case Failed() as failed:
                        raise RequestFailed(failed)
                    case _:
                        raise ChildEnded
        except (GeneratorExit, asyncio.CancelledError):
            self._send(Cancel(job))
            raise
        finally:
            del self._replies[job]

    async def ask(self, job: int, request: Request) -> tuple[ModelInfo, ...]:
        """The models in the reply; none for a request that is merely done.

        Raises:
            RequestFailed: the child could not do it.
            ChildEnded: the process ended before it.
        """
        models: tuple[ModelInfo, ...] = ()
        async with aclosing(self.replies(job, request)) as replies:
            async for reply in replies:
                if isinstance(reply, ModelsReply):
                    models = reply.models
        return models

    async def ended(self, *, within_s: float) -> bool:
        """True once the process has ended, False when it has not by then."""
        await asyncio.wait((self._reader,), timeout=within_s)
        return not self.alive

    async def end(self) -> None:
        """Ends the process; returns when it is gone."""
        self._send(Shutdown())
        if self._process.stdin:
            self._process.stdin.close()
        if not await self.ended(within_s=_END_S):
            self._process.kill()
            await self._reader

    def _send(self, request: Request) -> None:
        if self._process.stdin and not self._process.stdin.is_closing():
            self._process.stdin.write(encode(request))

    async def _read(self) -> None:
        while line := await self._line():
            try:
                self._dispatch(decode_reply(line))
            except ProtocolError as error:
                log.warning("From the model runtime: %s", error)
        self.exit_code = await self._process.wait()
        self.ended_at = time.monotonic()
        for replies in self._replies.values():
            replies.put_nowait(None)

    async def _line(self) -> bytes:
        """The next line; b"" at the end."""
        assert self._process.stdout
        try:
            return await self._process.stdout.readline()
        except ValueError:  # longer than any message; the stream has dropped it
            return b"\n"

    def _dispatch(self, reply: Reply) -> None:
        job = None if isinstance(reply, Ready) else reply.id
        if replies := self._replies.get(job):
            replies.put_nowait(reply)


def _open_log(log_file: Path | None) -> BinaryIO:
    """The end of the log file, or the null device where there is none or it cannot be written."""
    if log_file:
        with suppress(OSError):
            log_file.parent.mkdir(parents=True, exist_ok=True)
            _rotate(log_file)
            return log_file.open("ab")
    return open(os.devnull, "ab")


def _rotate(log_file: Path) -> None:
    """Makes a log that has become too long the `.old` one, in place of the one before it."""
    with suppress(OSError):  # there is none yet, or on Windows another child has it open
        if log_file.stat().st_size > LOG_MAX_BYTES:
            log_file.replace(log_file.with_name(f"{log_file.name}.old"))
