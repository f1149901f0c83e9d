"""Work in a thread that is waited for, also by those who do not want it any more."""

import asyncio
import threading

import pytest

from rag.concurrency import to_the_end


async def test_it_gives_what_the_function_gives() -> None:
    assert await to_the_end(threading.get_ident) != threading.get_ident()
    with pytest.raises(KeyError):
        await to_the_end(lambda: {}["no such key"])


@pytest.mark.parametrize("fails", [False, True])
async def test_who_cancels_waits_for_the_end(fails: bool) -> None:
    begun, wished, may_end, ended = (threading.Event() for _ in range(4))

    def work() -> None:
        begun.set()
        may_end.wait()
        ended.set()
        if fails:
            raise KeyError

    task = asyncio.create_task(to_the_end(work, on_cancel=wished.set))
    await asyncio.to_thread(begun.wait)
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0.02)
    assert wished.is_set()
    assert not task.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
