"""Is it talk? Greetings, thanks and questions about the assistant, set apart from questions for the documents.

    python benchmarks/talk.py --data FOLDER… [--json] [--fit FILE --date DATE]

A folder with talk.jsonl and other.jsonl is CLINC150 (Larson et al. 2019): what people say to an assistant, and what
they ask of other services. Every other folder holds questions in BEIR form, such as squad; beside CLINC150 alone, its
neighbours squad, xquad_en, xquad_es, xquad_de, xquad_ru and stackfaq are taken. All of it and the phrases of
`talk_phrases.toml` are judged out of fold, by models that have not seen them: five folds, in which the questions of an
article stay together. Prints the recall on CLINC150's talk, the share of its other questions and the number of the
questions that are taken for talk, how often the kind is right, the time of a judgement, and how often the language of
the questions is recognised. With `--fit` the model is fitted on everything and written to the file.
"""

import argparse
import json
import random
import re
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a script, this folder alone is on the path

from benchmarks import talk_fit
from benchmarks.data import rows
from benchmarks.talk_fit import Row
from rag.intent.talk import THRESHOLD, judge
from rag.intent.talk_model import TalkModel, tokens
from rag.text.language import language_of

FOLDS = 5
PAIRS = 300
"""Of stems and topics in each language, of about 600."""
PHRASES = Path(__file__).with_name("talk_phrases.toml")
NEIGHBOURS = ("squad", "xquad_en", "xquad_es", "xquad_de", "xquad_ru", "stackfaq")
LANGUAGES = {"squad": "en", "stackfaq": "en"}
"""Of sets whose names do not end in it."""
_WELLBEING = re.compile(r"\bhow\b(?!dy)|what'?s (up|new|going)|(are|doing|with) (you )?(ok|okay|alright|well)|you feel")
_THANKS = re.compile("than|apprec|grateful|owe|help")


@dataclass(frozen=True)
class Sample:
    """A text and what it is."""

    text: str
    kind: str
    """Of talk; "" for a question for the documents."""
    source: str
    """"talk" and "other" of CLINC150, the name of a question set, "phrases" or "lookups" of our own."""
    group: str
    """Stays together in one fold."""
    language: str = ""

    @property
    def fold(self) -> int:
        return crc32(self.group.encode()) % FOLDS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--fit", type=Path, metavar="FILE", help="fit on everything, and write the model there")
    parser.add_argument("--date", default="", help="the day of the fit, for the file")
    arguments = parser.parse_args()

    samples = [*collected(arguments.data), *phrases()]
    figures = measured(samples)
    if arguments.fit:
        data = "CLINC150 (Larson et al. 2019, CC BY 3.0), own phrases, and as questions "
        fit = {"date": arguments.date, "data": data + ", ".join(sorted(_sets(samples))), **_short(figures)}
        arguments.fit.write_text(fitted(samples, fit).to_json(), encoding="utf-8")
    print(json.dumps(figures) if arguments.json else shown(figures))


def collected(folders: Sequence[Path]) -> Iterator[Sample]:
    """CLINC150 and the question sets in folders."""
    if len(folders) == 1:
        folders = [*folders, *filter(Path.is_dir, (folders[0].parent / name for name in NEIGHBOURS))]
    for folder in folders:
        if (folder / "talk.jsonl").exists():
            yield from (Sample(r["text"], clinc_kind(r), "talk", r["text"], "en") for r in rows(folder / "talk.jsonl"))
            yield from (Sample(r["text"], "", "other", r["text"], "en") for r in rows(folder / "other.jsonl"))
        else:
            for row in rows(folder / "queries.jsonl"):
                language = LANGUAGES.get(folder.name, folder.name[-2:])
                yield Sample(row["text"], "", folder.name, row.get("article") or row["_id"].split("r")[0], language)


def clinc_kind(row: dict[str, Any]) -> str:
    """The kind of talk that an intent of CLINC150 is; two of them are two kinds each."""
    text, intent = row["text"], row["intent"]
    if intent == "greeting":
        return "wellbeing" if _WELLBEING.search(text) else "greeting"
    if intent == "thank_you":
        return "thanks" if _THANKS.search(text) else "acknowledgement"
    return {"goodbye": "goodbye", "what_can_i_ask_you": "capabilities"}.get(intent, "identity")


