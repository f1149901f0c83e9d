"""Work in threads and tasks: run to its end, shared by several callers, or started again after an error."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from rag.errors import ModelUnavailable

_log = logging.getLogger(__name__)

T = TypeVar("T")


async def run_to_completion(function: Callable[[], T], *, on_cancel: Callable[[], None] = lambda: None) -> T:
    """What the function returns, from a thread. Cancelling calls `on_cancel`, and waits until the function is done."""
    work = asyncio.ensure_future(asyncio.to_thread(function))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        on_cancel()
        while not work.done():
            try:
                await asyncio.wait([work])
            except asyncio.CancelledError:
                continue  # it is being cancelled already
        work.exception()  # retrieved, so that asyncio does not log it; being cancelled goes first
        raise


async def supervised(
    job: Callable[[], Coroutine[Any, Any, None]],
    name: str,
    *,
    on_error: Callable[[Exception], None] = lambda _: None,
    first_pause_s: float = 1.0,
    longest_pause_s: float = 60.0,
) -> None:
    """Runs a background job until it returns or is cancelled; an error is logged, and the job started again.

    `on_error` is called with each error. The pause before the next start doubles from `first_pause_s` up to
    `longest_pause_s`; a job that ran for longer than that begins with the first again.
    """
    pause_s = first_pause_s
    while True:
        started = time.monotonic()
        try:
            return await job()
        except Exception as error:  # noqa: BLE001 - whatever it is, a background job does not end without a word
            if time.monotonic() - started > longest_pause_s:
                pause_s = first_pause_s
            _log.exception("%s failed, and is started again in %g seconds", name, pause_s)
            on_error(error)
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, longest_pause_s)


class SingleFlight(Generic[T]):
    """Runs a job for the first caller; those that call while it runs wait for the same run."""

    def __init__(self, job: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._job = job
        self._run: asyncio.Task[T] | None = None

    @property
    def running(self) -> bool:
        """True while another caller would share the run."""
        return self._run is not None and not self._run.done()

    async def __call__(self) -> T:
        """What the job returns; a caller that is cancelled does not stop it for the others.

        Raises:
            ModelUnavailable: it was cancelled.
        """
        if self._run is None or self._run.done():
            self._run = asyncio.create_task(self._job())
            self._run.add_done_callback(_retrieve)
        run = self._run
        await asyncio.wait((run,))
        if run.cancelled():
            raise ModelUnavailable("The model was stopped before it could start. Ask again.")
        return run.result()

    async def cancel(self) -> None:
        """Ends a run that is under way, for all callers."""
        if self._run is not None:
            self._run.cancel()
            await asyncio.wait((self._run,))


def _retrieve(run: asyncio.Task[Any]) -> None:
    """Retrieves an error that nobody waits for any more, so that asyncio does not log it."""
    if not run.cancelled():
        run.exception()
