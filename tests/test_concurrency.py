"""Work in threads and tasks: waited for, shared, and started again."""

import asyncio
import threading

import pytest

from rag.concurrency import SingleFlight, run_to_completion, supervised
from rag.errors import ModelUnavailable


async def test_it_gives_what_the_function_gives() -> None:
    assert await run_to_completion(threading.get_ident) != threading.get_ident()
    with pytest.raises(KeyError):
        await run_to_completion(lambda: {}["no such key"])


@pytest.mark.parametrize("fails", [False, True])
async def test_who_cancels_waits_for_the_end(fails: bool) -> None:
    begun, wished, may_end, ended = (threading.Event() for _ in range(4))

    def work() -> None:
        begun.set()
        may_end.wait()
        ended.set()
        if fails:
            raise KeyError

    task = asyncio.create_task(run_to_completion(work, on_cancel=wished.set))
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


class Job:
    """Counts its runs; each ends when `go` is set."""

    def __init__(self, error: Exception | None = None) -> None:
        self.runs = 0
        self.go = asyncio.Event()
        self._error = error

    async def __call__(self) -> int:
        self.runs += 1
        await self.go.wait()
        if self._error:
            raise self._error
        return self.runs


async def test_all_who_ask_share_one_run() -> None:
    job = Job()
    shared = SingleFlight(job)
    waiting = [asyncio.create_task(shared()) for _ in range(3)]
    await asyncio.sleep(0)
    assert shared.running
    job.go.set()
    assert await asyncio.gather(*waiting) == [1, 1, 1]
    assert not shared.running


async def test_who_asks_later_gets_a_new_run() -> None:
    job = Job()
    job.go.set()
    shared = SingleFlight(job)
    assert [await shared(), await shared()] == [1, 2]


async def test_who_leaves_does_not_end_it_for_the_others() -> None:
    job = Job()
    shared = SingleFlight(job)
    leaves, stays = asyncio.create_task(shared()), asyncio.create_task(shared())
    await asyncio.sleep(0)
    leaves.cancel()
    await asyncio.wait((leaves,))
    job.go.set()
    assert leaves.cancelled()
    assert await stays == 1


async def test_all_hear_of_its_failure_and_the_next_run_is_new() -> None:
    job = Job(OSError("no"))
    job.go.set()
    shared = SingleFlight(job)
    results = await asyncio.gather(shared(), shared(), return_exceptions=True)
    assert [type(result) for result in results] == [OSError, OSError]
    with pytest.raises(OSError, match="no"):
        await shared()
    assert job.runs == 2


async def test_cancelling_it_is_an_error_for_those_who_wait_not_their_own_end() -> None:
    shared = SingleFlight(Job())
    waiting = asyncio.create_task(shared())
    await asyncio.sleep(0)
    await shared.cancel()
    with pytest.raises(ModelUnavailable, match="Ask again"):
        await waiting


class Background:
    """Fails as often as it is told to, then runs until it is cancelled."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.runs = asyncio.Event()

    async def __call__(self) -> None:
        await asyncio.sleep(0)
        if self.errors:
            raise self.errors.pop(0)
        self.runs.set()
        await asyncio.Event().wait()


async def test_a_background_job_that_fails_is_logged_shown_and_started_again(caplog: pytest.LogCaptureFixture) -> None:
    errors = [KeyError("one"), OSError("two")]
    job, shown = Background(*errors), list[Exception]()
    task = asyncio.create_task(supervised(job, "The job", on_error=shown.append, first_pause_s=0.01))
    async with asyncio.timeout(10):
        await job.runs.wait()
    assert shown == errors
    assert [record.getMessage() for record in caplog.records] == [
        "The job failed, and is started again in 0.01 seconds",
        "The job failed, and is started again in 0.02 seconds",
    ]
    assert all(record.exc_info for record in caplog.records)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_background_job_that_is_done_is_not_started_again() -> None:
    runs: list[int] = []

    async def job() -> None:
        runs.append(1)

    await supervised(job, "The job")
    assert runs == [1]


async def test_the_pause_between_two_starts_has_an_end(caplog: pytest.LogCaptureFixture) -> None:
    job = Background(*(ValueError() for _ in range(4)))
    task = asyncio.create_task(supervised(job, "The job", first_pause_s=0.01, longest_pause_s=0.02))
    async with asyncio.timeout(10):
        await job.runs.wait()
    assert caplog.text.count("again in 0.02 seconds") >= 1
    assert "0.04" not in caplog.text
    task.cancel()
    await asyncio.wait([task])
