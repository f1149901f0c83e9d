"""Made-up drafts whose worth is known, to try the confidence on.

For every answerable question of a set (squad, say) stand four drafts: the sentence that holds the answer, cited to its
paragraph (right); the same with one number or name exchanged for another one of the corpus (wrong); the first again
when its article is not among the documents, so that nothing found supports it (wrong); and the sentence most like the
question that is found then, which stands in a passage word for word but answers something else (wrong).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

from benchmarks.data import fill, passages, rows
from rag.escalation.confidence import assess_draft, assess_search
from rag.escalation.policy import Policy
from rag.escalation.threshold import DEFAULT
from rag.escalation.weights import Weights
from rag.grounding.citations import check
from rag.retrieval.highlights import highlights
from rag.retrieval.memory_index import MemoryIndex
from rag.retrieval.search import Searcher
from rag.statistics import auroc
from rag.text.sentences import sentences
from rag.turn.state import Budget
from rag.types import Generation, SearchResult

_FACT = re.compile(r"\b(?:\d[\d.,]*\d|\d|[A-ZÀ-ÖØ-ÞА-Я][\w’'-]{2,})\b")


@dataclass
class Samples:
    """One row of signal values for each draft."""

    rows: list[dict[str, float]] = field(default_factory=list)
    labels: list[bool] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    """The article of the question."""
    kinds: list[str] = field(default_factory=list)


def samples(folder: Path, weights: Weights, most: int = 350) -> Samples:
    """The signals of all made-up drafts."""
    made = Samples()
    for kind, article, question, text, search in _drafts(folder, most):
        checked = check(text, search.hits[: Budget().passages])
        judgement = assess_draft(
            assess_search(search, question, weights, DEFAULT), Generation("", text), checked, weights
        )
        made.rows.append({signal.name: signal.value for signal in judgement.signals})
        made.labels.append(kind == "right")
        made.groups.append(article)
        made.kinds.append(kind)
    return made


def table(folder: Path, weights: Weights) -> dict[str, Any]:
    """How well the confidence tells right drafts from each kind of wrong ones, and how many it calls good enough."""
    made = samples(folder, weights)
    found = [weights.confidence(row) for row in made.rows]
    kinds: dict[str, list[float]] = {}
    for kind, value in zip(made.kinds, found, strict=True):
        kinds.setdefault(kind, []).append(value)
    rows = [
        {
            "drafts": kind,
            "count": len(values),
            "kept": sum(value >= Policy().confidence_threshold for value in values) / len(values),
            "auroc": auroc(kinds["right"] + values, [True] * len(kinds["right"]) + [False] * len(values)),
        }
        for kind, values in kinds.items()
    ]
    return {"data": folder.name, "rows": rows}


def show(found: dict[str, Any]) -> str:
    """The table as text."""
    lines = [f"{found['data']}: made-up drafts", f"{'drafts':12} {'count':>6} {'kept':>6} {'right above':>12}"]
    for row in found["rows"]:
        against = "" if row["drafts"] == "right" else f"{row['auroc']:12.3f}"
        lines.append(f"{row['drafts']:12} {row['count']:6} {row['kept']:6.3f} {against}")
    return "\n".join(lines)


def _drafts(folder: Path, most: int) -> Iterator[tuple[str, str, str, str, SearchResult]]:
    index, corpus = MemoryIndex(), passages(folder)
    fill(index, folder)
    searcher, limit = Searcher(index), Budget().candidates
    others = cycle([fact for passage in corpus.values() for fact in _FACT.findall(passage.text)][::37])
    asked = [each for each in rows(folder / "queries.jsonl") if each["answerable"] and each["gold"] in corpus]
    step = max(1, len(asked) // most)
    for each in asked[::step][:most]:
        gold, question = corpus[each["gold"]], each["text"]
        answer = next((s for s in sentences(gold.text) if any(a in s for a in each["answers"])), "")
        search = searcher.search(question, limit=limit)
        number = next((n for n, hit in enumerate(search.hits, 1) if gold.text in hit.passage.text), 0)
        if not answer or not number:
            continue
        article = gold.document.name
        yield "right", article, question, f"{answer} [{number}]", search
        if exchanged := _exchanged(answer, each["answers"], next(others)):
            yield "exchanged", article, question, f"{exchanged} [{number}]", search
        whole = [passage for passage in corpus.values() if passage.document == gold.document]
        index.remove(gold.document.id)
        found = searcher.search(question, limit=limit)
        yield "unsupported", article, question, f"{answer} [1]", found
        yield from (
            ("astray", article, question, f"{each.text} [{each.number}]", found) for each in highlights(found)[:1]
        )
        index.put(gold.document, sorted(whole, key=lambda passage: passage.ordinal))


def _exchanged(sentence: str, answers: list[str], other: str) -> str:
    """The sentence with another fact in the answer's place, "" where the answer is no number or name."""
    for answer in answers:
        fact = _FACT.search(answer)
        if fact and answer in sentence and fact.group() != other and other not in sentence:
            return sentence.replace(answer, answer.replace(fact.group(), other), 1)
    return ""
