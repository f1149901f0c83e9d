"""Does support tell drafts that stand on their passage from others? On BEGIN (Dziri et al., 2022).

    python benchmarks/begin.py --data FOLDER [--json]

FOLDER holds begin_dev_wow.tsv and begin_dev_cmu.tsv. "Fully attributable" drafts are to score above the others
("Generic" and "Not fully attributable"). One logistic model is fitted to both sets; each draft is judged by a fit that
has seen no draft about its passage. Beside them it is fitted to altered drafts: the attributable ones with one number,
name or negation changed, which BEGIN has too few of; they are judged apart and count in no number of the two sets.
"""

import argparse
import csv
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zlib import crc32

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a script, this folder alone is on the path

from rag.escalation.weights import fit, out_of_fold
from rag.grounding.names import names
from rag.grounding.support import SUPPORTED, support_signals
from rag.statistics import auroc, calibration_error
from rag.types import Document, Hit, Passage

SETS = ("wow", "cmu")
ALTERED = "altered"
L2 = 0.3
"""Ridge of the fits; AUROC is flat around it (.001 between 0.1 and 1)."""
ALTERED_WEIGHT = 0.25
"""What an altered draft counts in a fit beside one of BEGIN: together a twelfth."""
PARTITIONS = 8
"""How often the folds are drawn anew, to tell how much of a number is luck."""

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_BE = re.compile(r"\b(is|are|was|were|can|may|will|has|have)\b(?! not\b|n't)")


@dataclass
class Samples:
    """Drafts as the fits need them, one in each place of the lists."""

    rows: list[dict[str, float]] = field(default_factory=list)
    """All signals of the draft, by name."""
    labels: list[bool] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    """The passage that the draft is about."""
    sets: list[str] = field(default_factory=list)
    """"wow", "cmu" or "altered"."""
    weights: list[float] = field(default_factory=list)
    """What the draft counts in a fit."""

    def add(self, draft: str, knowledge: str, label: bool, name: str) -> None:
        signals = support_signals(draft, [Hit(Passage(Document("", ""), 0, knowledge), 1.0)])
        self.rows.append({signal.name: signal.value for signal in signals})
        self.labels.append(label)
        self.groups.append(knowledge)
        self.sets.append(name)
        self.weights.append(ALTERED_WEIGHT if name == ALTERED else 1.0)

    def of(self, *names: str) -> "Samples":
        """Those of some sets only."""
        inside = [n for n, each in enumerate(self.sets) if each in names]
        lists = (self.rows, self.labels, self.groups, self.sets, self.weights)
        return Samples(*([values[n] for n in inside] for values in lists))

    def only(self, signals: Sequence[str]) -> list[dict[str, float]]:
        """The rows with some signals only."""
        return [{name: row[name] for name in signals} for row in self.rows]


def samples(folder: Path) -> Samples:
    """All drafts of both sets, then the altered ones."""
    drafts = [(name, row) for name in SETS for row in _read(folder / f"begin_dev_{name}.tsv")]
    found = Samples()
    for name, row in drafts:
        found.add(row["response"], row["knowledge"], row["begin_label"] == "Fully attributable", name)
    others = sorted({each for _, row in drafts for each in names(row["knowledge"]) if each.isalpha()})
    for _, row in drafts:
        if row["begin_label"] == "Fully attributable":
            for draft in altered(row["response"], row["knowledge"], others):
                found.add(draft, row["knowledge"], False, ALTERED)
    return found


def altered(draft: str, knowledge: str, others: Sequence[str]) -> Iterator[str]:
    """The draft with its first number, its first name and its first verb's negation changed, as far as it has them."""
    if number := _NUMBER.search(draft):
        other = next(n for n in range(int(re.sub(r"\D", "", number[0])) + 3, sys.maxsize) if str(n) not in knowledge)
        yield draft[: number.start()] + str(other) + draft[number.end() :]
    name = next(iter(names(draft)), "")
    strangers = [other for other in others if other.lower() not in knowledge.lower()]
    if name and strangers:
        yield draft.replace(name, strangers[crc32(draft.encode()) % len(strangers)])
    if verb := _BE.search(draft):
        yield f"{draft[: verb.end()]} not{draft[verb.end() :]}"


