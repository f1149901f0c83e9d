"""How does the index on disk grow: queries, indexing, reopening, one changed document, memory and disk, beside peers?

    python benchmarks/scale.py --data FOLDER… [--passages 10000,100000,500000] [--engines disk,rank_bm25,bm25s] [--json]

The folders hold collections in BEIR form; their text, one after the other, is cut anew into overlapping passages of
160 words, ten a document, until there are so many. Their questions, the same for all engines, are asked one by one.
Each engine and size has a process of its own; another fresh process opens what is on the disk, asks, and is weighed:
`change` is one document put into the index anew, `saved` the way from a file saved in a followed folder to its passage.
`memory` is its whole resident set, with the pages of the index that the questions brought in. `turn` is the whole
search of a turn: its twelve hits without near-duplicates, joined, with their strengths. rank_bm25 (on split
words) and bm25s (on stems) live in memory: they have no reopening, and one changed document means indexing anew.
"""

import argparse
import asyncio
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a script, this folder alone is on the path

from benchmarks.data import rows
from rag.types import Document, Passage

WORDS, PASSAGES_A_DOCUMENT, BATCH, LIMIT, HITS = 160, 10, 2_000, 15, 12
QUESTIONS = 200
COLUMNS = {
    "p50_ms": "p50 ms",
    "p95_ms": "p95 ms",
    "turn_p95_ms": "turn p95",
    "per_s": "passages/s",
    "reopen_s": "reopen s",
    "change_s": "change s",
    "saved_s": "saved s",
    "memory_mb": "memory MB",
    "disk_mb": "disk MB",
}


def documents(folders: list[Path], count: int) -> Iterator[tuple[Document, list[Passage]]]:
    """Real text, re-cut, the same at every run."""
    words = [word for folder in folders for row in rows(folder / "corpus.jsonl") for word in row["text"].split()]
    draw = random.Random(7)
    for n in range(0, count, PASSAGES_A_DOCUMENT):
        start = draw.randrange(len(words) - WORDS)
        document = Document(f"{n}.md", " ".join(words[start : start + 6]), collection="scale")
        cuts = [draw.randrange(len(words) - WORDS) for _ in range(min(PASSAGES_A_DOCUMENT, count - n))]
        yield document, [Passage(document, i, " ".join(words[cut : cut + WORDS])) for i, cut in enumerate(cuts)]


def questions(folders: list[Path]) -> list[str]:
    """Drawn from all folders, the same at every run."""
    texts = [row["text"] for folder in folders for row in rows(folder / "queries.jsonl")]
    return random.Random(7).sample(texts, k=min(QUESTIONS, len(texts)))


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def milliseconds(ask: Callable[[str], object], asked: list[str]) -> dict[str, float]:
    """The second time that each question is asked: the first one brings its part of the index into memory."""
    for question in asked:
        ask(question)
    times = [1000 * timed(lambda q=question: ask(q)) for question in asked]
    return {"p50_ms": float(np.percentile(times, 50)), "p95_ms": float(np.percentile(times, 95))}


def memory_mb() -> float:
    return psutil.Process().memory_info().rss / 1e6


def build_disk(folders: list[Path], count: int, place: Path) -> dict[str, Any]:
    from rag.retrieval.tantivy_index import TantivyIndex

    index, batch, size, spent = TantivyIndex(place), list[tuple[Document, list[Passage]]](), 0, 0.0
    for document, passages in documents(folders, count):
        batch.append((document, passages))
        size += len(passages)
        if size >= BATCH:
            spent += timed(lambda b=batch: index.apply(b))
            batch, size = [], 0
    spent += timed(lambda: index.apply(batch))
    index.close()
    return {"per_s": count / spent}


def open_disk(folders: list[Path], count: int, place: Path) -> dict[str, Any]:
    from rag.retrieval.query import build_query
    from rag.retrieval.search import Searcher
    from rag.retrieval.tantivy_index import TantivyIndex

    asked = questions(folders)
    build_query(asked[0])  # what the language costs is not the index's
    opened: list[TantivyIndex] = []

    def reopen() -> None:
        opened.append(TantivyIndex(place))
        opened[0].search(build_query(asked[0]).terms, LIMIT)

    reopen_s = timed(reopen)
    index = opened[0]
    assert len(index) == count

    def ask(question: str) -> None:
        terms = build_query(question).terms
        index.search(terms, LIMIT, index.statistics(terms))

    found = milliseconds(ask, asked)
    weight = memory_mb()
    searcher = Searcher(index)
    turn = milliseconds(lambda question: searcher.search(question, limit=HITS), asked)
    return {
        **found,
        "turn_p95_ms": turn["p95_ms"],
        "reopen_s": reopen_s,
        "memory_mb": weight,
        "change_s": _change(index),
        "disk_mb": _size(place),
        "saved_s": asyncio.run(_saved(index, place.parent)),
    }


def _change(index: Any) -> float:
    """Seconds, the median of five, until a document of ten passages that was saved again can be found."""
    times = list[float]()
    for n in range(5):
        document = Document("changed.md", f"Edition {n}", collection="scale")
        text = " ".join(f"edition{n} of the changed page has line {i}" for i in range(20))

        def change(document: Document = document, text: str = text, n: int = n) -> None:
            index.put(document, [Passage(document, i, text) for i in range(10)])
            assert index.search({f"edition{n}": 1.0}, 1)

        times.append(timed(change))
    return float(np.median(times))


