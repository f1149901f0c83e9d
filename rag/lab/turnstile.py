"""How often one address may ask the server's models from the lab, and how many answers it may have at a time."""

from collections import Counter, deque
from collections.abc import Callable, Generator
from contextlib import contextmanager

from rag.errors import ModelBusy

AT_A_TIME = 4
"""Answers that one address may be given at once: two side by side, in two tabs."""
_MINUTE_S = 60.0


class Turnstile:
    """Counts the requests of the last minute by address. Belongs to one event loop."""

    def __init__(self, per_minute: int, clock: Callable[[], float]) -> None:
        """`clock`: seconds from any zero."""
        self._per_minute, self._clock = per_minute, clock
        self._entered: dict[str, deque[float]] = {}
        self._inside = Counter[str]()

    @contextmanager
    def passage(self, address: str) -> Generator[None]:
        """One request from that address, for as long as the block lasts.

        Raises:
            TooManyRequests: it has asked too often, or has too many answers under way; with the seconds to wait.
        """
        now = self._clock()
        self._forget(now)
        times = self._entered.setdefault(address, deque())
        if self._inside[address] >= AT_A_TIME:
            raise TooManyRequests("Too many answers are being written for you at once. Wait until one ends.", 1.0)
        if len(times) >= self._per_minute:
            wait_s = times[0] + _MINUTE_S - now
            raise TooManyRequests(
                f"The lab takes {self._per_minute} prompts a minute from one place. Try again in {wait_s:.0f} s.",
                wait_s,
            )
        times.append(now)
        self._inside[address] += 1
        try:
            yield
        finally:
            self._inside[address] -= 1
            if not self._inside[address]:
                del self._inside[address]

    def _forget(self, now: float) -> None:
        """Drops what is older than a minute, and addresses that have nothing left."""
        for address, times in list(self._entered.items()):
            while times and times[0] <= now - _MINUTE_S:
                times.popleft()
            if not times:
                del self._entered[address]


class TooManyRequests(ModelBusy):
    """One address asks too often."""

    def __init__(self, sentence: str, wait_s: float) -> None:
        super().__init__(sentence)
        self.wait_s = wait_s
        """Seconds until it may be asked again."""
