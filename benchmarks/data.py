"""Reads collections in BEIR form: `corpus.jsonl`, `queries.jsonl`, `qrels.tsv` in one folder."""

import csv
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from rag.retrieval.index import PassageIndex
from rag.retrieval.memory_index import MemoryIndex
from rag.types import Document, Passage


def rows(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def passages(folder: Path) -> dict[str, Passage]:
    """The corpus by its ids; texts of one title are the passages of one document."""
    articles: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows(folder / "corpus.jsonl"):
        articles[row.get("title") or row["_id"]].append(row)
    made: dict[str, Passage] = {}
    for name, texts in articles.items():
        document = Document(name=name, title=texts[0].get("title") or "")
        made |= {row["_id"]: Passage(document, n, row["text"]) for n, row in enumerate(texts)}
    return made


def fill(index: PassageIndex, folder: Path) -> None:
    documents: dict[str, list[Passage]] = defaultdict(list)
    for passage in passages(folder).values():
        documents[passage.document.id].append(passage)
    for each in documents.values():
        index.put(each[0].document, each)


def indexed(folder: Path) -> MemoryIndex:
    """The corpus in memory."""
    index = MemoryIndex()
    fill(index, folder)
    return index


def relevance(folder: Path) -> dict[str, dict[str, int]]:
    """For each query the ids of what answers it, with the grade, above 0."""
    grades: dict[str, dict[str, int]] = defaultdict(dict)
    with (folder / "qrels.tsv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            if int(row["score"]) > 0:
                grades[row["query-id"]][row["corpus-id"]] = int(row["score"])
    return dict(grades)
