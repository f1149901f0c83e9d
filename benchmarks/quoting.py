"""How often do a few quoted sentences hold the answer, beside whole passages?

    python benchmarks/quoting.py --data FOLDER [--json]

FOLDER holds a question set in BEIR form whose queries have `answerable` and `answers` (squad, say). For every
answerable question the table tells the share whose answer string stands in the text, and the text's mean length in
tokens (characters / 4).
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a script, this folder alone is on the path

from benchmarks.data import indexed, rows
from rag.generation.extractive import choose
from rag.retrieval.highlights import highlights
from rag.retrieval.search import Searcher
from rag.types import SearchResult

_PASSAGES = (1, 2, 3, 5)
METHODS: dict[str, Callable[[SearchResult, str], list[str]]] = {
    "quoting (as shipped)": lambda search, question: [quote.text for quote in choose(search, question)],
    **{f"best {n} sentences": lambda search, _, n=n: [h.text for h in highlights(search)[:n]] for n in (1, 2, 4, 8)},
    **{
        f"top {n} whole passages": lambda search, _, n=n: [h.passage.text for h in search.hits[:n]]
        for n in (1, 2, 3, 5)
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()

    searcher = Searcher(indexed(arguments.data))
    questions = [row for row in rows(arguments.data / "queries.jsonl") if row["answerable"]]
    found = [(row["answers"], row["text"], searcher.search(row["text"], limit=5)) for row in questions]
    table = [_row(name, texts, found) for name, texts in METHODS.items()]
    if arguments.json:
        print(json.dumps({"questions": len(questions), "rows": table}))
        return
    print(f"{len(questions)} answerable questions, {len(searcher)} passages\n")
    print(f"{'text':24} {'holds the answer':>16} {'tokens':>8}")
    for row in table:
        print(f"{row['text']:24} {row['holds']:16.3f} {row['tokens']:8.0f}")


def _row(
    name: str, texts: Callable[[SearchResult, str], list[str]], found: list[tuple[list[str], str, SearchResult]]
) -> dict[str, str | float]:
    held, characters = 0, 0
    for answers, question, search in found:
        text = "\n".join(texts(search, question))
        held += any(answer in text for answer in answers)
        characters += len(text)
    return {"text": name, "holds": held / len(found), "tokens": characters / 4 / len(found)}


if __name__ == "__main__":
    main()
