"""The real Foundry Local runtime in its child process, with tiny models under the names of the real ones."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from rag.errors import ContextTooSmall, ModelCrashed, ModelError, ModelNotFound, ModelNotReady, StorageError
from rag.generation.chat_model import (
    Ended,
    GenerationLimits,
    Loading,
    ModelEvent,
    Opened,
    ReasoningDelta,
    Requested,
    TextDelta,
)
from rag.generation.foundry import model as local
from rag.generation.foundry.launcher import COMMAND
from rag.generation.foundry.model import FoundryModel
from rag.generation.foundry.protocol import (
    Describe,
    DownloadModel,
    Failed,
    Load,
    ModelsReply,
    Ready,
    Reply,
    decode_reply,
    encode,
)
from rag.generation.foundry.runtime import FoundryRuntime
from rag.generation.openai_model import OpenAIModel
from rag.generation.prompt import Prompt, answer_prompt
from tests import REPOSITORY
from tests.conftest import ENORMOUS, HUGE, MISSING
from tests.runtime.tiny_models import SLOW, SMALL, write_cache

pytestmark = pytest.mark.runtime

PROMPT = answer_prompt("How many days of paid leave are there?")
LIMITS = GenerationLimits(max_tokens=200)
ENDLESS = GenerationLimits(max_tokens=10_000)

MakeModel = Callable[..., FoundryModel]


@pytest_asyncio.fixture
async def model(runtime: FoundryRuntime) -> AsyncIterator[MakeModel]:
    """Makes models of the runtime by alias, and closes them."""
    made: list[FoundryModel] = []

    def make(alias: str, **options: float) -> FoundryModel:
        made.append(FoundryModel(runtime, alias, **options))
        return made[-1]

    yield make
    for one in made:
        await one.close()


async def events(model: FoundryModel, prompt: Prompt = PROMPT, limits: GenerationLimits = LIMITS) -> list[ModelEvent]:
    return [event async for event in model.stream(prompt, limits)]


def text(events: list[ModelEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def kinds(events: list[ModelEvent]) -> list[type]:
    """The kinds of event in their order, each once."""
    return list(dict.fromkeys(type(event) for event in events))


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Comes back when the condition holds, which is within seconds or never."""
    for _ in range(400):
        if await condition():
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"{condition} never came true")


def gone(pid: int | None) -> bool:
    return pid is None or not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


async def killed_in_the_middle(runtime: FoundryRuntime, model: FoundryModel) -> tuple[str, str]:
    """What the model said until its process was killed, and what the person is told then."""
    said: list[ModelEvent] = []
    try:
        async for event in model.stream(PROMPT, ENDLESS):
            said.append(event)
            if text(said) == " 0 1 2":
                psutil.Process(runtime.pid).kill()
    except ModelCrashed as error:
        return text(said), str(error)
    pytest.fail("the stream ended as if nothing had happened")


async def test_the_catalogue_lists_the_models_as_foundry_local_knows_them(runtime: FoundryRuntime) -> None:
    small, missing = await runtime.describe("phi-4-mini"), await runtime.describe(MISSING.alias)
    assert (small.id, small.cached, small.loaded, small.device) == (SMALL.id, True, False, "CPU")
    assert small.context_length == SMALL.context
    assert small.size_mb == pytest.approx(0.3, abs=0.3), "the size of the files, where the catalogue has none"
    assert (missing.cached, missing.size_mb) == (False, 3400)


async def test_a_model_answers_by_its_alias_or_its_variant_in_any_case(model: MakeModel) -> None:
    for alias in ("phi-4-mini", "PHI-4-Mini", SMALL.id, SMALL.id.upper()):
        told = await events(model(alias))
        assert kinds(told) == [Loading, Requested, Opened, TextDelta, Ended], alias
        assert text(told) == "Paid leave is 30 days a year [1]."
        assert told[-1].finish_reason == "stop"
        assert told[-1].usage.completion == len(SMALL.words)
        assert told[-1].usage.prompt > len(PROMPT.messages[-1]["content"].split())


