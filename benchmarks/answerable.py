"""Does a search tell whether the answer is in the documents? Questions whose answer was taken away, beside themselves.

Each answerable question of a set (squad, say) is searched with all documents, without its article, and without its
paragraph; the last two have no answer. Questions that are marked unanswerable, which sound as if they had one, come on
top where a set has them.
"""

import asyncio
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.data import passages, rows
from rag.escalation.answerability import ANSWERABLE, search_signals
from rag.escalation.gate import CANDIDATES, AbstentionGate, LibraryView
from rag.escalation.synthetic_queries import Size
from rag.escalation.threshold import GateThreshold
from rag.escalation.weights import Row, Weights, out_of_fold, shipped
from rag.retrieval.memory_index import MemoryIndex
from rag.retrieval.search import Searcher
from rag.statistics import auroc, calibration_error
from rag.types import Passage, SearchResult

GONE = ("article", "paragraph", "unanswerable")
"""Why a question has no answer."""
FIXED = 0.35
"""The strength below which a turn abstained when the threshold was a constant."""
L2 = 1.0
_ENOUGH_S = 600.0


@dataclass
class Samples:
    """The signals of each search, and what the peers make of it."""

    rows: list[dict[str, float]] = field(default_factory=list)
    labels: list[bool] = field(default_factory=list)
    """Whether the answer was there."""
    groups: list[str] = field(default_factory=list)
    """The article of the question."""
    kinds: list[str] = field(default_factory=list)
    """"here", or why it was not, one of `GONE`."""

    def add(self, kind: str, question: dict[str, Any], search: SearchResult) -> None:
        signals = {signal.name: signal.value for signal in search_signals(search, question["text"])}
        best = max((hit.score for hit in search.hits), default=0.0)
        self.rows.append(signals | {"score": best / (sum(search.weights.values()) or 1.0)})
        self.labels.append(kind == "here")
        self.groups.append(question["article"])
        self.kinds.append(kind)

    def pick(self, *kinds: str) -> list[int]:
        return [n for n, kind in enumerate(self.kinds) if kind in kinds]

    def fitted(self) -> tuple[list[Row], list[bool], list[str]]:
        """What the head is fitted on: each question twice with its answer, and once each way without."""
        picked = self.pick("here") * 2 + self.pick("article", "paragraph")
        made = [{name: self.rows[n][name] for name in ANSWERABLE} for n in picked]
        return made, [self.labels[n] for n in picked], [self.groups[n] for n in picked]


class _Library:
    """A set's documents, some of which may be taken away for a while."""

    def __init__(self, folder: Path) -> None:
        self.passages = passages(folder)
        self.index = MemoryIndex()
        self._searcher = Searcher(self.index)
        self._of: dict[str, list[Passage]] = defaultdict(list)
        for passage in self.passages.values():
            self._of[passage.document.id].append(passage)
        for document in self._of:
            self._put(document)

    def search(self, question: dict[str, Any]) -> SearchResult:
        return self._searcher.search(question["text"], limit=CANDIDATES)

    def without_article(self, questions: Sequence[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], SearchResult]]:
        for document, of_document in _grouped(questions, lambda each: self.passages[each["gold"]].document.id):
            self.index.remove(document)
            yield from ((each, self.search(each)) for each in of_document)
            self._put(document)

    def without_paragraph(self, questions: Sequence[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], SearchResult]]:
        for gold, of_gold in _grouped(questions, lambda each: each["gold"]):
            document = self.passages[gold].document.id
            self._put(document, without=self.passages[gold])
            yield from ((each, self.search(each)) for each in of_gold)
            self._put(document)

    def sizes(self) -> list[Size]:
        return [Size(document, len(held)) for document, held in self._of.items()]

    def _put(self, document: str, without: Passage | None = None) -> None:
        held = self._of[document]
        self.index.put(held[0].document, [passage for passage in held if passage is not without])


def _grouped(questions: Sequence[dict[str, Any]], key: Any) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for question in questions:
        groups[key(question)].append(question)
    yield from groups.items()


def samples(folder: Path, *, lower_case: bool = False) -> Samples:
    """The signals of all searches; with `lower_case` the questions are typed without a capital."""
    made, library, questions = Samples(), _Library(folder), rows(folder / "queries.jsonl")
    if lower_case:
        questions = [question | {"text": question["text"].lower()} for question in questions]
    answerable = [question for question in questions if question["answerable"]]
    for question in questions:
        made.add("here" if question["answerable"] else "unanswerable", question, library.search(question))
    for question, search in library.without_article(answerable):
        made.add("article", question, search)
    for question, search in library.without_paragraph(answerable):
        made.add("paragraph", question, search)
    return made


