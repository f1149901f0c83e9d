"""Child processes that answer one request at a time, and are replaced when they crash, hang or are not wanted."""

import asyncio
import contextlib
import os
import pickle
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import BinaryIO, cast

_START_TIMEOUT_S = 60.0
"""For a cold start from a slow disk, with a virus scanner in between."""
_TAIL = 4_096
"""Bytes of a process's errors that are remembered."""
_LONGEST_LINE = 300
"""Characters of the last line that are shown."""
_DRAIN_S = 1.0
"""How long to wait for the end of them; what the process started may still hold the pipe."""
_BROKEN_PIPE = (EOFError, OSError, pickle.UnpicklingError)
_WINDOWS_FLAGS = getattr(subprocess, "CREATE_NO_WINDOW", 0) | getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)


class WorkerNotStarted(Exception):
    """The process could not be started, or ended before it was ready; the text is the reason, without a full stop."""


class WorkerCrashed(Exception):
    """The process ended before it answered; the text is the last line that it wrote to its standard error, if any."""


class WorkerTimedOut(Exception):
    """The process did not answer in time, and was ended."""


class WorkerPool:
    """A fixed number of processes, each started when it is first needed; requests wait for a free one.

    A process runs `python -m module`, which writes one pickle when it is ready, and then for each pickled request on
    its standard input one pickled reply to its standard output. It is a plain subprocess: it inherits no other pipe
    and no socket, and does not import the parent's main module, as `multiprocessing` would. It sees the end of its
    input when the parent dies, however that happens.
    """

    def __init__(self, module: str, workers: int) -> None:
        self._workers = [_Worker(module) for _ in range(workers)]
        self._idle: SimpleQueue[_Worker] = SimpleQueue()
        for worker in self._workers:
            self._idle.put(worker)
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="worker")

    async def ask(self, request: object, timeout_s: float) -> object:
        """The reply; `timeout_s` counts from when a process takes the request up. Safe from several event loops.

        Cancelling it frees its process at once.

        Raises:
            WorkerCrashed: the process ended instead, and so did its successor.
            WorkerNotStarted: there is no process that could answer.
            WorkerTimedOut: it took too long.
        """
        reply = asyncio.wrap_future(self._threads.submit(self._serve, request, timeout_s))
        try:
            return await reply
        except asyncio.CancelledError:
            for worker in self._workers:
                worker.abandon(request)
            raise

    async def close(self) -> None:
        """Ends all processes; what still waits is cancelled."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        await asyncio.to_thread(self._end)

    def _serve(self, request: object, timeout_s: float) -> object:
        worker = self._idle.get()
        try:
            return worker.ask(request, timeout_s)
        finally:
            self._idle.put(worker)

    def _end(self) -> None:
        for worker in self._workers:
            worker.kill()
        self._threads.shutdown(wait=True)
        for worker in self._workers:
            worker.end()


class _Worker:
    """One process at a time; `ask` is called by one thread at a time, the rest from anywhere."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: _LastLine | None = None
        self._lock = threading.Lock()
        self._request: object = None
        """What is being answered; the process may be killed for its sake only."""
        self._killed = self._timed_out = False

    def ask(self, request: object, timeout_s: float) -> object:
        """The reply; a process that dies by itself gets one successor, since the request need not be the reason.

        Raises:
            WorkerCrashed, WorkerTimedOut, WorkerNotStarted: as for `WorkerPool.ask`.
        """
        try:
            return self._ask(request, timeout_s)
        except WorkerCrashed:
            if self._killed:
                raise
            return self._ask(request, timeout_s)

    def abandon(self, request: object) -> None:
        """Nobody waits for the answer to this request any more."""
        with self._lock:
            if self._request is request:
                self.kill()

    def kill(self) -> None:
        if self._process:
            self._killed = True
            _kill(self._process)

    def end(self) -> None:
        """Kills the process and frees its pipes."""
        process, self._process = self._process, None
        if process and process.stdin and process.stdout:
            _kill(process)
            process.wait()
            process.stdout.close()
            with contextlib.suppress(OSError):  # a request that was never read is still in its buffer
                process.stdin.close()

    def _ask(self, request: object, timeout_s: float) -> object:
        with self._lock:
            self._request, self._timed_out = request, False
        try:
            if self._process is None or self._killed or self._process.poll() is not None:
                self._restart()
            return self._exchange(request, timeout_s)
        except _BROKEN_PIPE as error:
            self.end()
            raise WorkerTimedOut if self._timed_out else WorkerCrashed(self._last_line()) from error
        finally:
            with self._lock:
                self._request = None

    def _restart(self) -> None:
        self.end()
        self._killed, self._errors = False, None
        try:
            self._start()
            self._exchange(None, _START_TIMEOUT_S)
        except (*_BROKEN_PIPE, RuntimeError) as error:  # the last is what a thread raises that cannot be started
            self.end()
            reason = f"it was not ready after {_START_TIMEOUT_S:g} seconds" if self._timed_out else self._last_line()
            raise WorkerNotStarted(reason or _system_reason(error)) from error

    def _start(self) -> None:
        self._errors = _LastLine()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", self._module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors.pipe,
                env=os.environ | _environment(),
                creationflags=_WINDOWS_FLAGS,
                process_group=None if sys.platform == "win32" else 0,  # with what it starts, so that both end together
            )
        finally:
            self._errors.begin()

    def _last_line(self) -> str:
        return self._errors.text() if self._errors else ""

    def _exchange(self, request: object, timeout_s: float) -> object:
        assert self._process
        requests, replies = cast(BinaryIO, self._process.stdin), cast(BinaryIO, self._process.stdout)
        timer = threading.Timer(timeout_s, self._time_out, [self._request])
        timer.daemon = True
        timer.start()
        try:
            if request is not None:
                pickle.dump(request, requests)
                requests.flush()
            return pickle.load(replies)
        finally:
            timer.cancel()

    def _time_out(self, request: object) -> None:
        with self._lock:
            if self._request is request:
                self._timed_out = True
                self.kill()


class _LastLine:
    """The last line of what a process writes to its standard error; the rest is dropped."""

    def __init__(self) -> None:
        self._read, self.pipe = os.pipe()
        self._tail = b""
        self._thread = threading.Thread(target=self._drain, name="worker-errors", daemon=True)

    def begin(self) -> None:
        """Begins to read; the process has its end of the pipe by now, or there is none."""
        os.close(self.pipe)
        self._thread.start()

    def text(self) -> str:
        """The line, "" without one; the process has ended."""
        if self._thread.ident:
            self._thread.join(_DRAIN_S)
        lines = self._tail.decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")[:_LONGEST_LINE]

    def _drain(self) -> None:
        while part := os.read(self._read, _TAIL):
            self._tail = (self._tail + part)[-_TAIL:]
        os.close(self._read)


def _system_reason(error: BaseException) -> str:
    """The system's message, without a full stop."""
    if isinstance(error, RuntimeError):
        return str(error)
    return getattr(error, "strerror", None) or "it ended at once"


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Ends it at once, and where the system has process groups also what it started."""
    if sys.platform == "win32":
        process.kill()
    elif process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def _environment() -> dict[str, str]:
    return {
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),  # the child finds what its parent found
        "MALLOC_ARENA_MAX": "2",  # an arena for each core would use up the limit of the address space
        "RAYON_NUM_THREADS": "2",
        "TOKIO_WORKER_THREADS": "2",
        "OMP_THREAD_LIMIT": "1",  # Tesseract is four times slower with threads that wait for each other
    }
