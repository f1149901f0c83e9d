"""What do other words for a question give, such as its translation by the small model, and when are they needed?

    python benchmarks/bridge.py --data FOLDER --questions FOLDER… [--queries N] [--json]

The passages are those of --data, in BEIR form; each folder of --questions holds the same questions in another language,
by the same ids. A row is such a language: hit@5 with its own words alone; with a perfect translation beside them (the
question of --data); with 30 and 50 % of that one's words left out; and with its two, three and five rarest words. A
part of the questions is `asked`: those whose best normalised score is below `REWRITE_BELOW`, for which a model would be
asked; all others keep their own words. The row of --data itself shows what is lost where nothing was missing: its
questions with the words of the first other language.
"""

import argparse
import json
import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a script, this folder alone is on the path

from benchmarks.data import indexed, passages, relevance, rows
from rag.retrieval.memory_index import MemoryIndex
from rag.retrieval.search import Searcher
from rag.text.analysis import analyse
from rag.text.function_words import content_words
from rag.turn.retrieve import REWRITE_BELOW

DEPTH, SEED = 5, 7
COLUMNS = ("asked", "own words", "perfect", "30 % missing", "50 % missing", "two words", "three words", "five words")

Words = Callable[[str], str]
"""What a model would make of a question, given its perfect translation."""


def ways(index: MemoryIndex) -> dict[str, Words]:
    return {
        "own words": lambda text: "",
        "perfect": lambda text: text,
        "30 % missing": lambda text: _without(text, 0.3),
        "50 % missing": lambda text: _without(text, 0.5),
        "two words": lambda text: _rarest(text, index, 2),
        "three words": lambda text: _rarest(text, index, 3),
        "five words": lambda text: _rarest(text, index, 5),
    }


def _without(text: str, share: float) -> str:
    """Without this share of its words, at random, the same at every run."""
    words = text.split()
    draw = random.Random(f"{SEED} {text}")
    left_out = set(draw.sample(range(len(words)), round(share * len(words))))
    return " ".join(word for n, word in enumerate(words) if n not in left_out)


def _rarest(text: str, index: MemoryIndex, count: int) -> str:
    words = list(dict.fromkeys(content_words(text)))
    units = {word: analyse(word).units for word in words}
    statistics = index.statistics({unit for each in units.values() for unit in each})
    rarity = {word: sum(map(statistics.idf, each)) / (len(each) or 1) for word, each in units.items()}
    return " ".join(sorted(words, key=lambda word: -rarity[word])[:count])


def table(
    index: MemoryIndex,
    ids: dict[str, str],
    grades: dict[str, dict[str, int]],
    questions: dict[str, str],
    others: dict[str, str],
) -> dict[str, float]:
    """The row of one language; `others` are the perfect translations."""
    searcher = Searcher(index)

    def hit(query: str, rewritten: Sequence[str] = ()) -> bool:
        found = searcher.search(questions[query], limit=DEPTH, rewritten=rewritten)
        return any(ids[hit.passage.id] in grades[query] for hit in found.hits)

    needed = [q for q in questions if searcher.search(questions[q], limit=DEPTH).normalised_score < REWRITE_BELOW]
    own = {query: hit(query) for query in questions}
    row = {"asked": len(needed) / len(questions)}
    for name, words in ways(index).items():
        made = {query: words(others[query]) for query in needed}
        found = own | {query: hit(query, [made[query]]) for query in needed if made[query]}
        row[name] = sum(found.values()) / len(found)
    return row


def measured(data: Path, folders: Sequence[Path], most: int | None) -> dict[str, dict[str, float]]:
    index, grades = indexed(data), relevance(data)
    ids = {passage.id: name for name, passage in passages(data).items()}
    asked = {each.name: _questions(each, grades, most) for each in (data, *folders)}
    perfect, first = asked[data.name], asked[folders[0].name]
    found = {each.name: table(index, ids, grades, asked[each.name], perfect) for each in folders}
    return found | {data.name: table(index, ids, grades, perfect, first)}


def _questions(folder: Path, grades: dict[str, dict[str, int]], most: int | None) -> dict[str, str]:
    found = {row["_id"]: row["text"] for row in rows(folder / "queries.jsonl") if row["_id"] in grades}
    return dict(list(found.items())[:most])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the passages, and the questions in their language")
    parser.add_argument("--questions", type=Path, nargs="+", required=True, help="the same questions in others")
    parser.add_argument("--queries", type=int, help="at most so many")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = measured(arguments.data, arguments.questions, arguments.queries)
    if arguments.json:
        print(json.dumps(found))
        return
    print(f"{'hit@5':12}" + "".join(f"{column:>14}" for column in COLUMNS))
    for name, row in found.items():
        print(f"{name:12}" + "".join(f"{row[column]:14.3f}" for column in COLUMNS))


if __name__ == "__main__":
    main()
