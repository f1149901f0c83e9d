"""The supervised child: starts, crashes, downloads, garbage. The children are scripted; `test_real_runtime` has the
real ones."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from rag.errors import ModelCrashed, ModelNotFound, ModelNotReady, ModelUnavailable
from rag.generation.foundry.child import LOG_MAX_BYTES
from rag.generation.foundry.protocol import ModelInfo, ModelsReply, Ready, encode
from rag.generation.foundry.runtime import FoundryRuntime

DOWNLOADING = (sys.executable, "-m", "tests.runtime.scripted_child")
READY = encode(Ready("http://127.0.0.1:9", "0"))
NO_VARIANTS = encode(ModelsReply(1, ()))


def saying(*lines: bytes, then: str = "sys.stdin.readline()") -> tuple[str, ...]:
    """A child that prints these lines at the first request, and then does that."""
    code = f"import os, sys; sys.stdout.buffer.write({READY!r}); sys.stdout.flush(); sys.stdin.readline(); "
    return (sys.executable, "-c", f"{code}sys.stdout.buffer.write({b''.join(lines)!r}); sys.stdout.flush(); {then}")


def children() -> list[psutil.Process]:
    """The child programs of this process that live."""
    return [process for process in psutil.Process().children() if "--cache-dir" in process.cmdline()]


def read(path: str) -> str:
    return Path(path).read_text()


@pytest_asyncio.fixture
async def supervised(tmp_path: Path) -> AsyncIterator[Callable[..., FoundryRuntime]]:
    """Makes runtimes over any child program, and closes them."""
    made: list[FoundryRuntime] = []

    def make(command: tuple[str, ...], **options: float) -> FoundryRuntime:
        log_file = tmp_path / "logs" / "child.log"
        made.append(FoundryRuntime(cache_dir=tmp_path, log_file=log_file, command=command, **options))
        return made[-1]

    yield make
    for runtime in made:
        await runtime.close()


Supervised = Callable[..., FoundryRuntime]


async def test_a_download_tells_how_far_it_is_and_leaves_the_model_on_the_disk(supervised: Supervised) -> None:
    runtime = supervised(DOWNLOADING)
    assert not (await runtime.describe("downloads")).cached
    shares = [share async for share in runtime.download("downloads")]
    assert shares == sorted(shares)
    assert len(shares) > 10
    assert shares[-1] == 1
    assert (await runtime.describe("downloads")).cached
    assert [share async for share in runtime.download("downloads")] == [1]


async def test_closing_the_iterator_cancels_the_download(supervised: Supervised) -> None:
    runtime = supervised(DOWNLOADING)
    async with aclosing(runtime.download("downloads")) as shares:
        async for share in shares:
            if share > 0.1:
                break
    await asyncio.sleep(1)  # the whole download takes 0.6
    assert not (await runtime.describe("downloads")).cached


async def test_a_person_who_leaves_cancels_the_download_too(supervised: Supervised) -> None:
    runtime = supervised(DOWNLOADING)
    begun = asyncio.Event()

    async def consume() -> None:
        async for _ in runtime.download("downloads"):
            begun.set()

    consumer = asyncio.create_task(consume())
    await begun.wait()
    consumer.cancel()
    await asyncio.wait((consumer,))
    await asyncio.sleep(1)
    assert not (await runtime.describe("downloads")).cached


async def test_other_requests_are_answered_during_a_download(supervised: Supervised) -> None:
    runtime = supervised(DOWNLOADING)
    async with aclosing(runtime.download("downloads")) as shares:
        await anext(shares)
        async with asyncio.timeout(5):
            assert (await runtime.describe("breaks")).alias == "breaks"
        assert await anext(shares) < 1


async def test_a_download_that_breaks_off_is_one_plain_sentence(supervised: Supervised) -> None:
    with pytest.raises(ModelNotReady) as caught:
        async for _ in supervised(DOWNLOADING).download("breaks"):
            pass
    assert str(caught.value) == "breaks could not be downloaded. Check the internet connection and try again."


async def test_a_model_that_no_catalogue_has_is_not_found(supervised: Supervised) -> None:
    runtime = supervised(DOWNLOADING)
    await runtime.start()
    before = runtime.pid
    with pytest.raises(ModelNotFound, match="no model nobody") as caught:
        await anext(runtime.download("nobody"))
    assert (caught.value.model, caught.value.address, caught.value.status) == ("nobody", "", None)
    assert runtime.pid != before, "the catalogue was not asked for anew"


async def test_a_model_that_no_catalogue_has_does_not_end_a_running_download(supervised: Supervised) -> None:
    runtime = supervised(DOWNLOADING)
    async with aclosing(runtime.download("downloads")) as shares:
        await anext(shares)
        with pytest.raises(ModelNotFound):
            await anext(runtime.download("nobody"))
        assert [share async for share in shares][-1] == 1


async def test_after_a_silent_catalogue_a_download_looks_for_the_network_anew(
    supervised: Supervised, tmp_path: Path
) -> None:
    (tmp_path / "silent").touch()
    runtime = supervised(DOWNLOADING)
    assert not (await runtime.describe("downloads")).cached
    for _ in range(2):
        with pytest.raises(ModelNotReady, match="Check the internet connection"):
            await anext(runtime.download("downloads"))
    (tmp_path / "silent").unlink()  # the network is back
    *downloads, other = await asyncio.gather(
        *(whole(runtime.download("downloads")) for _ in range(2)), runtime.describe("breaks")
    )
    assert [shares[-1] for shares in downloads] == [1, 1]
    assert other.alias == "breaks", "a request that meets the change of children is answered by the new one"
    assert len(children()) == 1


async def whole(shares: AsyncIterator[float]) -> list[float]:
    return [share async for share in shares]


async def test_without_a_catalogue_a_model_on_the_disk_needs_no_new_child(
    supervised: Supervised, tmp_path: Path
) -> None:
    for name in ("silent", "downloads"):
        (tmp_path / name).touch()
    runtime = supervised(DOWNLOADING)
    await runtime.start()
    before = runtime.pid
    assert await whole(runtime.download("downloads")) == [1]
    assert runtime.pid == before


async def test_concurrent_starts_share_one_child(supervised: Supervised) -> None:
    runtime = supervised(DOWNLOADING)
    assert (runtime.state, runtime.url, runtime.pid) == ("stopped", "", None)
    starts = [asyncio.create_task(runtime.start()) for _ in range(5)]
    await asyncio.sleep(0)
    assert runtime.state == "starting"
    await asyncio.gather(*starts, runtime.describe("downloads"))
    assert runtime.state == "ready"
    assert len(children()) == 1


async def test_close_leaves_no_process_also_in_the_middle_of_a_start(supervised: Supervised) -> None:
    runtime = supervised(DOWNLOADING)
    start = asyncio.create_task(runtime.start())
    await asyncio.sleep(0.1)
    await runtime.close()
    with pytest.raises(ModelUnavailable):
        await start
    assert children() == []
    assert runtime.state == "stopped"
    await runtime.start()
    await runtime.close()
    assert children() == []


async def test_pending_requests_hear_of_the_crash_and_the_next_one_gets_a_new_child(supervised: Supervised) -> None:
    runtime = supervised(DOWNLOADING)
    async with aclosing(runtime.download("downloads")) as shares:
        await anext(shares)
        crashed, url = runtime.pid, runtime.url
        assert crashed is not None
        assert not await runtime.has_ended(url, within_s=0)
        psutil.Process(crashed).kill()
        with pytest.raises(ModelCrashed):
            async for _ in shares:
                pass
    assert await runtime.has_ended(url, within_s=5)
    assert (runtime.state, runtime.url) == ("failed", "")
    assert await runtime.describe("downloads")
    assert runtime.pid not in (None, crashed)


async def test_after_three_crashes_in_a_minute_it_rests(supervised: Supervised) -> None:
    runtime = supervised(saying(then="os._exit(3)"))
    for _ in range(3):
        with pytest.raises(ModelCrashed):
            await runtime.describe("downloads")
    with pytest.raises(ModelUnavailable, match=r"stopped 3 times within a minute.*Ask again in a minute"):
        await runtime.describe("downloads")
    assert runtime.state == "failed"


async def test_a_child_that_does_not_start_is_one_plain_sentence_with_its_log(supervised: Supervised) -> None:
    runtime = supervised((sys.executable, "-c", "raise SystemExit('libfoundry_local.so is missing')"))
    with pytest.raises(
        ModelUnavailable, match=r"does not start on this computer\. Its log is (.*child\.log)"
    ) as caught:
        await runtime.start()
    log_file = str(caught.value).partition("Its log is ")[2].removesuffix(".")
    assert "libfoundry_local.so is missing" in read(log_file)
    assert runtime.state == "failed"


async def test_a_long_log_is_rotated_at_the_next_start(supervised: Supervised, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "child.log").write_bytes(b"x" * (LOG_MAX_BYTES + 1))
    (logs / "child.log.old").write_text("older")
    runtime = supervised(DOWNLOADING)
    await runtime.start()
    assert {path.name for path in logs.iterdir()} == {"child.log", "child.log.old"}
    assert (logs / "child.log.old").stat().st_size == LOG_MAX_BYTES + 1
    assert "the native runtime talks on stdout" in read(str(logs / "child.log"))


async def test_a_log_that_cannot_be_written_does_not_keep_the_child_from_starting(
    supervised: Supervised, tmp_path: Path
) -> None:
    (tmp_path / "logs").touch()  # a file where the folder should be
    runtime = supervised(DOWNLOADING)
    await runtime.start()
    assert runtime.state == "ready"


async def test_a_child_that_never_gets_ready_is_ended(supervised: Supervised) -> None:
    runtime = supervised((sys.executable, "-c", "input()"), start_timeout_s=0.5)
    with pytest.raises(ModelUnavailable):
        await runtime.start()
    assert children() == []


async def test_a_program_that_is_not_there_is_told_like_one_that_does_not_start(supervised: Supervised) -> None:
    with pytest.raises(ModelUnavailable, match="does not start"):
        await supervised(("/nowhere/python",)).start()


async def test_noise_on_the_channel_is_passed_over(supervised: Supervised, caplog: pytest.LogCaptureFixture) -> None:
    model = ModelInfo("phi-4-mini", "phi:1", cached=True, loaded=False)
    noise = [b"[warning] a native line\n", b"\xff\xfe\n", b'{"type": "sing"}\n', encode(ModelsReply(99, ()))]
    runtime = supervised(saying(*noise, encode(ModelsReply(1, (model,)))))
    assert await runtime.describe("phi-4-mini") == model
    assert "a native line" in caplog.text


async def test_a_line_without_end_is_passed_over(supervised: Supervised) -> None:
    endless = "sys.stdout.write('x' * 2**25 + '\\n'); sys.stdout.buffer.flush(); "
    answer = f"sys.stdout.buffer.write({NO_VARIANTS!r}); sys.stdout.flush(); sys.stdin.readline()"
    assert await supervised(saying(then=endless + answer)).variants("phi-4-mini") == []
