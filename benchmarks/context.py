"""How few tokens of passages hold the answer, beside whole passages and best sentences?

    python benchmarks/context.py --data FOLDER… [--budgets 200,400,800,1200] [--json]

Each FOLDER holds a question set in BEIR form whose queries have `answerable` and `answers` (squad, say). For every
answerable question the table tells the share whose answer string stands in what a prompt shows of the passages: of
all questions, and of the half on which no constant of rag/retrieval/highlights and rag/generation/packing was chosen.
Beside them stand the means of the text's characters / 4, of the tokens that a budget counts (`estimate_tokens`, with
the line that names each passage) and of the passages shown. The last line is the time to choose what is shown.
"""

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import mean, median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a script, this folder alone is on the path

from benchmarks.data import indexed, rows
from rag.generation.context import estimate_tokens, select_excerpts
from rag.retrieval.highlights import highlights
from rag.retrieval.search import Searcher
from rag.turn.state import Budget
from rag.types import SearchResult

Shown = list[tuple[str, str]]
"""For each passage of a prompt its place and what is shown of it."""
Method = Callable[[SearchResult], Shown]


def whole(passages: int) -> Method:
    return lambda search: [(hit.passage.place, hit.passage.shown) for hit in search.hits[:passages]]


def best_sentences(most: int) -> Method:
    def shown(search: SearchResult) -> Shown:
        texts: dict[int, list[str]] = {}
        for highlight in highlights(search)[:most]:
            texts.setdefault(highlight.number, []).append(highlight.text)
        return [(search.hits[number - 1].passage.place, " … ".join(each)) for number, each in texts.items()]

    return shown


def packed(tokens: int) -> Method:
    def shown(search: SearchResult) -> Shown:
        excerpts = select_excerpts(search, tokens=tokens, passages=Budget().passages)
        return [(excerpt.hit.passage.place, excerpt.text) for excerpt in excerpts]

    return shown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--budgets", default="200,400,800,1200", help="tokens, comma-separated")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()

    methods = {
        **{f"top {n} whole passages": whole(n) for n in (1, 2, 3, 5)},
        **{f"best {n} sentences": best_sentences(n) for n in (1, 2, 4, 8)},
        **{f"packed, at most {n} tokens": packed(n) for n in map(int, arguments.budgets.split(","))},
    }
    tables = [table(folder, methods) for folder in arguments.data]
    if arguments.json:
        print(json.dumps(tables))
        return
    for each in tables:
        print(f"{each['data']}: {each['questions']} answerable questions, {each['passages']} passages\n")
        print(f"{'text':28} {'holds':>7} {'held out':>9} {'chars/4':>8} {'tokens':>7} {'passages':>9}")
        for row in each["rows"]:
            print(
                f"{row['text']:28} {row['holds']:7.3f} {row['held_out']:9.3f}"
                f" {row['quarters']:8.0f} {row['tokens']:7.0f} {row['passages']:9.1f}"
            )
        print(f"\nchosen in {each['ms']:.1f} ms (median)\n")


def table(folder: Path, methods: dict[str, Method]) -> dict[str, Any]:
    """The rows for one question set."""
    searcher = Searcher(indexed(folder))
    questions = [row for row in rows(folder / "queries.jsonl") if row["answerable"]]
    limit = Budget().candidates
    found = [(row["text"], row["answers"], searcher.search(row["text"], limit=limit)) for row in questions]
    took: list[float] = []
    for _, _, search in found:
        began = time.perf_counter()
        select_excerpts(search, tokens=Budget().passage_tokens, passages=Budget().passages)
        took.append(time.perf_counter() - began)
    return {
        "data": folder.name,
        "questions": len(questions),
        "passages": len(searcher),
        "rows": [measured(name, method, found) for name, method in methods.items()],
        "ms": 1000 * median(took),
    }


def measured(name: str, method: Method, found: list[tuple[str, list[str], SearchResult]]) -> dict[str, str | float]:
    shown = [(question, answers, method(search)) for question, answers, search in found]
    held = [
        (held_out(question), any(answer in "\n".join(text for _, text in each) for answer in answers))
        for question, answers, each in shown
    ]
    return {
        "text": name,
        "holds": mean(holds for _, holds in held),
        "held_out": mean(holds for other, holds in held if other),
        "quarters": mean(sum(len(text) for _, text in each) / 4 for _, _, each in shown),
        "tokens": mean(sum(map(estimate_tokens, (part for row in each for part in row))) for _, _, each in shown),
        "passages": mean(len(each) for _, _, each in shown),
    }


def held_out(question: str) -> bool:
    return int(hashlib.md5(question.encode()).hexdigest(), 16) % 2 == 1


if __name__ == "__main__":
    main()
