"""What `nvidia-smi` says of the graphics cards, where there is one that answers; nothing everywhere else."""

import asyncio
from collections import defaultdict
from contextlib import suppress
from statistics import fmean
from types import TracebackType

_PROGRAM = "nvidia-smi"
_FORMAT = "--format=csv,noheader,nounits"
_PATIENCE_S = 5.0
"""A driver that hangs is not waited for."""
_EVERY_MS = 200
"""Often enough for a mean over a second, seldom enough to cost nothing."""


async def gpu_names() -> str:
    """The cards as one line, "" when none answers."""
    return ", ".join(row[0] for row in await _query("name"))


async def gpu_memory_mb() -> float | None:
    """The memory in use on all cards together, in megabytes; None when none answers."""
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
            async with asyncio.timeout(_PATIENCE_S):
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
    """A row for each card; none when nobody answers."""
    try:
        process = await _started(f"--query-gpu={','.join(fields)}", _FORMAT)
    except OSError:
        return []
    try:
        async with asyncio.timeout(_PATIENCE_S):
            said, _ = await process.communicate()
    except TimeoutError:
        return []
    finally:
        await _ended(process)
    if process.returncode:
        return []
    return [[part.strip() for part in line.split(",")] for line in said.decode(errors="replace").splitlines() if line]


async def _started(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        _PROGRAM,
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
    """None for "[N/A]" and the like, which cards say of what they cannot measure."""
    try:
        return float(text)
    except ValueError:
        return None