def table(folder: Path) -> dict[str, Any]:
    """The measurements, ready for JSON."""
    found = samples(folder)
    begin = found.of(*SETS)
    combined, alone = (_judged(each, SUPPORTED, each.groups) for each in (found, begin))
    drawn = [_judged(found, SUPPORTED, [f"{n} {group}" for group in found.groups]) for n in range(PARTITIONS)]
    return {
        "rows": {name: found.sets.count(name) for name in (*SETS, ALTERED)},
        "attributable": {name: sum(found.of(name).labels) for name in SETS},
        "alone": {signal: _aurocs(found, [row[signal] for row in found.rows]) for signal in found.rows[0]},
        "combined": {"auroc": _aurocs(found, combined), "ece": _errors(found, combined)},
        "partitions": {name: _range([_aurocs(found, judged)[name] for judged in drawn]) for name in SETS},
        "begin_only": {"auroc": _aurocs(begin, alone), "ece": _errors(begin, alone)},
        "transfer": {f"{one} to {other}": _transfer(found, one, other) for one, other in (SETS, SETS[::-1])},
        "altered": _caught(found, combined),
        "coefficients": _coefficients(found),
    }


def show(table: dict[str, Any]) -> str:
    """The table as text."""
    named = table["alone"] | {
        "all, out of fold": table["combined"]["auroc"],
        "  calibration error": table["combined"]["ece"],
        "the same, BEGIN alone": table["begin_only"]["auroc"],
        "  calibration error ": table["begin_only"]["ece"],
    }
    lines = [
        f"{table['rows']} drafts, attributable: {table['attributable']}",
        "",
        f"{'AUROC':24} {'wow':>7} {'cmu':>7}",
    ]
    lines += [f"{name:24} {values['wow']:7.4f} {values['cmu']:7.4f}" for name, values in named.items()]
    rest = ("partitions", "transfer", "altered", "coefficients")
    return "\n".join([*lines, "", *(f"{name}: {json.dumps(table[name])}" for name in rest)])


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def _judged(found: Samples, signals: Sequence[str], groups: Sequence[str]) -> list[float]:
    return out_of_fold(found.only(signals), found.labels, groups, l2=L2, weights=found.weights)


def _of_set(found: Samples, values: Sequence[float], name: str) -> tuple[list[float], list[bool]]:
    inside = [n for n, each in enumerate(found.sets) if each == name]
    return [values[n] for n in inside], [found.labels[n] for n in inside]


def _aurocs(found: Samples, values: Sequence[float]) -> dict[str, float]:
    return {name: round(auroc(*_of_set(found, values, name)), 4) for name in SETS}


def _errors(found: Samples, values: Sequence[float]) -> dict[str, float]:
    return {name: round(calibration_error(*_of_set(found, values, name)), 4) for name in SETS}


def _range(values: Sequence[float]) -> dict[str, float]:
    return {"mean": round(sum(values) / len(values), 4), "lowest": min(values), "highest": max(values)}


def _transfer(found: Samples, one: str, other: str) -> float:
    """AUROC on one set of a fit on the other."""
    source, target = found.of(one), found.of(other)
    model = fit(source.only(SUPPORTED), source.labels, l2=L2, weights=source.weights)
    return round(auroc([model(row) for row in target.rows], target.labels), 4)


def _caught(found: Samples, values: Sequence[float]) -> dict[str, float]:
    """How probably an attributable draft scores above an altered one, both out of fold."""
    right = [value for value, label in zip(values, found.labels, strict=True) if label]
    wrong = _of_set(found, values, ALTERED)[0]
    return {"auroc": round(auroc([*right, *wrong], [True] * len(right) + [False] * len(wrong)), 4)}


def _coefficients(found: Samples) -> dict[str, float]:
    model = fit(found.only(SUPPORTED), found.labels, l2=L2, weights=found.weights)
    return {"intercept": round(model.intercept, 3)} | {n: round(w, 3) for n, w in model.coefficients.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    measured = table(arguments.data)
    print(json.dumps(measured) if arguments.json else show(measured))


if __name__ == "__main__":
    main()
