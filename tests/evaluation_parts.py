"""Rows, results and turns to evaluate, and the command alone: `python -m tests.evaluation_parts eval …`."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import typer

from rag.cli import eval_command
from rag.evaluation.dataset import Question
from rag.evaluation.results import Attempt, Results, Row, Run, Scores
from rag.events import Finished
from rag.generation.chat_model import ModelSet
from rag.retrieval.search import Searcher
from rag.turn.answer import answer
from rag.types import Turn
from tests.fakes import FakeModel, Reply, index_of

UPLOADS = "The largest file that may be uploaded is 25 MB. Larger files are refused with a reason."
PRIVACY = "Documents never leave the machine. Telemetry is switched off by default."
LIBRARY = index_of(UPLOADS, PRIVACY)
ASKED = "What is the largest file that may be uploaded?"
QUESTION = Question("size", ASKED, (("25 MB", "25 megabytes"),), ("guide.md",))

app = typer.Typer()
app.callback()(lambda: None)
app.command("eval")(eval_command.evaluate)


async def turn_of(
    *replies: Reply | str, larger: Sequence[Reply | str] = (), question: str = ASKED, **options: Any
) -> Turn:
    """The turn that comes of these replies of the small model, and of the larger one where it has any."""
    large = FakeModel("gpt-oss-20b").enqueue(*larger) if larger else None
    models = ModelSet(FakeModel().enqueue(*replies), large)
    async for event in answer(question, searcher=Searcher(LIBRARY), models=models, **options):
        if isinstance(event, Finished):
            return event.turn
    raise AssertionError("the turn had no end")


def scores(quality: float = 1.0, **values: Any) -> Scores:
    return replace(Scores(quality, quality, None, None, None, refused=False), **values)


def row(id: str, quality: float = 1.0, confidence: float = 0.9, **values: Any) -> Row:
    """A row whose answer is the draft, of that quality."""
    made = Row(
        id=id,
        question=f"What is {id}?",
        language="en",
        answerable=True,
        follows="",
        outcome="answered",
        model="phi-4-mini",
        answer="It is 25 MB [1].",
        scores=scores(quality),
        rank=1,
        in_prompt=True,
        refusal_right=True,
        confidence=confidence,
        match=0.9,
        draft=Attempt("phi-4-mini", "It is 25 MB [1].", scores(quality)),
    )
    return replace(made, **values)


def results(*rows: Row, **values: Any) -> Results:
    run = Run("auto", ("phi-4-mini",), "questions.jsonl", len(rows), date="2026-01-02T03:04:05+00:00")
    times = {row.id: {"search": 2.0, "generate": 10.0, "total": 12.0} for row in rows}
    return replace(Results(run, rows, times), **values)


if __name__ == "__main__":
    app()