async def test_only_the_first_question_waits_for_the_model(model: MakeModel) -> None:
    small = model("phi-4-mini")
    assert kinds(await events(small))[0] is Loading
    assert kinds(await events(small))[0] is Requested


async def test_reasoning_comes_apart_from_the_answer(model: MakeModel) -> None:
    told = await events(model("gpt-oss-20b"))
    assert kinds(told) == [Loading, Requested, Opened, ReasoningDelta, TextDelta, Ended]
    assert text(told) == "Everybody has 30 days of paid leave each year [1]."
    assert "".join(e.text for e in told if isinstance(e, ReasoningDelta)).split() == ["Let", "me", "see"]
    assert told[-1].usage.reasoning == 3


async def test_closing_the_stream_stops_the_model_and_the_next_question_works(
    runtime: FoundryRuntime, model: MakeModel
) -> None:
    slow = model(SLOW.alias)
    async with aclosing(slow.stream(PROMPT, ENDLESS)) as stream:
        async for event in stream:
            if isinstance(event, TextDelta):
                break
    child = psutil.Process(runtime.pid)

    async def idle() -> bool:
        return await busy_share(child) < 0.2

    await until(idle)
    assert text(await events(slow, limits=GenerationLimits(3))) == " 0 1 2"


async def busy_share(process: psutil.Process) -> float:
    """The share of a core that the process took for half a second."""
    before = process.cpu_times()
    await asyncio.sleep(0.5)
    after = process.cpu_times()
    return (after.user + after.system - before.user - before.system) / 0.5


async def test_a_prompt_over_the_context_is_refused_and_the_next_question_works(model: MakeModel) -> None:
    small = model("phi-4-mini")
    with pytest.raises(ContextTooSmall):
        await events(small, answer_prompt("x" * 2 * SMALL.context))
    assert text(await events(small))


async def test_two_chats_are_answered_side_by_side_by_one_child(runtime: FoundryRuntime, model: MakeModel) -> None:
    small, large = model("phi-4-mini"), model("gpt-oss-20b")
    answers = await asyncio.gather(events(small), events(small), events(large))
    assert [kinds(answer)[0] for answer in answers] == [Loading] * 3
    assert text(answers[0]) == text(answers[1]) == "".join(SMALL.words)
    assert len({process.pid for process in psutil.Process().children() if "--cache-dir" in process.cmdline()}) == 1


async def test_a_killed_child_ends_the_answer_with_one_sentence_and_the_next_turn_works(
    runtime: FoundryRuntime, model: MakeModel
) -> None:
    slow = model(SLOW.alias)
    said, told = await killed_in_the_middle(runtime, slow)
    assert said.startswith(" 0 1 2")
    assert told == "slow-model stopped unexpectedly and is being started again. Ask again in a moment."
    assert text(await events(slow, limits=GenerationLimits(3))) == " 0 1 2"


async def test_after_a_crash_the_model_comes_back_without_being_asked(
    runtime: FoundryRuntime, model: MakeModel
) -> None:
    slow = model(SLOW.alias)
    await killed_in_the_middle(runtime, slow)

    async def ready() -> bool:
        return (await slow.status()).state == "ready"

    await until(ready)
    assert kinds(await events(slow, limits=GenerationLimits(1)))[0] is Requested


async def test_a_child_that_died_between_two_questions_is_replaced(runtime: FoundryRuntime, model: MakeModel) -> None:
    small = model("phi-4-mini")
    await events(small)
    url = runtime.url
    psutil.Process(runtime.pid).kill()
    assert await runtime.has_ended(url, within_s=5)
    assert kinds(await events(small)) == [Loading, Requested, Opened, TextDelta, Ended]


