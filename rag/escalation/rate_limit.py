"""The rate limit of the larger model when nobody asked for it, by share and by expected wait; shared by all chats."""

from collections import deque
from statistics import median
from typing import Literal

TURNS = 20
"""The latest turns that the share is taken of; a new app may use it up at once, and then waits for ordinary turns."""
_MEASURED = 20


class EscalationLimit:
    """Counts turns and measures the larger model. Belongs to one event loop."""

    def __init__(self, share: float = 1.0, wait_s: float = float("inf")) -> None:
        """`share`: [0, 1], the most of the latest turns; `wait_s`: the longest predicted wait, in seconds."""
        self._share, self._wait_s = share, wait_s
        self._turns: deque[bool] = deque(maxlen=TURNS - 1)
        self._took: deque[float] = deque(maxlen=_MEASURED)
        self._running = 0

    @property
    def expected_wait_s(self) -> float:
        """Seconds until an answer that is asked for now would be whole; 0 before anything was measured.

        The median of the latest answers, once for each that is being written and once for itself: the runtime serves
        them in turn, or all at once at a share of its speed.
        """
        return (self._running + 1) * median(self._took) if self._took else 0.0

    @property
    def limit_reached(self) -> Literal["share", "wait"] | None:
        """Why the larger model may not be called by itself now; None when it may."""
        if sum(self._turns) + 1 > self._share * TURNS:
            return "share"
        return "wait" if self.expected_wait_s > self._wait_s else None

    def count(self, *, escalated: bool) -> None:
        """A turn is over; `escalated` when the larger model was called without being asked."""
        self._turns.append(escalated)

    def began(self) -> None:
        """The larger model begins an answer; `ended` follows in any case."""
        self._running += 1

    def ended(self, seconds: float | None) -> None:
        """The answer took `seconds`; None for one that was stopped or failed, which shows nothing of the speed."""
        self._running -= 1
        if seconds is not None:
            self._took.append(seconds)
