"""How well are passages found: our engines beside rank_bm25 and bm25s, in the same run, with one setting for all sets?

    python benchmarks/retrieval.py --data FOLDER… [--engine memory,disk] [--queries N] [--without-accents] [--json]

Each FOLDER holds a collection in BEIR form. `rank_bm25 on stems` and `bm25s` are told the language by the end of the
folder's name (`xquad_de`), else it is English; we are told nothing. With --without-accents a column tells what is lost,
in points of nDCG@10, when the questions are typed without accents. Questions that have a `history` make another table:
follow-ups with the last question alone and with those before it, and the same questions made to stand alone by people
(`manual`) after a talk about something else, where there is nothing to be gained.
"""

import argparse
import json
import math
import random
import re
import sys
import tempfile
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import Stemmer
from rank_bm25 import BM25Okapi

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a script, this folder alone is on the path

from benchmarks.data import fill, passages, relevance, rows
from rag.retrieval.index import PassageIndex
from rag.retrieval.memory_index import MemoryIndex
from rag.retrieval.search import Searcher
from rag.retrieval.tantivy_index import TantivyIndex
from rag.text.analysis import STOP_WORDS

Ranker = Callable[[str], list[str]]
"""A question to the ids of the ten best texts."""

DEPTH = 10
ENGINES: dict[str, Callable[[Path], PassageIndex]] = {
    "memory": lambda place: MemoryIndex(),
    "disk": lambda place: TantivyIndex(place),
}
LANGUAGES = {"de": "german", "es": "spanish", "ru": "russian"}


class Ours:
    """One of our engines, filled, behind the search that the app uses."""

    def __init__(self, engine: str, folder: Path, place: Path) -> None:
        self._index = ENGINES[engine](place)
        fill(self._index, folder)
        self._ids = {passage.id: name for name, passage in passages(folder).items()}
        self._searcher = Searcher(self._index)

    def __call__(self, question: str, earlier: Sequence[str] = ()) -> list[str]:
        hits = self._searcher.search(question, earlier, limit=DEPTH).hits
        return [self._ids[hit.passage.id] for hit in hits]

    def close(self) -> None:
        self._index.close()


def rank_bm25(folder: Path, analysed: Callable[[str], list[str]]) -> Ranker:
    texts = _texts(folder)
    index = BM25Okapi([analysed(text) for text in texts.values()])
    names = list(texts)

    def ranked(question: str) -> list[str]:
        scores = index.get_scores(analysed(question))
        return [names[i] for i in np.argsort(-scores, kind="stable")[:DEPTH] if scores[i] > 0]

    return ranked


def bm25s_as_its_readme_has_it(folder: Path) -> Ranker:
    try:
        import bm25s
    except ImportError:
        sys.exit('bm25s is missing: pip install -e ".[bench]"')
    texts, stemmer = _texts(folder), Stemmer.Stemmer(_language(folder))
    index, names = bm25s.BM25(), list(texts)
    index.index(
        bm25s.tokenize(list(texts.values()), stopwords="en", stemmer=stemmer, show_progress=False), show_progress=False
    )

    def ranked(question: str) -> list[str]:
        tokens = bm25s.tokenize(question, stopwords="en", stemmer=stemmer, show_progress=False)
        found, scores = index.retrieve(tokens, k=min(DEPTH, len(names)), show_progress=False)
        return [names[i] for i, score in zip(found[0], scores[0], strict=True) if score > 0]

    return ranked


def stems_of(language: str) -> Callable[[str], list[str]]:
    """Lucene's stop words and Snowball stems."""
    stem, split = cache(Stemmer.Stemmer(language).stemWord), re.compile(r"\w+").findall
    return lambda text: [stem(word) for word in split(text.lower()) if word not in STOP_WORDS]


def _texts(folder: Path) -> dict[str, str]:
    return {name: f"{each.document.title}\n{each.text}".strip() for name, each in passages(folder).items()}


def _language(folder: Path) -> str:
    return LANGUAGES.get(folder.name.rpartition("_")[2], "english")


def without_accents(text: str) -> str:
    """As people type who have no such keys: accents, umlauts' dots, й and ё gone."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if unicodedata.category(c) != "Mn")


def measured(found: Iterable[tuple[list[str], dict[str, int]]]) -> dict[str, float]:
    """Means over questions of a ranking's measures, given its ids and the grades of what answers."""
    each = list(found)
    ranks = [[n for n, name in enumerate(names) if name in grades] for names, grades in each]
    return {
        "nDCG@10": _mean(_ndcg(names, grades) for names, grades in each),
        **{
            f"recall@{k}": _mean(
                sum(n < k for n in held) / len(grades) for held, (_, grades) in zip(ranks, each, strict=True)
            )
            for k in (1, 5, 10)
        },
        "MRR@10": _mean(1 / (held[0] + 1) if held else 0.0 for held in ranks),
        "hit@5": _mean(bool(held) and held[0] < 5 for held in ranks),
    }