async def test_prepare_makes_the_first_question_fast(model: MakeModel) -> None:
    small = model("phi-4-mini")
    assert (await small.status()).state == "on_disk"
    preparing = asyncio.create_task(small.prepare())
    await asyncio.sleep(0)
    assert (await small.status()).state == "loading"
    await preparing
    assert (await small.status()).state == "ready"
    assert kinds(await events(small))[0] is Requested


async def test_models_that_cannot_answer_are_told_with_their_reason(runtime: FoundryRuntime, model: MakeModel) -> None:
    missing = model(MISSING.alias)
    await missing.prepare()
    status = await missing.status()
    assert (status.state, status.size_mb) == ("missing", 3400)
    assert status.detail == "missing-model is not on this computer yet. Its download takes 3.4 GB."
    with pytest.raises(ModelNotReady, match=r"^missing-model is not on this computer yet\."):
        await events(missing)

    with pytest.raises(ModelNotReady, match=r"^huge-model needs about 12,000\.0 GB of memory, and \d+\.\d GB are free"):
        await events(model(HUGE.alias))
    assert not (await runtime.describe(HUGE.alias)).loaded

    with pytest.raises(StorageError, match=r"^enormous-model takes 2,000,000\.0 GB on the disk"):
        await anext(runtime.download(ENORMOUS.alias))

    unknown = model("phi-5-nano")
    with pytest.raises(ModelNotFound, match="no model phi-5-nano"):
        await events(unknown)
    assert (await unknown.status()).state == "unavailable"


async def test_with_the_catalogue_on_the_disk_the_runtime_has_no_way_out(
    foundry_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readline())
        writer.close()

    async with await asyncio.start_server(proxy, "127.0.0.1", 0) as server:
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
            monkeypatch.setenv(name, address)
        runtime = FoundryRuntime(cache_dir=foundry_cache, app_data_dir=tmp_path / "app", catalogue="disk")
        await runtime.load(SMALL.alias)
        await asyncio.sleep(3)  # its telemetry tries about a second after the start when it is let
        await runtime.close()
    assert heard == []


async def test_damaged_files_are_one_plain_sentence(runtime: FoundryRuntime, foundry_cache: Path) -> None:
    damaged = foundry_cache / "Microsoft" / f"{SLOW.name}-1" / "v1" / "model.onnx"
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:100])
    try:
        with pytest.raises(ModelNotReady, match=r"^slow-model could not be loaded\. Its files may be damaged"):
            await runtime.load(SLOW.alias)
    finally:
        damaged.write_bytes(whole)