def table(folder: Path, made: Samples | None = None, weights: Weights | None = None) -> dict[str, Any]:
    """How well the head, each signal and the peers tell, and what the gate makes of it.

    On a set that the weights were fitted on, the probabilities are out of fold, over articles.
    """
    made, weights = made or samples(folder), weights or shipped()
    own = folder.name in weights.fit.get("answerable", {}).get("data", ())
    probabilities = _out_of_fold(made) if own else [weights.answerable(row) for row in made.rows]
    threshold, seconds = _measured(folder, weights)
    return {
        "set": folder.name,
        "judged": "out of fold" if own else "by the weights as they are",
        "questions": dict(Counter(made.kinds)),
        "auroc": [_told("answerable", made, probabilities)]
        + [_told(name, made, [row[name] for row in made.rows]) for name in made.rows[0]],
        "calibration_error": _calibration_error(made, probabilities),
        "threshold": threshold.value,
        "pseudo_questions": threshold.questions,
        "seconds": seconds,
        "gate": [_gate(kind, made, probabilities, threshold) for kind in ("here", *GONE) if kind in made.kinds],
    }


def _out_of_fold(made: Samples) -> list[float]:
    """Of all rows; those that are not fitted on count nothing in the fits of the others."""
    counts = [{"here": 2.0, "unanswerable": 0.0}.get(kind, 1.0) for kind in made.kinds]
    chosen = [{name: row[name] for name in ANSWERABLE} for row in made.rows]
    return out_of_fold(chosen, made.labels, made.groups, l2=L2, weights=counts)


def _measured(folder: Path, weights: Weights) -> tuple[GateThreshold, float]:
    library = _Library(folder)
    view = LibraryView(folder.name, library.index, library.sizes)
    with tempfile.TemporaryDirectory() as place:
        began = time.perf_counter()
        gate = AbstentionGate(Path(place), weights.answerable, most_s=_ENOUGH_S)
        return asyncio.run(gate.refresh([view])), time.perf_counter() - began


def _told(name: str, made: Samples, values: Sequence[float]) -> dict[str, Any]:
    def against(kind: str) -> float | None:
        picked = made.pick("here", kind)
        return auroc([values[n] for n in picked], [made.labels[n] for n in picked]) if kind in made.kinds else None

    return {"by": name, **{kind: against(kind) for kind in GONE}}


def _calibration_error(made: Samples, probabilities: Sequence[float]) -> float:
    picked = made.pick("here") * 2 + made.pick("article", "paragraph")
    return calibration_error([probabilities[n] for n in picked], [made.labels[n] for n in picked])


def _gate(kind: str, made: Samples, probabilities: Sequence[float], threshold: GateThreshold) -> dict[str, Any]:
    """Shares of the questions of a kind. The draft is a quote, which stands on its passage: only the match counts."""
    picked = made.pick(kind)

    def share(chosen: Sequence[bool]) -> float:
        return sum(chosen) / len(chosen)

    return {
        "kind": kind,
        "refused": share([probabilities[n] < threshold.value for n in picked]),
        "escalated": share(
            [probabilities[n] >= threshold.value and threshold.rescaled(probabilities[n]) < 0.5 for n in picked]
        ),
        "fixed": share([made.rows[n]["strength"] < FIXED for n in picked]),
    }


def show(found: dict[str, Any]) -> str:
    """The table as text."""
    counts = ", ".join(f"{count} {kind}" for kind, count in found["questions"].items())
    lines = [f"{found['set']}: {counts}; judged {found['judged']}"]
    lines.append(f"  {'AUROC':20} {'article gone':>14} {'paragraph gone':>16} {'unanswerable':>14}")
    for row in found["auroc"]:
        first, second, third = ("-" if row[kind] is None else f"{row[kind]:.3f}" for kind in GONE)
        lines.append(f"  {row['by']:20} {first:>14} {second:>16} {third:>14}")
    lines.append(f"  expected calibration error {found['calibration_error']:.3f}")
    lines.append(
        f"  threshold {found['threshold']:.3f} by {found['pseudo_questions']} questions in {found['seconds']:.1f} s"
    )
    lines.append(f"  {'gate':20} {'refused':>10} {'escalated':>10} {'answered':>10} {f'strength < {FIXED}':>16}")
    for row in found["gate"]:
        shares = row["refused"], row["escalated"], 1 - row["refused"] - row["escalated"]
        lines.append(f"  {row['kind']:20}" + "".join(f" {each:10.3f}" for each in shares) + f" {row['fixed']:16.3f}")
    return "\n".join(lines)
