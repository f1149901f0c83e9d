"""What do typing errors cost, and how much of it does spelling correction give back?

    python benchmarks/typos.py --data FOLDER… [--queries N] [--engine memory|disk] [--json]

Each FOLDER holds a collection in BEIR form. Every word of five letters or more of its questions gets one random edit (a
letter too many, left out, replaced, or exchanged with the next one; the same at every run). A row is a collection:
hit@5 without and with errors, each searched as typed and corrected; the share of damaged words that were set right and
of good questions that were changed; and the median and 95th percentile of a search's time with errors, in ms.
"""

import argparse
import json
import random
import re
import string
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a script, this folder alone is on the path

from benchmarks.data import fill, passages, relevance, rows
from benchmarks.retrieval import ENGINES
from rag.retrieval.search import Searcher
from rag.text.analysis import fold, stem
from rag.types import SearchResult

SHORTEST, DEPTH, SEED = 5, 10, 7
ALPHABETS = {"ru": "абвгдежзийклмнопрстуфхцчшщъыьэюя"}
COLUMNS = (
    "typed",
    "corrected",
    "errors, typed",
    "errors, corrected",
    "set right",
    "changed",
    "typed p50",
    "p50",
    "p95",
)
_WORD = re.compile(r"[^\W\d_]+")


def with_errors(text: str, draw: random.Random, alphabet: str = string.ascii_lowercase) -> str:
    """The text with one edit in every word of `SHORTEST` letters or more."""
    return _WORD.sub(lambda match: _edited(match[0], draw, alphabet) if len(match[0]) >= SHORTEST else match[0], text)


def _edited(word: str, draw: random.Random, alphabet: str) -> str:
    kind, letter = draw.choice(("insert", "delete", "substitute", "transpose")), draw.choice(alphabet)
    at = draw.randrange(len(word) - (kind == "transpose"))
    before, after = word[:at], word[at:]
    return (
        before
        + {
            "insert": letter + after,
            "delete": after[1:],
            "substitute": letter + after[1:],
            "transpose": after[1:2] + after[:1] + after[2:],
        }[kind]
    )


def measured(folder: Path, engine: str, count: int | None) -> dict[str, Any]:
    """The row of a collection."""
    grades = relevance(folder)
    asked = [row for row in rows(folder / "queries.jsonl") if row["_id"] in grades][:count]
    relevant = [grades[row["_id"]].keys() for row in asked]
    draw, alphabet = random.Random(SEED), ALPHABETS.get(folder.name.rpartition("_")[2], string.ascii_lowercase)
    good = [row["text"] for row in asked]
    bad = [with_errors(text, draw, alphabet) for text in good]
    with tempfile.TemporaryDirectory() as place:
        index = ENGINES[engine](Path(place))
        fill(index, folder)
        searches = {
            (errors, correct): _searched(Searcher(index), texts, correct)
            for errors, texts in ((False, good), (True, bad))
            for correct in (False, True)
        }
        index.close()
    ids = {passage.id: name for name, passage in passages(folder).items()}
    hits = {
        case: float(np.mean([_is_hit(result, ids, names) for result, names in zip(results, relevant, strict=True)]))
        for case, (results, _) in searches.items()
    }
    times = searches[True, True][1]
    return {
        "collection": folder.name,
        "questions": len(asked),
        "typed": hits[False, False],
        "corrected": hits[False, True],
        "errors, typed": hits[True, False],
        "errors, corrected": hits[True, True],
        "set right": _set_right(good, bad, searches[True, True][0]),
        "changed": float(np.mean([bool(result.corrections) for result in searches[False, True][0]])),
        "typed p50": float(np.median(searches[True, False][1])),
        "p50": float(np.median(times)),
        "p95": float(np.percentile(times, 95)),
    }


def _searched(searcher: Searcher, texts: Sequence[str], correct: bool) -> tuple[list[SearchResult], list[float]]:
    """The results, and the ms that each took."""
    searcher.search(texts[0], limit=DEPTH, correct=correct)  # what is read at the first use is not a search's
    results, times = list[SearchResult](), list[float]()
    for text in texts:
        started = time.perf_counter()
        results.append(searcher.search(text, limit=DEPTH, correct=correct))
        times.append(1000 * (time.perf_counter() - started))
    return results, times


def _is_hit(result: SearchResult, ids: dict[str, str], relevant: Any) -> bool:
    return any(ids[hit.passage.id] in relevant for hit in result.hits[:5])


def _set_right(good: Sequence[str], bad: Sequence[str], results: Sequence[SearchResult]) -> float:
    """The share of damaged words that were searched for as they had been, up to their ending."""
    right = [
        stem(fold(result.corrections.get(typed, typed))) == stem(fold(meant))
        for meant_text, typed_text, result in zip(good, bad, results, strict=True)
        for meant, typed in zip(_WORD.findall(meant_text), _WORD.findall(typed_text), strict=True)
        if meant != typed
    ]
    return float(np.mean(right))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--engine", choices=list(ENGINES), default="disk")
    parser.add_argument("--queries", type=int, help="at most so many of each collection")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()

    table = [measured(folder, arguments.engine, arguments.queries) for folder in arguments.data]
    if arguments.json:
        print(json.dumps({"rows": table}))
        return
    print(f"{'collection':12} {'questions':>9} " + " ".join(f"{name:>17}" for name in COLUMNS))
    for row in table:
        cells = (f"{row[name]:17.1f}" if name[-1].isdigit() else f"{row[name]:17.3f}" for name in COLUMNS)
        print(f"{row['collection']:12} {row['questions']:9} " + " ".join(cells))


if __name__ == "__main__":
    main()
