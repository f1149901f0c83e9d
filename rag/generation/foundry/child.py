"""One run of a child program, as the app sees it: a process with typed requests and replies."""

import asyncio
import itertools
import logging
import os
import subprocess
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import BinaryIO

from rag.generation.foundry.protocol import (
    Cancel,
    ControlError,
    Done,
    DownloadProgress,
    Failed,
    ModelInfo,
    ModelsReply,
    Ready,
    Reply,
    Request,
    Shutdown,
    decode_reply,
    encode,
)

_END_S = 5.0
"""A child that is still there so long after it was told to go is killed."""
_LINE_BYTES = 2**24
"""The whole catalogue is one line."""

log = logging.getLogger(__name__)


class ChildEnded(Exception):
    """The process ended before the request did."""


class RequestFailed(Exception):
    """The child says that it could not do it."""

    def __init__(self, failed: Failed) -> None:
        super().__init__(failed.detail)
        self.failed = failed


class Child:
    """A running process; `spawn` makes one."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._ids = itertools.count(1)
        self._waiting: dict[int | None, asyncio.Queue[Reply | None]] = {None: asyncio.Queue()}
        self._reading = asyncio.create_task(self._read())
        self.url = ""
        """Its web service's, from `ready` on."""
        self.exit_code: int | None = None
        """None while it lives."""
        self.ended_at = 0.0
        """By `time.monotonic()`."""

    @classmethod
    async def spawn(cls, command: Sequence[str], environment: Mapping[str, str], log_file: Path | None) -> "Child":
        """A new process, whose stderr is added to the log file or dropped.

        Raises:
            OSError: it cannot be started.
        """
        with _opened(log_file) as errors:
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
        """True while requests wait for their end."""
        return len(self._waiting) > 1

    def next_id(self) -> int:
        """An id for the next request."""
        return next(self._ids)

    async def ready(self) -> None:
        """Comes back when the child can take requests.

        Raises:
            RequestFailed: it cannot start.
            ChildEnded: it ended without a word.
        """
        match await self._waiting[None].get():
            case Ready(url=url):
                self.url = url
            case Failed() as failed:
                raise RequestFailed(failed)
            case _:
                raise ChildEnded

    async def replies(self, job: int, request: Request) -> AsyncGenerator[DownloadProgress | ModelsReply | Done, None]:
        """The answers to a request, to the last; closing the iterator cancels it.

        Raises:
            RequestFailed: the child could not do it.
            ChildEnded: the process ended before it.
        """
        if not self.alive:
            raise ChildEnded
        waiting = self._waiting[job] = asyncio.Queue()
        self._say(request)
        try:
            while True:
                match await waiting.get():
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
            self._say(Cancel(job))
            raise
        finally:
            del self._waiting[job]

    async def ask(self, job: int, request: Request) -> tuple[ModelInfo, ...]:
        """The models that answer the request; none for one that is merely done.

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
        await asyncio.wait((self._reading,), timeout=within_s)
        return not self.alive

    async def end(self) -> None:
        """Ends the process, and comes back when it is gone."""
        self._say(Shutdown())
        if self._process.stdin:
            self._process.stdin.close()
        if not await self.ended(within_s=_END_S):
            self._process.kill()
            await self._reading

    def _say(self, request: Request) -> None:
        if self._process.stdin and not self._process.stdin.is_closing():
            self._process.stdin.write(encode(request))

    async def _read(self) -> None:
        while line := await self._line():
            try:
                self._take(decode_reply(line))
            except ControlError as error:
                log.warning("From the model runtime: %s", error)
        self.exit_code = await self._process.wait()
        self.ended_at = time.monotonic()
        for waiting in self._waiting.values():
            waiting.put_nowait(None)

    async def _line(self) -> bytes:
        """The next line; b"" at the end."""
        assert self._process.stdout
        try:
            return await self._process.stdout.readline()
        except ValueError:  # longer than any of ours; the stream has dropped it
            return b"\n"

    def _take(self, reply: Reply) -> None:
        job = None if isinstance(reply, Ready) else reply.id
        if waiting := self._waiting.get(job):
            waiting.put_nowait(reply)


def _opened(log_file: Path | None) -> BinaryIO:
    """The end of the log, or what swallows everything."""
    if log_file:
        log_file.parent.mkdir(parents=True, exist_ok=True)
    return open(log_file or os.devnull, "ab")
