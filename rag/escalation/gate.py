"""The gate's threshold, measured on the library that is open, and kept in a file until that has become another one.

It is measured in a worker thread that rests after each question, so that nobody who chats in the meantime waits.
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
"""Raised when the same library gives another threshold, so that one that was kept is measured anew."""

MOST_QUESTIONS = 300
"""The share of so many that stays below a threshold is known to about two points in a hundred."""

MOST_S = 10.0
"""Seconds for one measurement, its rests among them; what has been asked by then counts."""

CHANGED = 0.2
"""A library that has so much more or less text is another one."""

CANDIDATES = 12
"""Hits of a search, as many as a turn's."""

_FILE = "gate.json"
_REST, _LEAST_REST_S = 0.5, 0.002
"""Of the time that a question took, and seconds."""


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
    """Knows a threshold at any time: the one that was kept, another one when that is measured, at first the default."""

    def __init__(
        self, folder: Path, weights: Logistic, *, clock: Callable[[], float] = time.monotonic, most_s: float = MOST_S
    ) -> None:
        """`folder` is where the threshold is kept, `weights` are the head `answerable`."""
        self.threshold = GateThreshold()
        self._file = folder / _FILE
        self._weights, self._clock, self._most_s = weights, clock, most_s
        self._made_by = f"{VERSION}.{analysis.VERSION}.{crc32(repr(weights).encode()):08x}"
        self._one_at_a_time = asyncio.Lock()

    async def refresh(self, views: Sequence[LibraryView]) -> GateThreshold:
        """The threshold of the library of these shelves, measured only if it has become another one.

        To be called when the library is ready, and after every change; cancelling it ends the measurement.

        Raises:
            StorageError: an index or the list of its documents cannot be read; the old threshold stays.
        """
        stop = threading.Event()
        async with self._one_at_a_time:
            self.threshold = await run_to_completion(lambda: self._refreshed(views, stop), on_cancel=stop.set)
        return self.threshold

    async def recall(self, views: Sequence[LibraryView]) -> bool:
        """Takes the threshold that was kept, if it is of the library of these shelves; measures nothing."""
        kept = await asyncio.to_thread(_read, self._file)
        holds = bool(kept and kept.holds_for(_passages_of(views), self._made_by))
        if kept and holds:
            self.threshold = kept.threshold
        return holds

    def _refreshed(self, views: Sequence[LibraryView], stop: threading.Event) -> GateThreshold:
        passages = _passages_of(views)
        kept = _read(self._file)
        if kept and kept.holds_for(passages, self._made_by):
            return kept.threshold
        sizes = [size for view in views for size in view.sizes() if size.passages]
        searcher = Searcher(*(view.index for view in views))
        measured = threshold(self._probabilities(searcher, sizes, stop), len(sizes))
        if not stop.is_set():
            _write(self._file, _Measurement(measured, passages, self._made_by))
        return measured

    def _probabilities(self, searcher: Searcher, sizes: Sequence[Size], stop: threading.Event) -> Iterator[float]:
        """Those of the library's own questions, until the time is up."""
        began = asked = self._clock()
        passages = _passages(searcher.indexes, spread(sizes, MOST_QUESTIONS))
        for question, found in leave_one_out(searcher, passages, limit=CANDIDATES):
            signals = {signal.name: signal.value for signal in search_signals(found, question)}
            if signals["closeness"] < WHOLE:  # else another document says it too: a copy, or the words of a form
                yield self._weights(signals)
            answered = self._clock()
            if answered - began > self._most_s or stop.wait(max(_LEAST_REST_S, _REST * (answered - asked))):
                return
            asked = self._clock()


def _passages_of(views: Sequence[LibraryView]) -> dict[str, int]:
    return {view.name: len(view.index) for view in views}


def _passages(indexes: Sequence[PassageIndex], places: Iterable[tuple[str, int]]) -> Iterator[Passage]:
    """Those that are still there."""
    for document_id, ordinal in places:
        yield from (passage for index in indexes for passage in index.passages(document_id, ordinal))


def _read(file: Path) -> _Measurement | None:
    """What was kept; None where there is nothing, or something else."""
    try:
        values: dict[str, Any] = json.loads(file.read_bytes())
        value, questions = float(values["threshold"]["value"]), int(values["threshold"]["questions"])
        passages = {str(name): int(count) for name, count in values["passages"].items()}
        kept = _Measurement(GateThreshold(value, questions), passages, str(values["made_by"]))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return kept if LEAST <= value <= MOST and questions >= 0 else None


def _write(file: Path, kept: _Measurement) -> None:
    """Keeps it, in one step; what the disk does not take is measured anew at the next start."""
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            draft.write_text(json.dumps(asdict(kept), indent=2), encoding="utf-8")
            os.replace(draft, file)
        finally:
            draft.unlink(missing_ok=True)