async def test_a_download_without_a_network_is_one_plain_sentence(
    runtime: FoundryRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # also where there is a network
    with pytest.raises(ModelError) as caught:
        async for _ in runtime.download(MISSING.alias):
            pass
    assert str(caught.value) == "missing-model could not be downloaded. Check the internet connection and try again."
    assert not (await runtime.describe(MISSING.alias)).cached


async def test_an_empty_catalogue_has_no_model(tmp_path: Path) -> None:
    runtime = FoundryRuntime(cache_dir=tmp_path / "none", app_data_dir=tmp_path, catalogue="disk")
    try:
        with pytest.raises(ModelNotFound):
            await runtime.describe("phi-4-mini")
    finally:
        await runtime.close()


async def test_a_catalogue_server_that_stays_silent_does_not_keep_a_model_on_the_disk_from_answering(
    foundry_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{silent.getsockname()[1]}")
        runtime = FoundryRuntime(
            cache_dir=foundry_cache, app_data_dir=tmp_path, catalogue="online", catalogue_timeout_s=1
        )
        small = FoundryModel(runtime, "phi-4-mini")
        try:
            assert text(await events(small)) == "".join(SMALL.words)
        finally:
            await small.close()
            await runtime.close()


async def test_keeping_warm_says_one_token_whenever_the_model_was_idle(
    model: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    class Counted(OpenAIModel):
        def stream(self, prompt: Prompt, limits: GenerationLimits):
            asked.append(limits.max_tokens)
            return super().stream(prompt, limits)

    monkeypatch.setattr(local, "OpenAIModel", Counted)
    warm, cold = model("phi-4-mini", keep_warm_s=0.1), model("gpt-oss-20b")
    await cold.prepare()
    await warm.prepare()

    async def said_often() -> bool:
        return len(asked) >= 5

    await until(said_often)
    assert set(asked) == {1}
    await warm.close()
    said = len(asked)
    await asyncio.sleep(0.5)
    assert len(asked) == said


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the folder of the native telemetry is Linux's")
async def test_onnx_runtime_keeps_no_telemetry(
    model: MakeModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)  # where it is set the native telemetry is silent of itself
    await events(model("phi-4-mini"))
    stores = {file.name for file in (tmp_path / ".cache").rglob("*") if file.is_file()}
    assert "deviceid" in stores, "the folder is another one now"
    assert not {name for name in stores if name.startswith("onnxruntime")}


APP = """
import asyncio, os, sys, time
from pathlib import Path
from rag.generation.foundry.runtime import FoundryRuntime

async def main():
    runtime = FoundryRuntime(cache_dir=Path(sys.argv[1]), app_data_dir=Path(sys.argv[1]) / "app", catalogue="disk")
    await runtime.start()
    holder = os.fork() if sys.argv[2] == "forked" else 0
    if sys.argv[2] == "forked" and not holder:
        time.sleep(600)  # has the pipe to the child open, as a worker of a process pool would
    print(runtime.pid, holder, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.mark.parametrize("kind", ["alone", *(["forked"] if hasattr(os, "fork") else [])])
def test_the_child_ends_when_the_app_is_killed(tmp_path: Path, kind: str) -> None:
    write_cache(tmp_path, [SMALL])
    with subprocess.Popen(
        [sys.executable, "-c", APP, str(tmp_path), kind], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    ) as app:
        child, holder = (int(number) for number in app.stdout.readline().split())
        try:
            assert not gone(child)
            app.kill()
            app.wait()
            deadline = time.monotonic() + 20
            while not gone(child) and time.monotonic() < deadline:
                time.sleep(0.05)
            assert gone(child)
        finally:
            if holder:
                os.kill(holder, signal.SIGKILL)


@pytest.fixture
def child(foundry_cache: Path, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The child program as any other would see it: two pipes."""
    command = [*COMMAND, "--parent", str(os.getpid()), "--cache-dir", str(foundry_cache), "--catalogue", "disk"]
    environment = {**os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    ) as child:
        yield child
        child.kill()


def say(child: subprocess.Popen[bytes], *lines: bytes) -> None:
    assert child.stdin
    child.stdin.write(b"".join(lines))
    child.stdin.flush()


def answer(child: subprocess.Popen[bytes]) -> Reply:
    assert child.stdout
    return decode_reply(child.stdout.readline())


def test_the_child_refuses_garbage_and_goes_on(child: subprocess.Popen[bytes]) -> None:
    assert isinstance(answer(child), Ready)
    say(child, b"garbage\n", encode(Describe(1, "phi-4-mini")), encode(Load(2, "nobody")))
    answers = [answer(child) for _ in range(3)]
    assert any(isinstance(reply, Failed) and reply.id is None and "garbage" in reply.detail for reply in answers)
    assert any(isinstance(reply, ModelsReply) and reply.id == 1 for reply in answers)
    assert any(isinstance(reply, Failed) and (reply.id, reply.fault) == (2, "not_found") for reply in answers)


def test_the_child_ends_with_its_stdin_also_while_native_code_waits(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(20)
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{silent.getsockname()[1]}")
        child: subprocess.Popen[bytes] = request.getfixturevalue("child")
        assert isinstance(answer(child), Ready)
        say(child, encode(DownloadModel(1, MISSING.alias)))
        download, _ = silent.accept()
        with download:
            assert child.stdin
            child.stdin.close()
            assert child.wait(timeout=20) == 0
