"""Does giving a hopeless draft up early save tokens, and does it change turns that would have been kept?

    python benchmarks/early.py --data FOLDER… [--questions 200] [--json]

Each FOLDER holds a question set in BEIR form whose queries have `answerable` (squad, say). Every answerable question
is asked twice, once of all articles and once without its own. Replayed as the draft, word by word, is the paragraph
that holds the answer: with its article it stands on the passages, without it nothing of it does. Rows: how many drafts
the watch gave up, the share of all their tokens (characters / 4) that was not written, how many of the drafts that
would have been kept at their end were given up (turns changed), and the time that the watch took for one draft.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a script, this folder alone is on the path

from benchmarks.data import fill, passages, rows
from rag.escalation.confidence import assess_draft, assess_search
from rag.escalation.early_stop import DraftMonitor
from rag.escalation.policy import Policy
from rag.grounding.citations import check
from rag.retrieval.memory_index import MemoryIndex
from rag.retrieval.search import Searcher
from rag.turn.state import Budget
from rag.types import Generation, Passage, SearchResult


@dataclass(frozen=True)
class Replay:
    """One draft, and what it was written from."""

    question: str
    draft: str
    search: SearchResult


@dataclass(frozen=True)
class Heard:
    """What the watch made of one draft."""

    given_up: bool
    written: int
    whole: int
    kept: bool
    """Whether the whole draft would have been kept."""
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    tables = [asyncio.run(table(folder, arguments.questions)) for folder in arguments.data]
    if arguments.json:
        print(json.dumps(tables))
        return
    print(f"{'set':10} {'passages':16} {'drafts':>6} {'given up':>9} {'tokens saved':>13} {'changed':>8} {'ms':>6}")
    for each in tables:
        for row in each["rows"]:
            print(
                f"{each['data']:10} {row['passages']:16} {row['drafts']:6} {row['given_up']:9.3f}"
                f" {row['saved']:13.3f} {row['changed']:8.3f} {row['ms']:6.1f}"
            )


async def table(folder: Path, most: int) -> dict[str, Any]:
    """The rows for one question set."""
    return {
        "data": folder.name,
        "rows": [
            row("with its article", [await heard(replay) for replay in replays(folder, most, without=False)]),
            row("without it", [await heard(replay) for replay in replays(folder, most, without=True)]),
        ],
    }


def replays(folder: Path, most: int, *, without: bool) -> Iterator[Replay]:
    index, corpus = MemoryIndex(), passages(folder)
    fill(index, folder)
    searcher, limit = Searcher(index), Budget().candidates
    answerable = [each for each in rows(folder / "queries.jsonl") if each["answerable"] and each["gold"] in corpus]
    step = max(1, len(answerable) // most)
    for each in answerable[::step][:most]:
        gold = corpus[each["gold"]]
        article = [passage for passage in corpus.values() if passage.document == gold.document]
        if without:
            index.remove(gold.document.id)
        yield Replay(each["text"], gold.text, searcher.search(each["text"], limit=limit))
        if without:
            index.put(gold.document, sorted(article, key=_ordinal))


async def heard(replay: Replay) -> Heard:
    policy = Policy(long_answer_chars=0)
    found = assess_search(replay.search, replay.question, policy.weights, policy.grounding_threshold)
    watch, written, given_up = DraftMonitor(policy, found, replay.search.hits[: Budget().passages]), "", False
    began = time.perf_counter()
    for word in replay.draft.split(" "):
        written += f"{word} "
        if await watch.should_stop(f"{word} "):
            given_up = True
            break
    seconds = time.perf_counter() - began
    checked = check(replay.draft, replay.search.hits[: Budget().passages])
    whole = assess_draft(found, Generation("", replay.draft), checked, policy.weights)
    kept = whole.confidence >= policy.confidence_threshold
    return Heard(given_up, len(written), len(replay.draft) + 1, kept, seconds)


def row(name: str, drafts: list[Heard]) -> dict[str, Any]:
    kept = [each for each in drafts if each.kept]
    return {
        "passages": name,
        "drafts": len(drafts),
        "given_up": sum(each.given_up for each in drafts) / len(drafts),
        "saved": 1 - sum(each.written for each in drafts) / sum(each.whole for each in drafts),
        "changed": sum(each.given_up for each in kept) / len(kept) if kept else 0.0,
        "kept": len(kept),
        "ms": 1000 * median(each.seconds for each in drafts),
    }


def _ordinal(passage: Passage) -> int:
    return passage.ordinal


if __name__ == "__main__":
    main()
