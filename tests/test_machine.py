"""The machine that a run is made on, with and without a graphics card that answers."""

import asyncio
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from rag.machine import PowerMeter, gpu_memory_mb, gpu_names, processor, resident_mb, this_machine, versions

Fake = Callable[[str], None]
posix = pytest.mark.skipif(os.name != "posix", reason="a shell script stands for nvidia-smi")

ANSWERS = """
case "$*" in
  *query-gpu=name*) echo "Made-up RTX 1"; echo "Made-up RTX 2" ;;
  *query-gpu=memory.used*) echo 1000; echo "[N/A]" ;;
  *query-gpu=index,power.draw*--loop-ms=*)
    echo "0, 900"
    sleep 0.05
    while :; do echo "0, 50.5"; echo "1, [N/A]"; echo "0, 49.5"; echo "2, 10"; sleep 0.02; done ;;
  *) exit 9 ;;
esac
"""


@pytest.fixture
def nvidia_smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Puts a script of that name in front of the path."""

    def fake(script: str) -> None:
        program = tmp_path / "nvidia-smi"
        program.write_text(f"#!/bin/sh\n{script}")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    return fake


async def metered(seconds: float = 0.3) -> float | None:
    async with PowerMeter() as meter:
        await asyncio.sleep(seconds)
    return meter.watts


@posix
async def test_the_cards_are_read_where_nvidia_smi_answers(nvidia_smi: Fake):
    nvidia_smi(ANSWERS)
    assert await gpu_names() == "Made-up RTX 1, Made-up RTX 2"
    assert await gpu_memory_mb() == pytest.approx(1048.576), "MiB, of the card that tells"
    assert (await this_machine()).gpu == "Made-up RTX 1, Made-up RTX 2"


@posix
async def test_power_is_the_mean_of_each_card_and_the_sum_of_the_cards(nvidia_smi: Fake):
    """Without the first reading, which is of the time before."""
    nvidia_smi(ANSWERS)
    assert await metered() == pytest.approx(60)


@posix
async def test_the_power_reader_is_gone_after_its_block(nvidia_smi: Fake):
    nvidia_smi(ANSWERS)
    before = set(psutil.Process().children())
    async with PowerMeter():
        assert set(psutil.Process().children()) > before
    assert set(psutil.Process().children()) == before


@posix
async def test_a_reader_that_never_says_anything_goes_with_whoever_waits_for_it(nvidia_smi: Fake):
    nvidia_smi("exec sleep 60")
    before = set(psutil.Process().children())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(metered(), 0.3)
    assert set(psutil.Process().children()) == before


@posix
@pytest.mark.parametrize("script", ["exit 9", "echo NVIDIA-SMI has failed; exit 9", "printf '\\377 [N/A]'", "true"])
async def test_a_card_that_does_not_tell_is_none(nvidia_smi: Fake, script: str):
    nvidia_smi(script)
    assert (await gpu_memory_mb(), await metered(0.1)) == (None, None)


async def test_without_a_card_there_is_no_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (await gpu_names(), await gpu_memory_mb(), await metered(0)) == ("", None, None)


async def test_the_machine_is_described_without_its_name():
    found = await this_machine()
    assert found.cores == os.cpu_count()
    assert found.memory_mb > 100
    assert found.python == ".".join(map(str, sys.version_info[:3]))
    assert found.versions == versions()
    assert set(found.versions) >= {"openai", "httpx2"}


def test_the_processor_has_a_name():
    assert processor().strip()


def test_the_memory_of_a_process_is_read_while_it_lives():
    assert (resident_mb(os.getpid()) or 0) > 10
    assert resident_mb(None) is None
    assert resident_mb(2**22 + 1) is None
