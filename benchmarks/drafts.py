"""Made-up drafts whose worth is known, for the head that joins all signals of a draft into its confidence.

For every answerable question of a set (squad, say) stand four drafts: the sentence that holds the answer, cited to its
paragraph (right); the same with one number or name exchanged for another one of the corpus (wrong); the first again
when its article is not among the documents, so that nothing found supports it (wrong); and the sentence most like the
question that is found then, which stands in a passage word for word but answers something else (wrong).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from benchmarks.data import fill, passages, rows
from rag.citations import check
from rag.escalation.judgement import judge, match
from rag.escalation.logistic import Logistic, fit, out_of_fold
from rag.escalation.threshold import DEFAULT
from rag.escalation.weights import Weights
from rag.metrics import auroc, calibration_error
from rag.records import Generation, SearchResult
from rag.retrieval.highlights import highlights
from rag.retrieval.memory import MemoryIndex
from rag.retrieval.search import Searcher
from rag.sentences import sentences
from rag.turn_state import Budget

CONFIDENCE = ("answerable", "supported")
L2 = 0.3
_FIELDS = ("rows", "labels", "groups", "kinds")

_FACT = re.compile(r"\b(?:\d[\d.,]*\d|\d|[A-ZÀ-ÖØ-ÞА-Я][\w’'-]{2,})\b")


@dataclass
class Samples:
    """One row of signal values for each draft."""

    rows: list[dict[str, float]] = field(default_factory=list)
    labels: list[bool] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    """The article of the question."""
    kinds: list[str] = field(default_factory=list)


def joined(parts: list[Samples]) -> Samples:
    """The samples of several sets as one."""
    rows, labels, groups, kinds = ([each for part in parts for each in getattr(part, name)] for name in _FIELDS)
    return Samples(rows, labels, groups, kinds)


def samples(folder: Path, weights: Weights, most: int = 350) -> Samples:
    """The signals of all made-up drafts."""
    made = Samples()
    for kind, article, question, text, search in _drafts(folder, most):
        checked = check(text, search.hits[: Budget().passages])
        judgement = judge(match(search, question, weights, DEFAULT), Generation("", text), checked, weights)
        made.rows.append({signal.name: signal.value for signal in judgement.signals})
        made.labels.append(kind == "right")
        made.groups.append(article)
        made.kinds.append(kind)
    return made


def head(made: Samples) -> tuple[Logistic, dict[str, Any]]:
    """The head `confidence` on these drafts, and how well it does out of fold; right and wrong ones weigh alike.

    After the gate most drafts are right, so their small share here is no measure of how many are.
    """
    named = [{name: row[name] for name in CONFIDENCE} for row in made.rows]
    right = sum(made.labels)
    counts = [0.5 / right if label else 0.5 / (len(named) - right) for label in made.labels]
    counts = [count * len(named) for count in counts]
    found = out_of_fold(named, made.labels, made.groups, l2=L2, weights=counts)
    wrongs = {each["wrong"]: round(each["auroc"], 4) for each in table(made, found)}
    error = calibration_error(_resampled(found, made), _resampled([float(label) for label in made.labels], made))
    said = {"rows": len(named), "auroc": wrongs.pop("all"), "ece": round(error, 4), "auroc_against": wrongs}
    return fit(named, made.labels, l2=L2, weights=counts), said


def _resampled(values: list[float], made: Samples) -> list[float]:
    """The right ones as often as needed for both kinds to be as many."""
    right = [value for value, label in zip(values, made.labels, strict=True) if label]
    wrong = [value for value, label in zip(values, made.labels, strict=True) if not label]
    return [*wrong, *islice(cycle(right), len(wrong))]


def table(made: Samples, probabilities: list[float]) -> list[dict[str, Any]]:
    """How well the probabilities tell the right drafts from each kind of wrong ones."""
    found: list[dict[str, Any]] = []
    for kind in ("exchanged", "unsupported", "astray", "all"):
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
