"""The abstention gate: a threshold measured on the open library, and stored until the library has changed.

It is measured in a worker thread that rests after each query, so that nobody who chats in the meantime waits.
"""

import asyncio
import json
import os
import secrets
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
from rag.text import analysis
from rag.types import Passage

VERSION = 1
"""Raised when the same library gives another threshold, so that a stored one is measured anew."""

MOST_QUESTIONS = 300
"""Of this sample the share below a threshold is known to about two points in a hundred."""

MOST_S = 10.0
"""Seconds for one measurement with its rests; the queries until then count."""

CHANGED = 0.2
"""The share of passages by which a library may grow or shrink before its threshold is measured anew."""

CANDIDATES = 12
"""Hits of a search, as many as a turn's."""

_FILE = "gate.json"
_REST, _LEAST_REST_S = 0.5, 0.002
"""Of the time that a query took, and seconds."""


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
    """Has a threshold at any time: the default, then the stored one, then the measured one."""

    def __init__(
        self, folder: Path, weights: Logistic, *, clock: Callable[[], float] = time.monotonic, most_s: float = MOST_S
    ) -> None:
        """`folder` is where the threshold is stored, `weights` are the head `answerable`."""
        self.threshold = GateThreshold()
        self._file = folder / _FILE
        self._weights, self._clock, self._most_s = weights, clock, most_s
        self._made_by = f"{VERSION}.{analysis.VERSION}.{crc32(repr(weights).encode()):08x}"
        self._one_at_a_time = asyncio.Lock()

    async def refresh(self, views: Sequence[LibraryView]) -> GateThreshold:
        """The threshold of the library of these folders, measured only if it has changed.

        To be called when the library is ready, and after every change; cancelling it ends the measurement.

        Raises:
            StorageError: an index or the list of its documents cannot be read; the old threshold stays.
        """
        stop = threading.Event()
        async with self._one_at_a_time:
            self.threshold = await run_to_completion(lambda: self._refreshed(views, stop), on_cancel=stop.set)
        return self.threshold

    async def recall(self, views: Sequence[LibraryView]) -> bool:
        """Loads the stored threshold, if it is of the library of these folders; measures nothing."""
        stored = await asyncio.to_thread(_read, self._file)
        holds = bool(stored and stored.holds_for(_passages_of(views), self._made_by))
        if stored and holds:
            self.threshold = stored.threshold
        return holds

    def _refreshed(self, views: Sequence[LibraryView], stop: threading.Event) -> GateThreshold:
        passages = _passages_of(views)
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
        for query, found in leave_one_out(searcher, passages, limit=CANDIDATES):
            signals = {signal.name: signal.value for signal in search_signals(found, query)}
            if signals["closeness"] < WHOLE:  # else another document has it too: a copy, or the words of a form
                yield self._weights(signals)
            answered = self._clock()
            if answered - began > self._most_s or stop.wait(max(_LEAST_REST_S, _REST * (answered - asked))):
                return
            asked = self._clock()


def _passages_of(views: Sequence[LibraryView]) -> dict[str, int]:
    return {view.name: len(view.index) for view in views}


def _passages(indexes: Sequence[PassageIndex], positions: Iterable[tuple[str, int]]) -> Iterator[Passage]:
    """Those that are still there."""
    for document_id, ordinal in positions:
        yield from (passage for index in indexes for passage in index.passages(document_id, ordinal))


def _read(file: Path) -> _Measurement | None:
    """What was stored; None where there is nothing valid."""
    try:
        values: dict[str, Any] = json.loads(file.read_bytes())
        value, questions = float(values["threshold"]["value"]), int(values["threshold"]["questions"])
        passages = {str(name): int(count) for name, count in values["passages"].items()}
        stored = _Measurement(GateThreshold(value, questions), passages, str(values["made_by"]))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return stored if LEAST <= value <= MOST and questions >= 0 else None


def _write(file: Path, measurement: _Measurement) -> None:
    """Stores it, in one step; what the disk does not take is measured anew at the next start."""
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            draft.write_text(json.dumps(asdict(measurement), indent=2), encoding="utf-8")
            os.replace(draft, file)
        finally:
            draft.unlink(missing_ok=True)
