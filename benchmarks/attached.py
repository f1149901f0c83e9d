"""Do a chat's files hold the answer? What the gate of attached files lets through, with the answer there and without.

    python benchmarks/attached.py --data FOLDER [--queries N] [--json] [--fit]

FOLDER holds `files` and, of squad and xquad in any language, what is there. Of a set, each article in turn is
attached beside the others as the library, and asked its own questions and as many of other articles. To each file the
questions of `attached_questions.jsonl` are asked, written by hand for it, with the shipped handbook as the library.
Printed are the shares that pass the gate, where the answer is there and where it is not, of the half that the weights
were fitted on (every other article, every other question) and of the half that was held back; and the milliseconds of
one judgement. `--fit` prints weights fitted on the first halves.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a script, this folder alone is on the path

from benchmarks.data import passages, rows
from rag.errors import DocumentError
from rag.escalation.attached import ATTACHED_THRESHOLD, holds_answer
from rag.escalation.gate import CANDIDATES
from rag.escalation.weights import fit
from rag.ingestion.reader import Reader
from rag.retrieval.memory_index import MemoryIndex
from rag.retrieval.search import Searcher
from rag.types import Passage

QUESTIONS = Path(__file__).with_name("attached_questions.jsonl")
HANDBOOK = Path(__file__).resolve().parent.parent / "docs_corpus"
HALVES = ("fitted on", "held back")
L2 = 3.0
OF_FILES = 0.6
"""How much all questions to files count in a fit beside those of all sets."""


@dataclass
class Sample:
    """One question to one file."""

    set: str
    half: str
    answered: bool
    question: str
    value: float
    signals: dict[str, float]
    milliseconds: float


def judged(searcher: Searcher, document: str, question: str, answered: bool, of: str, half: int) -> Sample:
    found = searcher.search(question, limit=CANDIDATES, within={document})
    opening = searcher.opening({document}, limit=3)
    began = time.process_time()
    answer = holds_answer(found, question, opening=opening)
    spent = 1000 * (time.process_time() - began)
    signals = {signal.name: signal.value for signal in answer.signals}
    return Sample(of, HALVES[half], answered, question, answer.value, signals, spent)


def of_set(folder: Path, most: int | None) -> Iterator[Sample]:
    texts = passages(folder)
    index = _filled(texts.values())
    searcher, draw = Searcher(index), random.Random(3)
    documents = sorted({passage.document.id for passage in texts.values()})
    asked = [row for row in rows(folder / "queries.jsonl") if row["answerable"]]
    for row in draw.sample(asked, len(asked))[:most]:
        own = texts[row["gold"]].document.id
        half = documents.index(own) % 2
        other = draw.choice([each for each in documents if each != own])
        yield judged(searcher, own, row["text"], True, folder.name, half)
        yield judged(searcher, other, row["text"], False, folder.name, half)


def of_files(folder: Path) -> Iterator[Sample]:
    asked = rows(QUESTIONS)
    places = {place.name: place for place in folder.rglob("*") if place.is_file()}
    handbook = {place.relative_to(HANDBOOK).as_posix(): place for place in HANDBOOK.rglob("*") if place.is_file()}
    library = _filled([passage for each in asyncio.run(_read(handbook)).values() for passage in each])
    read = asyncio.run(_read({name: places[name] for name in {row["file"] for row in asked} & places.keys()}))
    searchers = {name: Searcher(_filled(read[name]), library) for name in read}
    for n, row in enumerate(asked):
        if name := row["file"] if row["file"] in read else None:
            yield judged(searchers[name], read[name][0].document.id, row["ask"], row["answered"], "files", n % 2)


async def _read(places: dict[str, Path]) -> dict[str, tuple[Passage, ...]]:
    reader = Reader(workers=2, timeout_s=120, max_bytes=1 << 25, max_pages=3000, max_chars=5_000_000)

    async def one(name: str, place: Path) -> tuple[str, tuple[Passage, ...]]:
        try:
            return name, tuple((await reader.read(place, name=name, origin="upload")).passages)
        except DocumentError:
            return name, ()

    try:
        found = await asyncio.gather(*(one(name, place) for name, place in places.items()))
    finally:
        await reader.close()
    return {name: read for name, read in found if read}


def _filled(texts: Any) -> MemoryIndex:
    index, documents = MemoryIndex(), defaultdict[str, list[Passage]](list)
    for passage in texts:
        documents[passage.document.id].append(passage)
    for each in documents.values():
        index.put(each[0].document, each)
    return index


def table(samples: Sequence[Sample]) -> list[dict[str, Any]]:
    found = list[dict[str, Any]]()
    for name in dict.fromkeys(sample.set for sample in samples):
        for half in HALVES:
            of = [sample for sample in samples if (sample.set, sample.half) == (name, half)]
            there, gone = ([s for s in of if s.answered is answered] for answered in (True, False))
            if there and gone:
                row: dict[str, Any] = {"set": name, "half": half, "answerable": len(there), "others": len(gone)}
                row |= {"passed": _passed(there), "wrongly_passed": _passed(gone)}
                found.append(row | {"milliseconds": sum(s.milliseconds for s in of) / len(of)})
    return found


def _passed(samples: Sequence[Sample]) -> float:
    return sum(sample.value >= ATTACHED_THRESHOLD for sample in samples) / len(samples)


def fitted(samples: Sequence[Sample]) -> str:
    """Logistic weights: those of the first halves, questions to files and those of sets with shares of their own."""
    chosen = [sample for sample in samples if sample.half == HALVES[0]]
    of_files = sum(sample.set == "files" for sample in chosen)
    share = OF_FILES * (len(chosen) - of_files) / (of_files or 1)
    counts = [share if sample.set == "files" else 1.0 for sample in chosen]
    model = fit([s.signals for s in chosen], [s.answered for s in chosen], l2=L2, weights=counts)
    return f"{model.intercept:.2f} " + " ".join(f"{name}={each:.2f}" for name, each in model.coefficients.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--queries", type=int, help="at most so many of each set")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--fit", action="store_true", help="print weights fitted on the first halves")
    parser.add_argument("--wrong", action="store_true", help="print the questions to files that are judged wrongly")
    arguments = parser.parse_args()

    sets = [place.parent for place in sorted(arguments.data.glob("*quad*/queries.jsonl"))]
    samples = [sample for folder in sets for sample in of_set(folder, arguments.queries)]
    samples += of_files(arguments.data / "files") if (arguments.data / "files").is_dir() else []
    found = table(samples)
    if arguments.json:
        print(json.dumps({"threshold": ATTACHED_THRESHOLD, "rows": found}))
        return
    print(f"{'set':10} {'half':10} {'answerable':>10} {'passed':>7} {'others':>7} {'passed':>7} {'ms':>6}")
    for row in found:
        print(
            f"{row['set']:10} {row['half']:10} {row['answerable']:10} {row['passed']:7.3f} {row['others']:7} "
            f"{row['wrongly_passed']:7.3f} {row['milliseconds']:6.2f}"
        )
    if arguments.fit:
        print(fitted(samples))
    for sample in samples if arguments.wrong else ():
        if sample.set == "files" and (sample.value >= ATTACHED_THRESHOLD) != sample.answered:
            print(f"{sample.value:.2f} {sample.half:10} {sample.question}")


if __name__ == "__main__":
    main()
