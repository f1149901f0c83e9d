"""The abstention gate: its threshold is measured on the library, and stored until that has become another one.

It is measured in a worker thread that pauses after each question, so that no chat waits meanwhile.
"""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

from rag.concurrency import run_to_completion
from rag.escalation.answerability import WHOLE, search_signals
from rag.escalation.synthetic_queries import Size, leave_one_out, spread
from rag.escalation.threshold import LEAST, MOST, GateThreshold, threshold
from rag.escalation.weights import Logistic
from rag.retrieval.index import PassageIndex
from rag.retrieval.search import Searcher
from rag.storage import write_atomically
from rag.text import analysis
from rag.types import Passage

VERSION = 2
"""Raised when the same library gives another threshold, so that one that was stored is measured anew."""

MOST_QUESTIONS = 300
"""With 300 the share that stays below a threshold is known to about two points in a hundred."""

MOST_S = 10.0
"""Seconds for one measurement with its pauses; what has been asked by then counts."""

CHANGED = 0.2
"""A library whose passages become more or fewer by this share is another one."""

CANDIDATES = 12
"""Hits of a search, as many as a turn's."""

_FILE = "gate.json"
_PAUSE, _LEAST_PAUSE_S = 0.5, 0.002
"""Share of the time that a question took, and seconds."""


@dataclass(frozen=True, slots=True)
class LibraryView:
    """One folder of the library."""

    name: str
    index: PassageIndex
    sizes: Callable[[], Sequence[Size]]
    """Its documents; may block, and is called only where something is to be measured."""


@dataclass(frozen=True, slots=True)
class _Measurement:
    """What the file holds."""

    threshold: GateThreshold
    passages: Mapping[str, int]
    """How many each folder had."""
    made_by: str
    """What else the threshold depends on."""

    def holds_for(self, passages: Mapping[str, int], made_by: str) -> bool:
        had, has = sum(self.passages.values()), sum(passages.values())
        same_kind = self.made_by == made_by and self.passages.keys() == passages.keys()
        return same_kind and abs(has - had) <= CHANGED * had


class AbstentionGate:
    """Has a threshold at any time: at first the default, then the one that was stored or measured."""

    def __init__(
        self, folder: Path, weights: Logistic, *, clock: Callable[[], float] = time.monotonic, most_s: float = MOST_S
    ) -> None:
        """`folder` is where the threshold is stored, `weights` are those of `answerable`."""
        self.threshold = GateThreshold()
        self._file = folder / _FILE
        self._weights, self._clock, self._most_s = weights, clock, most_s
        self._made_by = f"{VERSION}.{analysis.VERSION}.{crc32(repr(weights).encode()):08x}"
        self._one_at_a_time = asyncio.Lock()

    async def refresh(self, views: Sequence[LibraryView]) -> GateThreshold:
        """The threshold for these libraries, measured only if they have become other ones.

        To be called when the library is ready, and after every change; cancelling it ends the measurement.

        Raises:
            StorageError: an index or the list of its documents cannot be read; the old threshold stays.
        """
        stop = threading.Event()
        async with self._one_at_a_time:
            self.threshold = await run_to_completion(lambda: self._refreshed(views, stop), on_cancel=stop.set)
        return self.threshold

    async def recall(self, views: Sequence[LibraryView]) -> bool:
        """Takes the stored threshold, if it is of these libraries; measures nothing. Whether it was."""
        stored = await asyncio.to_thread(_read, self._file)
        if stored is None or not stored.holds_for(_passage_counts(views), self._made_by):
            return False
        self.threshold = stored.threshold
        return True

    def _refreshed(self, views: Sequence[LibraryView], stop: threading.Event) -> GateThreshold:
        passages = _passage_counts(views)
        stored = _read(self._file)
        if stored and stored.holds_for(passages, self._made_by):
            return stored.threshold
        sizes = [size for view in views for size in view.sizes() if size.passages]
        searcher = Searcher(*(view.index for view in views))
        measured = threshold(self._probabilities(searcher, sizes, stop), len(sizes))
        if not stop.is_set():
            _write(self._file, _Measurement(measured, passages, self._made_by))
        return measured

    def _probabilities(self, searcher: Searcher, sizes: Sequence[Size], stop: threading.Event) -> Iterator[float]:
        """Those of the library's synthetic queries, until the time is up."""
        began = asked = self._clock()
        passages = _passages(searcher.indexes, spread(sizes, MOST_QUESTIONS))
        for question, found in leave_one_out(searcher, passages, limit=CANDIDATES):
            signals = {signal.name: signal.value for signal in search_signals(found, question)}
            if signals["closeness"] < WHOLE:  # else another document says it too: a copy, or the words of a form
                yield self._weights(signals)
            answered = self._clock()
            if answered - began > self._most_s or stop.wait(max(_LEAST_PAUSE_S, _PAUSE * (answered - asked))):
                return
            asked = self._clock()


def _passage_counts(views: Sequence[LibraryView]) -> dict[str, int]:
    return {view.name: len(view.index) for view in views}


def _passages(indexes: Sequence[PassageIndex], positions: Iterable[tuple[str, int]]) -> Iterator[Passage]:
    """Those that are still there."""
    for document_id, ordinal in positions:
        yield from (passage for index in indexes for passage in index.passages(document_id, ordinal))


def _read(file: Path) -> _Measurement | None:
    """What was stored; None where there is nothing, or something else."""
    try:
        values: dict[str, Any] = json.loads(file.read_bytes())
        value, questions = float(values["threshold"]["value"]), int(values["threshold"]["questions"])
        passages = {str(name): int(count) for name, count in values["passages"].items()}
        stored = _Measurement(GateThreshold(value, questions), passages, str(values["made_by"]))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return stored if LEAST <= value <= MOST and questions >= 0 else None


def _write(file: Path, measurement: _Measurement) -> None:
    """Stores it; where the disk is full, it is measured anew at the next start."""
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, json.dumps(asdict(measurement), indent=2).encode())
