"""Work in threads that is not left half done when nobody waits for it any more."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def to_the_end(function: Callable[[], T], *, on_cancel: Callable[[], None] = lambda: None) -> T:
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