def _ndcg(names: Sequence[str], grades: dict[str, int]) -> float:
    def gain(values: Iterable[int]) -> float:
        return sum(value / math.log2(n + 2) for n, value in enumerate(values))

    return gain(grades.get(name, 0) for name in names) / gain(sorted(grades.values(), reverse=True)[:DEPTH])


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))


def compare(folder: Path, engines: Sequence[str], count: int | None, plain: bool) -> list[dict[str, Any]]:
    """A row for each of our engines and of the peers; ours tell how much of their ten is the first engine's."""
    grades = relevance(folder)
    asked = [row for row in rows(folder / "queries.jsonl") if row["_id"] in grades][:count]
    table, first = list[dict[str, Any]](), list[list[str]]()

    def add(system: str, rank: Ranker) -> list[list[str]]:
        found = [rank(row["text"]) for row in asked]
        row = {"collection": folder.name, "system": system, "questions": len(asked)}
        row |= measured((names, grades[q["_id"]]) for names, q in zip(found, asked, strict=True))
        if plain:
            again = measured((rank(without_accents(q["text"])), grades[q["_id"]]) for q in asked)
            row["lost"] = 100 * (row["nDCG@10"] - again["nDCG@10"])
        table.append(row)
        return found

    with tempfile.TemporaryDirectory() as place:
        for engine in engines:
            ours = Ours(engine, folder, Path(place, engine))
            found = add(f"ours, {engine}", ours)
            first = first or found
            table[-1]["overlap"] = _mean(len({*a} & {*b}) / (len(a) or 1) for a, b in zip(first, found, strict=True))
            ours.close()
    add("rank_bm25 on split words", rank_bm25(folder, lambda text: text.lower().split()))
    add("rank_bm25 on stems", rank_bm25(folder, stems_of(_language(folder))))
    add("bm25s", bm25s_as_its_readme_has_it(folder))
    return table


def follow_ups(folder: Path, engine: str) -> list[dict[str, Any]]:
    """Rows for a collection of conversations; without `history` in its questions, none."""
    grades = relevance(folder)
    asked = [row for row in rows(folder / "queries.jsonl") if row["_id"] in grades]
    if "history" not in asked[0]:
        return []
    later = [row for row in asked if row["history"]]
    draw = random.Random(7)
    others = {row["_id"]: draw.choice([o for o in later if o["topic"] != row["topic"]]) for row in later}

    def earlier(row: dict[str, Any]) -> list[str]:
        return [question for question, _ in row["history"]]

    with tempfile.TemporaryDirectory() as place:
        ours = Ours(engine, folder, Path(place, engine))
        cases: dict[str, tuple[list[dict[str, Any]], Callable[[dict[str, Any]], list[str]]]] = {
            "first turns": ([row for row in asked if not row["history"]], lambda row: ours(row["text"])),
            "follow-ups, last question alone": (later, lambda row: ours(row["text"])),
            "follow-ups, as shipped": (later, lambda row: ours(row["text"], earlier(row))),
            "made to stand alone by people": (later, lambda row: ours(row["manual"])),
            "the same after another topic": (later, lambda row: ours(row["manual"], earlier(others[row["_id"]]))),
        }
        table = [
            {"collection": folder.name, "case": case, "questions": len(of)}
            | measured((rank(row), grades[row["_id"]]) for row in of)
            for case, (of, rank) in cases.items()
        ]
        ours.close()
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--engine", default=",".join(ENGINES))
    parser.add_argument("--queries", type=int, help="at most so many of each collection")
    parser.add_argument("--without-accents", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()

    engines = arguments.engine.split(",")
    table, talks = list[dict[str, Any]](), list[dict[str, Any]]()
    for folder in arguments.data:
        more = follow_ups(folder, engines[0])
        talks += more
        if not more:
            table += compare(folder, engines, arguments.queries, arguments.without_accents)
    if arguments.json:
        print(json.dumps({"rows": table, "follow_ups": talks}))
        return
    measures = ["nDCG@10", "recall@1", "recall@5", "recall@10", "MRR@10"]
    _print(table, "system", [*measures, *(["lost"] if arguments.without_accents else []), "overlap"])
    _print(talks, "case", ["hit@5", "MRR@10"])


def _print(table: Sequence[dict[str, Any]], kind: str, measures: Sequence[str]) -> None:
    if table:
        print(f"{'collection':12} {kind:32} {'questions':>9} " + " ".join(f"{name:>9}" for name in measures))
    for row in table:
        cells = (f"{row[name]:9.3f}" if name in row else " " * 9 for name in measures)
        print(f"{row['collection']:12} {row[kind]:32} {row['questions']:9} " + " ".join(cells))
    print()


if __name__ == "__main__":
    main()
