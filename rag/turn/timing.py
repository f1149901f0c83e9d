"""The stage clock: where the time of a turn goes, without gaps."""

from collections.abc import Callable

from rag.types import StageName, StageTime, Timings


class StageClock:
    """Measures one stage at a time; a new one ends the one before, so that the stages add up to the total."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began = clock()
        self._stages: list[StageTime] = []
        self._running: tuple[StageName, float] | None = None

    @property
    def now(self) -> float:
        """Seconds since this clock was made."""
        return self._clock() - self._began

    def enter(self, name: StageName) -> bool:
        """Starts a stage, the first one with the clock; False when it runs already."""
        if self._running and self._running[0] == name:
            return False
        self._running = (name, self._end_running() if self._running else 0.0)
        return True

    def finish(self) -> Timings:
        """Ends the last stage; the total runs from the making of this clock to here."""
        now = self._end_running()
        self._running = None
        return Timings(tuple(self._stages), now)

    def _end_running(self) -> float:
        now = self.now
        if self._running:
            name, start = self._running
            self._stages.append(StageTime(name, start, now - start))
        return now
