"""Can a draft be trusted? Is the answer in the documents, and does the draft stand on its passages?

    python benchmarks/confidence.py --data FOLDER… [--lower-case] [--json] [--fit FILE --date DATE]

A folder with begin_*.tsv is BEGIN (`benchmarks/begin.py`); any other one holds a question set in BEIR form whose
queries have `answerable`, `article` and `gold`, such as squad (`benchmarks/answerable.py`). With `--fit`, the heads
`answerable` and `supported` are fitted on these folders first, then `confidence` on pairs of both
(`benchmarks/pairs.py`), and all are written to the file. With `--lower-case` the questions are asked as people type
them who use no capitals. `--drafts` tries all of it on made-up drafts of known worth
(`benchmarks/drafts.py`).
"""

import argparse
import json
import sys
from collections.abc import Hashable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a script, this folder alone is on the path

from benchmarks import answerable, begin, drafts, pairs
from rag.escalation.weights import Logistic, Row, Weights, fit, out_of_fold, shipped
from rag.grounding.support import SUPPORTED
from rag.statistics import auroc, calibration_error

_CONFIDENCE = Logistic(-4.0, {"answerable": 4.0, "supported": 4.0})
"""Where there are no weights yet."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--lower-case", action="store_true", help="ask without capitals")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--fit", type=Path, metavar="FILE", help="fit both heads first, and write them there")
    parser.add_argument("--drafts", action="store_true", help="judge made-up drafts too; takes minutes")
    parser.add_argument("--date", default="", help="the day of the fit, for the file")
    arguments = parser.parse_args()

    begins = [folder for folder in arguments.data if any(folder.glob("begin_*.tsv"))]
    lower = bool(arguments.lower_case)
    asked = {each: answerable.samples(each, lower_case=lower) for each in arguments.data if each not in begins}
    weights = shipped()
    if arguments.fit:
        weights = _fitted(_before(arguments.fit), asked, begins, arguments.date)
        arguments.fit.write_text(weights.to_json(), encoding="utf-8")
    of_questions = [answerable.table(folder, made, weights) for folder, made in asked.items()]
    of_drafts = [begin.table(folder) for folder in begins]
    made_up = [drafts.table(folder, weights) for folder in asked] if arguments.drafts else []
    if arguments.json:
        print(json.dumps({"answerable": of_questions, "supported": of_drafts, "confidence": made_up}))
        return
    print("\n\n".join([*map(answerable.show, of_questions), *map(begin.show, of_drafts), *map(drafts.show, made_up)]))


def _before(file: Path) -> Weights:
    none = Logistic(0.0, {})
    return Weights.of_json(file.read_text(encoding="utf-8")) if file.exists() else Weights(none, none, _CONFIDENCE)


def _fitted(weights: Weights, asked: dict[Path, answerable.Samples], begins: Sequence[Path], date: str) -> Weights:
    """The weights with those heads anew that there is data for."""
    if asked:
        parts = [made.fitted() for made in asked.values()]
        rows, labels, groups = ([each for part in parts for each in part[n]] for n in range(3))
        head, said = _head(list(asked), rows, labels, groups, l2=answerable.L2)
        weights = replace(weights, answerable=head, fit={**weights.fit, "answerable": {"date": date, **said}})
    if begins:
        parts = [begin.samples(folder) for folder in begins]
        rows = [row for made in parts for row in made.only(SUPPORTED)]
        labels = [label for made in parts for label in made.labels]
        groups = [group for made in parts for group in made.groups]
        counts = [count for made in parts for count in made.weights]
        head, said = _head(begins, rows, labels, groups, l2=begin.L2, weights=counts)
        weights = replace(weights, supported=head, fit={**weights.fit, "supported": {"date": date, **said}})
    if asked and begins:
        head, said = pairs.head(_paired(list(asked.values()), [begin.samples(folder) for folder in begins]))
        said = {"data": [folder.name for folder in (*asked, *begins)], **said}
        weights = replace(weights, confidence=head, fit={**weights.fit, "confidence": {"date": date, **said}})
    return weights


def _paired(asked: Sequence[answerable.Samples], drafts: Sequence[begin.Samples]) -> pairs.Pairs:
    """Searches and drafts with what fits say of them that have not seen them."""
    searches: list[tuple[float, bool, Hashable]] = []
    for made in asked:
        rows, labels, groups = made.fitted()
        searches += zip(out_of_fold(rows, labels, groups, l2=answerable.L2), labels, groups, strict=True)
    judged: list[tuple[float, bool, float]] = []
    for made in drafts:
        found = out_of_fold(made.only(SUPPORTED), made.labels, made.groups, l2=begin.L2, weights=made.weights)
        judged += zip(found, made.labels, made.weights, strict=True)
    return pairs.paired(searches, judged)


def _head(
    folders: Sequence[Path],
    rows: Sequence[Row],
    labels: Sequence[bool],
    groups: Sequence[Hashable],
    *,
    l2: float,
    weights: Sequence[float] = (),
) -> tuple[Logistic, dict[str, Any]]:
    """A head, and how good it is on what it has not seen."""
    unseen = out_of_fold(rows, labels, groups, l2=l2, weights=weights)
    return fit(rows, labels, l2=l2, weights=weights), {
        "data": [folder.name for folder in folders],
        "rows": len(rows),
        "auroc": round(auroc(unseen, labels), 4),
        "ece": round(calibration_error(unseen, labels), 4),
    }


if __name__ == "__main__":
    main()
