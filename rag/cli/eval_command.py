"""The `rag eval` command: play a question set, compare two runs, measure routing, add points given by hand."""

import asyncio
import json
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rag.cli.exit import INTERRUPTED, ending
from rag.errors import GroundworkError, SettingsError
from rag.evaluation import report
from rag.evaluation.dataset import Question, read_questions
from rag.evaluation.judge import read_annotations
from rag.evaluation.quality_regression import TOLERANCE, QualityComparison, compare
from rag.evaluation.replay import with_rubrics
from rag.evaluation.report import check_output, read_results, write_results
from rag.evaluation.results import Results, Row
from rag.evaluation.routing import Routing, routing
from rag.evaluation.run import Evaluation, EvaluationTask
from rag.evaluation.summary import means
from rag.settings import find_file, read_settings
from rag.storage import adapter, read_text


class EvalMode(StrEnum):
    """Who answers."""

    auto = "auto"
    local = "local"
    large = "large"


def evaluate(
    questions: Annotated[Path, typer.Option(help="The question set, JSONL.")] = Path("evaluation/questions.jsonl"),
    out: Annotated[Path, typer.Option(help="Where the results go; a report of the same name beside it.")] = Path(
        "evaluation/results.json"
    ),
    mode: Annotated[EvalMode, typer.Option(help="Who answers.")] = EvalMode.auto,
    force: Annotated[bool, typer.Option("--force", help="Replace results that are there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    limit: Annotated[int, typer.Option(min=0, help="Only so many questions, the first ones.")] = 0,
    annotations: Annotated[
        Path | None, typer.Option(help="Points given by hand, JSONL: adds them to --out, and asks nothing.")
    ] = None,
    judge: Annotated[str, typer.Option(help="A model that gives points, by its alias.")] = "",
    ragas: Annotated[bool, typer.Option("--ragas", help="Ragas' metrics too, if it is installed.")] = False,
    compare_: Annotated[
        tuple[Path, Path] | None, typer.Option("--compare", metavar="BEFORE AFTER", help="Show what changed.")
    ] = None,
    tolerance: Annotated[float, typer.Option(min=0, help="How much worse a score may be.")] = TOLERANCE,
    routing_: Annotated[
        tuple[Path, Path] | None,
        typer.Option("--routing", metavar="SMALL LARGE", help="How well confidence tells what to escalate."),
    ] = None,
    at: Annotated[Path | None, typer.Option(help="With --routing: a run with escalation.")] = None,
) -> None:
    """Plays a fixed question set and scores it; or compares runs. Exits 1 when a comparison is worse."""
    with ending():
        if compare_:
            sys.exit(_compare(*compare_, tolerance, as_json))
        if routing_:
            sys.exit(_routing(*routing_, at, as_json))
        if annotations:
            sys.exit(_annotate(annotations, out))
        check_output(out, force=force)
        asked = read_questions(read_text(find_file(questions)), str(questions))
        task = EvaluationTask(asked[: limit or None], questions.name, mode.value, judge, ragas)
        sys.exit(_play(task, out, as_json))


def _play(task: EvaluationTask, out: Path, as_json: bool) -> int:
    """Measures and writes; what was measured before an interruption or a fault is written too."""
    evaluating = Evaluation(read_settings(), task, _told)
    why, code = "", 0
    try:
        asyncio.run(evaluating.run())
    except KeyboardInterrupt:
        why, code = "It was interrupted.", INTERRUPTED
    except GroundworkError as error:
        if not evaluating.measured:
            raise
        why, code = str(error), 1
    if not evaluating.measured:
        return code
    results = evaluating.results(why)
    write_results(out, results)
    _say(results.to_json() if as_json else _short(results, out))
    return code or int(bool(results.run.stopped))


def _compare(before: Path, after: Path, tolerance: float, as_json: bool) -> int:
    found = compare(read_results(before), read_results(after), tolerance)
    _say(_json(found) if as_json else report.comparison(found))
    return 0 if found.passed else 1


def _routing(small: Path, large: Path, at: Path | None, as_json: bool) -> int:
    found = routing(read_results(small), read_results(large), read_results(at) if at else None)
    _say(_json(found) if as_json else report.routing(found))
    return 0


def _annotate(annotations: Path, out: Path) -> int:
    results = read_results(out)
    rubrics = read_annotations(read_text(annotations), str(annotations), {row.id for row in results.rows})
    if not rubrics:
        raise SettingsError(f"{annotations} holds no points.")
    write_results(out, with_rubrics(results, rubrics))
    _say(f"{len(rubrics)} of {len(results.rows)} answers in {out} have points now.")
    return 0


def _told(row: Row, done: int, all_: Sequence[Question]) -> None:
    """A line for each question, on standard error."""
    typer.echo(f"{done}/{len(all_)}  {row.id}  {row.outcome}  {row.failure or f'{row.scores.quality:.2f}'}", err=True)


def _short(results: Results, out: Path) -> str:
    found = means(results.rows)
    width = max((len(mean.name) for mean in found), default=0)
    lines = [f"{mean.name:{width}}  {mean.value:.3f}  ({mean.count})" for mean in found]
    stopped = [f"This run is not whole. {results.run.stopped}"] if results.run.stopped else []
    return "\n".join([*lines, "", *stopped, f"Results: {out}. Report: {out.with_suffix('.md')}."])


def _json(found: QualityComparison | Routing) -> str:
    return json.dumps(adapter(type(found)).dump_python(found, mode="json"), ensure_ascii=False, indent=1)


def _say(text: str) -> None:
    typer.echo(text.rstrip("\n"))
