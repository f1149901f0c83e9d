"""Made-up drafts whose worth is known, for the head that joins all signals of a draft into its confidence.

For every answerable question of a set (squad, say) stand four drafts: the sentence that holds the answer, cited to its
paragraph (right); the same with one number or name exchanged for another one of the corpus (wrong); the sentence of the
found passages that is most like the question, but without the answer (wrong); and the first again, when its article is
not among the documents (wrong: nothing found supports it).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

from benchmarks.data import fill, passages, rows
from rag.citations import check
from rag.escalation.judgement import judge
from rag.escalation.weights import Weights
from rag.metrics import auroc, calibration_error
from rag.records import Generation, SearchResult
from rag.retrieval.highlights import highlights
from rag.retrieval.memory import MemoryIndex
from rag.retrieval.search import Searcher
from rag.sentences import sentences
from rag.turn_state import Budget

_FACT = re.compile(r"\b(?:\d[\d.,]*\d|\d|[A-ZÀ-ÖØ-ÞА-Я][\w’'-]{2,})\b")


@dataclass
class Samples:
    """One row of signal values for each draft."""

    rows: list[dict[str, float]] = field(default_factory=list)
    labels: list[bool] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    """The article of the question."""
    kinds: list[str] = field(default_factory=list)


def samples(folder: Path, weights: Weights, most: int = 400) -> Samples:
    """The signals of all made-up drafts."""
    made = Samples()
    for kind, article, question, text, search in _drafts(folder, most):
        checked = check(text, search.hits)
        judgement = judge(search, question, Generation("", text, finish_reason="stop"), checked, weights)
        made.rows.append({signal.name: signal.value for signal in judgement.signals})
        made.labels.append(kind == "right")
        made.groups.append(article)
        made.kinds.append(kind)
    return made


def table(made: Samples, probabilities: list[float]) -> list[dict[str, Any]]:
    """How well the probabilities tell the right drafts from each kind of wrong ones."""
    found: list[dict[str, Any]] = []
    for kind in ("exchanged", "beside", "unsupported", "all"):
        of_kind = [n for n, each in enumerate(made.kinds) if kind == "all" or each in ("right", kind)]
        values, labels = [probabilities[n] for n in of_kind], [made.labels[n] for n in of_kind]
        row: dict[str, Any] = {"wrong": kind, "drafts": len(of_kind), "auroc": auroc(values, labels)}
        found.append(row | ({"ece": calibration_error(values, labels)} if kind == "all" else {}))
    return found


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
        if beside := _beside(search, each["answers"]):
            yield "beside", article, question, beside, search
        whole = [passage for passage in corpus.values() if passage.document == gold.document]
        index.remove(gold.document.id)
        yield "unsupported", article, question, f"{answer} [1]", searcher.search(question, limit=limit)
        index.put(gold.document, sorted(whole, key=lambda passage: passage.ordinal))


def _exchanged(sentence: str, answers: list[str], other: str) -> str:
    """The sentence with another fact in the answer's place, "" where the answer is no number or name."""
    for answer in answers:
        fact = _FACT.search(answer)
        if fact and answer in sentence and fact.group() != other and other not in sentence:
            return sentence.replace(answer, answer.replace(fact.group(), other), 1)
    return ""


def _beside(search: SearchResult, answers: list[str]) -> str:
    for each in highlights(search):
        if not any(answer in each.text for answer in answers):
            return f"{each.text} [{each.number}]"
    return ""
