"""The machine that a run is made on, its graphics cards and its packages; nothing that names it."""

import asyncio
import os
import platform
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from types import TracebackType

import psutil

Scalar = str | int | float | bool | None

TIMED_PACKAGES = ("groundwork-chat", "foundry-local-sdk", "onnxruntime", "onnxruntime-genai-core", "openai", "httpx2")
"""What times depend on."""
_CPUINFO = Path("/proc/cpuinfo")
_SYSCTL_S = 5.0
_NVIDIA_SMI = "nvidia-smi"
_FORMAT = "--format=csv,noheader,nounits"
_TIMEOUT_S = 5.0
"""A driver that hangs is not waited for."""
_EVERY_MS = 200
"""Often enough for a mean over a second, seldom enough to cost nothing."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Where it ran."""

    system: str
    processor: str
    cores: int
    memory_mb: float
    gpu: str = ""
    python: str = ""
    versions: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of the packages that matter, by name."""


async def this_machine() -> Machine:
    """Where this process runs."""
    return Machine(
        system=f"{platform.system()} {platform.release()}",
        processor=await asyncio.to_thread(processor),
        cores=os.cpu_count() or 0,
        memory_mb=round(psutil.virtual_memory().total / 1e6),
        gpu=await gpu_names(),
        python=platform.python_version(),
        versions=versions(),
    )


def processor() -> str:
    """Its name as its maker wrote it; the architecture where the system does not know."""
    name = ""
    with suppress(OSError, subprocess.SubprocessError):
        name = _processor_name()
    return name.strip() or platform.processor() or platform.machine()


def versions(packages: Iterable[str] = TIMED_PACKAGES) -> dict[str, str]:
    """The versions of these packages, by name; a package that is not installed is left out."""
    from importlib.metadata import PackageNotFoundError, version  # costs every worker process 20 ms otherwise

    found: dict[str, str] = {}
    for package in packages:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def resident_mb(pid: int | None) -> float | None:
    """The resident memory of a process in megabytes; None when it is not there or may not be looked at."""
    try:
        return round(psutil.Process(pid).memory_info().rss / 1e6, 1) if pid else None
    except psutil.Error:
        return None


def _processor_name() -> str:
    if sys.platform == "win32":
        import winreg

        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"HARDWARE\DESCRIPTION\System\CentralProcessor\0") as key:
            return str(winreg.QueryValueEx(key, "ProcessorNameString")[0])
    if sys.platform == "darwin":
        command = ("sysctl", "-n", "machdep.cpu.brand_string")
        return subprocess.run(command, capture_output=True, text=True, timeout=_SYSCTL_S, check=True).stdout
    lines = (line.partition(":") for line in _CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines())
    return next((value for name, _, value in lines if name.strip() == "model name"), "")


def machine_facts() -> dict[str, Scalar]:
    """What times depend on, without anything that names the machine."""
    return {
        "system": platform.system(),
        "processor": platform.machine(),
        "cores": os.cpu_count() or 0,
        "memory GB": round(psutil.virtual_memory().total / 1e9),
    }


def today() -> str:
    """The time in UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def format_bytes(size: float) -> str:
    """Bytes as people read them: "0.4 MB", "25.0 MB", "3.4 GB", in powers of ten as everywhere in the app."""
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.1f} MB"


async def gpu_names() -> str:
    """The graphics cards as one line; "" when no driver answers."""
    return ", ".join(row[0] for row in await _query("name"))


async def gpu_memory_mb() -> float | None:
    """The memory in use on all cards together, in megabytes; None when no driver answers."""
    used = [number for row in await _query("memory.used") if (number := _number(row[0])) is not None]
    return sum(used) * 1.048576 if used else None  # nvidia-smi counts in MiB


class PowerMeter:
    """Reads the power of all cards while its block runs; afterwards `watts` is their mean sum, None without reading."""

    def __init__(self) -> None:
        self._readings: defaultdict[str, list[float]] = defaultdict(list)
        self._runs = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    @property
    def watts(self) -> float | None:
        """The mean of each card's readings, summed over the cards; idling included."""
        means = [fmean(readings) for readings in self._readings.values()]
        return round(sum(means), 3) if means else None

    async def __aenter__(self) -> "PowerMeter":
        with suppress(OSError):
            self._process = await _started("--query-gpu=index,power.draw", _FORMAT, f"--loop-ms={_EVERY_MS}")
            self._reading = asyncio.create_task(self._read(self._process))
            try:
                await self._started_up()
            except asyncio.CancelledError:
                await self._stop()
                raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def _stop(self) -> None:
        if self._process and self._reading:
            await _ended(self._process)
            await self._reading

    async def _started_up(self) -> None:
        """Waits for the first reading, as a program that starts would disturb what is timed, and forgets it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_TIMEOUT_S):
                await self._runs.wait()
        self._readings.clear()

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout
        async for line in process.stdout:
            card, _, power = line.decode(errors="replace").partition(",")
            if (watts := _number(power)) is not None:
                self._readings[card.strip()].append(watts)
            self._runs.set()
        self._runs.set()


async def _query(*fields: str) -> list[list[str]]:
    """A row for each card; none when nvidia-smi does not answer."""
    try:
        process = await _started(f"--query-gpu={','.join(fields)}", _FORMAT)
    except OSError:
        return []
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            output, _ = await process.communicate()
    except TimeoutError:
        return []
    finally:
        await _ended(process)
    if process.returncode:
        return []
    return [[part.strip() for part in line.split(",")] for line in output.decode(errors="replace").splitlines() if line]


async def _started(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        _NVIDIA_SMI,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )


async def _ended(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()


def _number(text: str) -> float | None:
    """None for "[N/A]" and the like, which cards report for what they cannot measure."""
    try:
        return float(text)
    except ValueError:
        return None
