"""How much of a document do five sentences chosen without a model tell, beside its first ones and any others?

    python benchmarks/summary.py --data FOLDER ... [--sentences 5] [--json]

Each FOLDER holds a collection in BEIR form whose texts have titles (squad, xquad, scifact). Nobody has written
summaries of them, so three proxies stand for one, and the summariser sees no title:

* title: the share of the title's terms that the sentences hold; a title is the shortest summary that its author knew.
* answers: the share of people's questions about the document whose answer stands in the sentences (question answering
  as a measure of summaries: Eyal, Baumel & Elhadad, 2019).
* divergence: Jensen-Shannon, of the sentences' terms from the document's, in bits; lower is better (Louis & Nenkova,
  2013, found it to rank systems as people do).

`lead` is the first sentences, `random` the mean of five draws, both from the sentences that may be chosen.
"""

import argparse
import json
import math
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a script, this folder alone is on the path

from benchmarks.data import passages, relevance, rows
from rag.generation.extractive_summary import summarise
from rag.generation.summary_sentences import sentences_of
from rag.text.analysis import analyse
from rag.types import Passage

MOST_DOCUMENTS = 300
DRAWS = 5
Texts = Sequence[str]
Method = Callable[[Sequence[Passage], int], list[Texts]]
"""The sentences of a document, once for each draw."""


def lead(document: Sequence[Passage], most: int) -> list[Texts]:
    return [[each.text for each in islice(_sentences(document), most)]]


def drawn(document: Sequence[Passage], most: int) -> list[Texts]:
    every = [each.text for each in _sentences(document)]
    return [random.Random(seed).sample(every, min(most, len(every))) for seed in range(DRAWS)]


def shipped(document: Sequence[Passage], most: int) -> list[Texts]:
    return [[each.text for each in summarise(document, most).extracts]]


METHODS: dict[str, Method] = {"Groundwork": shipped, "lead": lead, "random": drawn}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, nargs="+")
    parser.add_argument("--sentences", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    table = [row for folder in arguments.data for row in measure(folder, arguments.sentences)]
    if arguments.json:
        print(json.dumps({"sentences": arguments.sentences, "rows": table}))
        return
    print(f"{'collection':12} {'method':12} {'title':>7} {'answers':>8} {'divergence':>11} {'characters':>11}")
    for row in table:
        answers = "" if row["answers"] is None else f"{row['answers']:.3f}"
        numbers = f"{row['title']:7.3f} {answers:>8} {row['divergence']:11.3f} {row['characters']:11.0f}"
        print(f"{row['collection']:12} {row['method']:12} {numbers}")


def measure(folder: Path, most: int) -> list[dict[str, str | float | None]]:
    """A row for each method; `answers` is None where the questions have none."""
    documents, answers = _documents(folder)
    table: list[dict[str, str | float | None]] = []
    for name, method in METHODS.items():
        found: dict[str, list[float]] = defaultdict(list)
        for title, document in documents:
            untitled = [replace(each, document=replace(each.document, title="")) for each in document]
            for texts in method(untitled, most):
                text = "\n".join(texts)
                found["title"].append(share_of_terms(title, text))
                found["divergence"].append(divergence(text, "\n".join(each.text for each in document)))
                found["characters"].append(len(text))
                if given := answers.get(title):
                    found["answers"].append(sum(any(each in text for each in one) for one in given) / len(given))
        means = {key: sum(each) / len(each) for key, each in found.items()}
        table.append({"collection": folder.name, "method": name, "documents": len(documents), "answers": None} | means)
    return table


def share_of_terms(title: str, text: str) -> float:
    wanted = set(analyse(title).units)
    return len(wanted & set(analyse(text).units)) / len(wanted) if wanted else 1.0


def divergence(text: str, whole: str) -> float:
    """Jensen-Shannon divergence of two texts' terms, in bits, [0, 1]."""
    one, other = Counter(analyse(text).units), Counter(analyse(whole).units)
    total = 0.0
    for term in one.keys() | other.keys():
        p, q = one[term] / (one.total() or 1), other[term] / (other.total() or 1)
        total += sum(x / 2 * math.log2(2 * x / (p + q)) for x in (p, q) if x)
    return total


def _sentences(document: Sequence[Passage]):
    return (each for passage in document for each in sentences_of(passage))


def _documents(folder: Path) -> tuple[list[tuple[str, list[Passage]]], dict[str, list[list[str]]]]:
    """Titles with their passages, and for each title the answers of its questions."""
    by_id = passages(folder)
    documents: dict[str, list[Passage]] = defaultdict(list)
    for each in by_id.values():
        documents[each.document.title].append(each)
    grades = relevance(folder)
    answers: dict[str, list[list[str]]] = defaultdict(list)
    for row in rows(folder / "queries.jsonl"):
        for wanted in list(grades.get(row["_id"], ()))[:1]:
            if row.get("answers") and wanted in by_id:
                answers[by_id[wanted].document.title].append(row["answers"])
    return [(title, each) for title, each in documents.items() if title][:MOST_DOCUMENTS], answers


if __name__ == "__main__":
    main()