def phrases() -> Iterator[Sample]:
    """Our own, in seven languages."""
    parts = tomllib.loads(PHRASES.read_text(encoding="utf-8"))
    stems, topics = parts.pop("stems"), parts.pop("topics")
    for kind, languages in parts.items():
        for language, text in languages.items():
            for phrase in _split(text):
                lookup = kind == "lookup"
                source = "lookups" if lookup else "phrases"
                yield Sample(phrase, "" if lookup else kind, source, phrase, language)
    for language, text in stems.items():
        pairs = [f"{stem} {topic}" for stem, topic in product(_split(text), _split(topics[language]))]
        for phrase in random.Random(0).sample(pairs, PAIRS):
            yield Sample(phrase, "", "lookups", phrase, language)


def _split(text: str) -> list[str]:
    return [phrase for part in re.split(r"[|\n]", text) if (phrase := part.strip())]


def fitted(samples: Sequence[Sample], fit: dict[str, Any] | None = None) -> TalkModel:
    return talk_fit.fitted([Row(each.text, each.kind, each.language) for each in samples], fit)


def measured(samples: Sequence[Sample]) -> dict[str, Any]:
    """The figures of the whole, out of fold."""
    judged: list[tuple[Sample, str, float]] = []
    for fold in range(FOLDS):
        model = fitted([each for each in samples if each.fold != fold])
        unseen = [each for each in samples if each.fold == fold]
        judged += ((each, *judge(each.text, model)) for each in unseen if tokens(each.text))
    questions = _sets(samples)

    def taken(*sources: str) -> list[bool]:
        return [probability >= THRESHOLD for each, _, probability in judged if each.source in sources]

    right = [kind == each.kind for each, kind, probability in judged if each.kind and probability >= THRESHOLD]
    return {
        "recall": round(float(np.mean(taken("talk"))), 4),
        "false_positives": round(float(np.mean(taken("other"))), 4),
        "questions_taken": sum(taken(*questions)),
        "questions": len(taken(*questions)),
        "phrases": round(float(np.mean(taken("phrases"))), 4),
        "lookups_taken": round(float(np.mean(taken("lookups"))), 4),
        "kind_right": round(float(np.mean(right)), 4),
        "microseconds": round(_seconds(samples, model) * 1e6),
        "language_right": _languages(samples),
        "mistaken": [each.text for each, _, probability in judged if not each.kind and probability >= THRESHOLD],
    }


def _sets(samples: Sequence[Sample]) -> set[str]:
    return {each.source for each in samples} - {"talk", "other", "phrases", "lookups"}


def _short(figures: dict[str, Any]) -> dict[str, Any]:
    return {name: figures[name] for name in ("recall", "false_positives", "questions_taken", "questions")}


def _seconds(samples: Sequence[Sample], model: TalkModel) -> float:
    """Of one judgement, the median over a thousand."""
    times: list[float] = []
    for each in samples[:: max(1, len(samples) // 1000)]:
        start = time.perf_counter()
        judge(each.text, model)
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def _languages(samples: Sequence[Sample]) -> dict[str, float]:
    """By set and, of our own phrases, by language: the share whose language is recognised."""
    asked, right = Counter[str](), Counter[str]()
    for each in samples:
        if each.language:
            name = f"{each.source} {each.language}" if each.source in ("phrases", "lookups") else each.source
            asked[name] += 1
            right[name] += language_of(each.text) == each.language
    return {name: round(right[name] / count, 4) for name, count in asked.items()}


def shown(figures: dict[str, Any]) -> str:
    lines = [
        f"recall on talk                          {figures['recall']:.4f}",
        f"other questions taken for talk          {figures['false_positives']:.4f}",
        f"questions for documents taken for talk  {figures['questions_taken']} of {figures['questions']:,}",
        f"own phrases recognised                  {figures['phrases']:.4f}",
        f"own lookups taken for talk              {figures['lookups_taken']:.4f}",
        f"kind right                              {figures['kind_right']:.4f}",
        f"time of a judgement                     {figures['microseconds']} µs",
        "",
        *(f"language of {name:<28}{share:.4f}" for name, share in figures["language_right"].items()),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
