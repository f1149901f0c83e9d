"""Measured numbers as text: three figures, thousands apart, and a dash for what is not there. Pure."""

from rag.statistics import Interval

_MOST_DECIMALS = 6
NONE = "–"
FEW = "*"
"""Marks a 95th percentile of fewer than 20 values."""


def figures(value: float | None) -> str:
    """Three figures: "0.00421", "0.421", "4.21", "42.1", "4,210"; more only where they stand before the point."""
    if value is None:
        return NONE
    size = abs(value)
    decimals = next((n for n in range(_MOST_DECIMALS) if size >= 99.95 / 10**n), _MOST_DECIMALS)
    return f"{value:,.{decimals}f}" if size else "0"


def whole(value: float | None) -> str:
    """Without a fraction: "4,210"."""
    return NONE if value is None else f"{value:,.0f}"


def milliseconds(seconds: float | None) -> str:
    """Seconds as milliseconds."""
    return NONE if seconds is None else figures(1_000 * seconds)


def median(spread: Interval | None) -> str:
    """The median, in three figures."""
    return figures(spread.median if spread else None)


def interval(spread: Interval | None) -> str:
    """The interval of the median: "1.21 to 1.34"; a dash for a single value, which has none."""
    return f"{figures(spread.low)} to {figures(spread.high)}" if spread and spread.n > 1 else NONE


def p95(spread: Interval | None) -> str:
    """The 95th percentile, with a star when there are too few values for one."""
    return figures(spread.p95) + (FEW if not spread.p95_reliable else "") if spread else NONE
