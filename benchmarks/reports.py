"""Is a report found by what it is called, among many of the same kind: the right document, and the right page in it?

    python benchmarks/reports.py --data FOLDER [--json]

FOLDER holds `corpus.jsonl` (passages with their `document`, `title` and `page`) and `queries.jsonl` (questions with the
`pages` that answer them), or has them in `reports` or `data/reports`. All documents are put into one index on the disk.
It prints, beside the same search without names, `document@5` and `page@5`: the share of questions with a passage of a
right document, and of a right page of it, among the first five hits; for all questions and for those about every other
company, so that what was tuned on one half is seen on the other; and the median time of a search.
"""

import argparse
import json
import re
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a script, this folder alone is on the path

from benchmarks.data import rows
from rag.retrieval.named_documents import NamedDocument
from rag.retrieval.search import Searcher
from rag.retrieval.tantivy_index import TantivyIndex
from rag.types import Document, Hit, Passage

LIMIT = 5


class WithoutNames(Searcher):
    """The same search, in which no question names a document."""

    def documents_named(self, question: str) -> list[NamedDocument]:
        return []


def fill(index: TantivyIndex, folder: Path) -> None:
    texts: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows(folder / "corpus.jsonl"):
        texts[row["document"]].append(row)
    for name, each in texts.items():
        document = Document(name, each[0]["title"])
        index.put(document, [Passage(document, n, row["text"], page=row["page"]) for n, row in enumerate(each)])


def halves(questions: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """All questions, and those about every other company, by the file names' beginnings."""

    def company(question: dict[str, Any]) -> str:
        return re.split(r"_\d{4}", question["pages"][0][0])[0].lower()

    companies = sorted({company(each) for each in questions})
    return {
        "all": questions,
        "even companies": [each for each in questions if companies.index(company(each)) % 2 == 0],
        "odd companies": [each for each in questions if companies.index(company(each)) % 2],
    }


def measured(searcher: Searcher, questions: list[dict[str, Any]]) -> dict[str, float]:
    documents, pages, times = list[bool](), list[bool](), list[float]()
    for question in questions:
        start = time.perf_counter()
        hits = searcher.search(question["text"], limit=LIMIT).hits
        times.append(1000 * (time.perf_counter() - start))
        right = {(name, page) for name, page in question["pages"]}
        documents.append(any(hit.passage.document.name in dict(right) for hit in hits))
        pages.append(any(_place(hit) in right for hit in hits))
    return {
        "document@5": statistics.mean(documents),
        "page@5": statistics.mean(pages),
        "p50_ms": statistics.median(times),
    }


def _place(hit: Hit) -> tuple[str, int | None]:
    return hit.passage.document.name, hit.passage.page


def compare(folder: Path) -> list[dict[str, Any]]:
    """A row for each half of the questions and each search."""
    parts = halves(rows(folder / "queries.jsonl"))
    with tempfile.TemporaryDirectory() as place:
        index = TantivyIndex(Path(place))
        fill(index, folder)
        systems = {"with names": Searcher(index), "without names": WithoutNames(index)}
        table = [
            {"system": system, "questions": part, "count": len(asked), **measured(searcher, asked)}
            for system, searcher in systems.items()
            for part, asked in parts.items()
        ]
        index.close()
    return table


def found_in(folder: Path) -> Path:
    places = (folder, folder / "reports", folder / "data" / "reports")
    return next((place for place in places if (place / "queries.jsonl").exists()), folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    table = compare(found_in(arguments.data))
    if arguments.json:
        every = next(row for row in table if row["questions"] == "all")
        print(json.dumps({"document@5": every["document@5"], "page@5": every["page@5"], "rows": table}))
        return
    print(f"{'system':16} {'questions':16} {'count':>5} {'document@5':>11} {'page@5':>7} {'p50 ms':>7}")
    for row in table:
        measures = f"{row['document@5']:11.3f} {row['page@5']:7.3f} {row['p50_ms']:7.1f}"
        print(f"{row['system']:16} {row['questions']:16} {row['count']:5} {measures}")


if __name__ == "__main__":
    main()