async def _saved(index: Any, data: Path) -> float:
    """Seconds, the median of five, from a file saved in a followed folder until its new text can be found."""
    from rag.ingestion.reader import Reader
    from rag.library.folders import Folder
    from rag.library.library import Library
    from rag.library.manifest import Manifest
    from rag.library.store import MANIFEST, StoredLibrary

    folder = Folder("Saved", data / "saved")
    folder.path.mkdir()
    stored = StoredLibrary.of(folder, data)
    stored.directory.mkdir(parents=True)
    manifest = Manifest(stored.directory / MANIFEST)
    manifest.begin(index.identity, folder.name, str(folder.path))  # so that the library takes this index for its own
    manifest.close()
    reader = Reader(workers=1, timeout_s=30, max_bytes=10**8, max_pages=2000, max_chars=5_000_000)
    library = Library(folder, data, reader)
    library.index = index
    following = asyncio.create_task(_follow(library))
    times = list[float]()
    for n in range(6):
        await asyncio.sleep(3)  # until it follows, and between two savings
        (folder.path / "page.md").write_text(f"# Page\n\nThe saved page is number savededition{n}.", encoding="utf-8")
        saved = time.perf_counter()
        while not index.search({f"savededition{n}": 1.0}, 1):  # noqa: ASYNC110  (an index tells nobody)
            await asyncio.sleep(0.01)
        times.append(time.perf_counter() - saved)
    following.cancel()
    await asyncio.wait([following])
    await library.close()
    await reader.close()
    return float(np.median(times[1:]))


async def _follow(library: Any) -> None:
    async with aclosing(library.follow()) as commits:
        async for _ in commits:
            pass


def _size(place: Path) -> float:
    return sum(file.stat().st_size for file in place.rglob("*") if file.is_file()) / 1e6


def run_rank_bm25(folders: list[Path], count: int, place: Path) -> dict[str, Any]:
    from rank_bm25 import BM25Okapi

    texts = [passage.text.lower().split() for _, passages in documents(folders, count) for passage in passages]
    made: list[BM25Okapi] = []
    seconds = timed(lambda: made.append(BM25Okapi(texts)))
    asked = questions(folders)[: 20 if count > 20_000 else 100]

    def ask(question: str) -> None:
        np.argsort(-made[0].get_scores(question.lower().split()))[:LIMIT]

    return {**milliseconds(ask, asked), "per_s": count / seconds, "change_s": seconds, "memory_mb": memory_mb()}


def run_bm25s(folders: list[Path], count: int, place: Path) -> dict[str, Any]:
    import bm25s
    import Stemmer

    stem = Stemmer.Stemmer("english").stemWord
    split = re.compile(r"\w\w+").findall
    stems: dict[str, str] = {}

    def analysed(text: str) -> list[str]:
        return [stems.get(word) or stems.setdefault(word, stem(word)) for word in split(text.lower())]

    texts = [passage.text for _, passages in documents(folders, count) for passage in passages]
    retriever = bm25s.BM25()
    seconds = timed(lambda: retriever.index([analysed(text) for text in texts], show_progress=False))
    found = milliseconds(
        lambda question: retriever.retrieve([analysed(question)], k=LIMIT, show_progress=False), questions(folders)
    )
    return {**found, "per_s": count / seconds, "change_s": seconds, "memory_mb": memory_mb()}


STEPS: dict[str, tuple[Callable[[list[Path], int, Path], dict[str, Any]], ...]] = {
    "disk": (build_disk, open_disk),
    "rank_bm25": (run_rank_bm25,),
    "bm25s": (run_bm25s,),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--passages", default="10000,100000,500000")
    parser.add_argument("--engines", default=",".join(STEPS))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        engine, step, count, place = arguments.step.split(",", 3)
        print(json.dumps(STEPS[engine][int(step)](arguments.data, int(count), Path(place))))
        return
    table = list[dict[str, Any]]()
    for count in map(int, arguments.passages.split(",")):
        for engine in arguments.engines.split(","):
            table.append({"engine": engine, "passages": count, **_measured(engine, count, arguments.data)})
            if not arguments.json:
                _print(table[-1], first=len(table) == 1)
    if arguments.json:
        print(json.dumps({"rows": table}))


def _measured(engine: str, count: int, data: list[Path]) -> dict[str, Any]:
    """Its steps, each in a process of its own."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as place:
        for step in range(len(STEPS[engine])):
            command = [sys.executable, __file__, "--step", f"{engine},{step},{count},{place}/index"]
            command += ["--data", *map(str, data)]
            done = subprocess.run(command, stdout=subprocess.PIPE, env=os.environ, check=True, text=True)
            found |= json.loads(done.stdout.splitlines()[-1])
    return found


def _print(row: dict[str, Any], *, first: bool) -> None:
    if first:
        print(f"{'engine':10} {'passages':>9} " + " ".join(f"{title:>10}" for title in COLUMNS.values()))
    cells = (f"{row[name]:10.2f}" if name in row else f"{'':>10}" for name in COLUMNS)
    print(f"{row['engine']:10} {row['passages']:9,} " + " ".join(cells), flush=True)


if __name__ == "__main__":
    main()
