"""Reads collections in BEIR form: `corpus.jsonl`, `queries.jsonl`, `qrels.tsv` in one folder."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from rag.records import Document, Passage
from rag.retrieval.memory import MemoryIndex


def rows(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def indexed(folder: Path) -> MemoryIndex:
    """The corpus in memory; texts of one title are the passages of one document, named by their ids."""
    articles: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows(folder / "corpus.jsonl"):
        articles[row.get("title") or row["_id"]].append(row)
    index = MemoryIndex()
    for title, texts in articles.items():
        document = Document(name=title, title=title)
        index.put(document, [Passage(document, n, row["text"]) for n, row in enumerate(texts)])
    return index
