"""Work in threads that is not left half done when nobody waits for it any more."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from rag.errors import ModelUnavailable

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
                continue  # the wish is known already
        work.exception()  # looked at, so that nobody complains; the cancelling goes first
        raise


class SingleFlight(Generic[T]):
    """Runs the job for whoever comes first; who comes while it runs waits for the same run."""

    def __init__(self, job: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._job = job
        self._run: asyncio.Task[T] | None = None

    @property
    def running(self) -> bool:
        """True while somebody could join."""
        return self._run is not None and not self._run.done()

    async def __call__(self) -> T:
        """What the job gives; who stops waiting does not stop it for the others.

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
        """Ends a run that is under way, for all."""
        if self._run is not None:
            self._run.cancel()
            await asyncio.wait((self._run,))


def _retrieve(run: asyncio.Task[Any]) -> None:
    """Looks at the result, as nobody else does when all have stopped waiting."""
    if not run.cancelled():
        run.exception()
