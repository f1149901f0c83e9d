"""The `rag eval` command: play a question set, compare two runs, measure routing, add points given by hand."""

import asyncio
import json
import sys
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from rag.cli.exit import INTERRUPTED, ending
from rag.cli.progress import ProgressBar
from rag.errors import GroundworkError, SettingsError
from rag.evaluation import report
from rag.evaluation.dataset import read_questions
from rag.evaluation.judge import read_annotations
from rag.evaluation.quality_regression import TOLERANCE, QualityComparison, compare
from rag.evaluation.replay import with_rubrics
from rag.evaluation.report import check_results_path, read_results, write_results
from rag.evaluation.results import Results, Row
from rag.evaluation.routing import Routing, routing
from rag.evaluation.run import Evaluation, EvaluationTask
from rag.evaluation.summary import means
from rag.reports.table import terminal_table
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
        check_results_path(out, force=force)
        asked = read_questions(read_text(find_file(questions)), str(questions))
        task = EvaluationTask(asked[: limit or None], questions.name, mode.value, judge, ragas)
        sys.exit(_play(task, out, as_json))


def _play(task: EvaluationTask, out: Path, as_json: bool) -> int:
    """Measures and writes; what was measured before an interruption or a fault is written too."""
    bar = ProgressBar()
    evaluation = Evaluation(read_settings(), task, partial(_show, bar))
    why, code = "", 0
    try:
        with bar:
            asyncio.run(evaluation.run())
    except KeyboardInterrupt:
        why, code = "It was interrupted.", INTERRUPTED
    except GroundworkError as error:
        if not evaluation.measured:
            raise
        why, code = str(error), 1
    if not evaluation.measured:
        return code
    results = evaluation.results(why)
    write_results(out, results)
    _print(results.to_json() if as_json else _short(results, out))
    return code or int(bool(results.run.stopped))


def _compare(before: Path, after: Path, tolerance: float, as_json: bool) -> int:
    found = compare(read_results(before), read_results(after), tolerance)
    _print(_json(found) if as_json else report.comparison(found))
    return 0 if found.passed else 1


def _routing(small: Path, large: Path, at: Path | None, as_json: bool) -> int:
    found = routing(read_results(small), read_results(large), read_results(at) if at else None)
    _print(_json(found) if as_json else report.routing(found))
    return 0


def _annotate(annotations: Path, out: Path) -> int:
    results = read_results(out)
    rubrics = read_annotations(read_text(annotations), str(annotations), {row.id for row in results.rows})
    if not rubrics:
        raise SettingsError(f"{annotations} holds no points.")
    write_results(out, with_rubrics(results, rubrics))
    _print(f"{len(rubrics)} of {len(results.rows)} answers in {out} have points now.")
    return 0


def _show(bar: ProgressBar, row: Row, done: int, total: int) -> None:
    """A line for each question on standard error, above the bar."""
    bar.log(f"{done}/{total}  {row.id}  {row.outcome}  {row.failure or f'{row.scores.quality:.2f}'}")
    bar.update(done, total, f"{done}/{total}")


def _short(results: Results, out: Path) -> str:
    found = [(mean.name, f"{mean.value:.3f}", str(mean.count)) for mean in means(results.rows)]
    table = terminal_table(("score", "mean", "questions"), found)
    stopped = [f"This run is not whole. {results.run.stopped}"] if results.run.stopped else []
    return "\n".join([*table, "", *stopped, f"Results: {out}. Report: {out.with_suffix('.md')}."])


def _json(found: QualityComparison | Routing) -> str:
    return json.dumps(adapter(type(found)).dump_python(found, mode="json"), ensure_ascii=False, indent=1)


def _print(text: str) -> None:
    typer.echo(text.rstrip("\n"))
