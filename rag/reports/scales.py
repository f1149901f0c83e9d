"""From values to positions in a drawing, and round numbers to mark on an axis. Pure."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

_WIDE = 30
"""From this ratio of largest to smallest on, a linear axis would press the small values together."""
_ACROSS, _UPWARDS = 54, 42
"""Pixels between two ticks, at least about: numbers side by side need more than numbers stacked."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Values between `low` and `high` as positions between `start` and `end`, in pixels."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def at(self, value: float) -> float:
        """The position of a value."""
        low, high = self._on(self.low), self._on(self.high)
        return self.start + (self._on(value) - low) / (high - low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Round values within the scale, from low to high."""
        apart = _ACROSS if self.end > self.start else _UPWARDS
        most = max(2, int(abs(self.end - self.start) / apart))
        return _log_ticks(self.low, self.high, most) if self.log else _linear_ticks(self.low, self.high, most)

    def _on(self, value: float) -> float:
        return math.log10(max(value, self.low)) if self.log else value


def from_zero(values: Iterable[float], start: float, end: float) -> Scale:
    """A linear scale from 0 to the largest value: the only honest one for bars."""
    return Scale(0, max(values, default=0) or 1, start, end)


def fitting(values: Iterable[float], start: float, end: float) -> Scale:
    """From 0, or logarithmic when the values lie so far apart that the small ones would vanish."""
    there = list(values)
    low, high = min(there, default=0), max(there, default=0)
    if low > 0 and high / low > _WIDE:
        return Scale(_round_down(low), high, start, end, log=True)
    return from_zero(there, start, end)


def _round_down(value: float) -> float:
    unit = 10.0 ** math.floor(math.log10(value))
    return next(step * unit for step in (5, 2, 1) if step * unit <= value * (1 + 1e-9))


def _linear_ticks(low: float, high: float, most: int) -> list[float]:
    rough = (high - low) / most
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(step * unit for step in (1, 2, 5, 10) if step * unit >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [n * step for n in range(first, last + 1)]


def _log_ticks(low: float, high: float, most: int) -> list[float]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1, 2, 5), (1, 3), (1,)):
        within = [s * 10.0**d for d in decades for s in steps if low * (1 - 1e-9) <= s * 10.0**d <= high * (1 + 1e-9)]
        if len(within) <= most + 1:
            return within
    return within[:: math.ceil(len(within) / (most + 1))]
