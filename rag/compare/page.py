"""A comparison as one page: the ways in a chart, and the answers side by side. Pure."""

from collections.abc import Iterator, Sequence

from rag.bench.html import as_html
from rag.bench.markup import Markup, tag
from rag.bench.records import BenchRun
from rag.bench.summary import Way
from rag.compare.records import WAYS, Answer, CompareRun


def as_page(run: CompareRun, ways: Sequence[Way]) -> str:
    """The page; it needs nothing else, as that of a bench run."""
    frame = BenchRun(run.at, run.machine, run.settings, prompts=run.prompts, stopped=run.stopped)
    title = f"{run.small} and {run.large}" if run.large else run.small
    return as_html(frame, ways, title=title, answers=_answers(run))


def _answers(run: CompareRun) -> Markup:
    parts = (part for name, question in run.prompts.items() for part in _prompt(run, name, question))
    return tag("section", tag("h2", "Answers, side by side"), tag("p", "Of the first round.", class_="text"), *parts)


def _prompt(run: CompareRun, name: str, question: str) -> Iterator[Markup]:
    first = {answer.way: answer for answer in reversed(run.answers) if answer.prompt == name}
    yield tag("h3", name)
    yield tag("pre", question)
    yield tag("div", *(_answer(run, first[way]) for way in WAYS if way in first), class_="beside")


def _answer(run: CompareRun, answer: Answer) -> Markup:
    written = sum(share.written or 0 for share in answer.shares)
    facts = answer.failure or f"{answer.total_s:.2f} s, {written:,} tokens written"
    points = run.rubrics.get(answer.id)
    given = f"Coherence {points.coherence}, factuality {points.factuality}, brevity {points.brevity}" if points else ""
    return tag(
        "article",
        tag("h4", WAYS[answer.way].capitalize()),
        tag("p", facts, class_="note"),
        *([tag("p", answer.text.strip(), class_="said")] if answer.text.strip() else []),
        *(tag("p", line, class_="note") for line in (answer.reason, given) if line),
    )
