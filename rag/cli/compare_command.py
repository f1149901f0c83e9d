"""The `rag compare` command: small model, larger model and both together, on the same prompts."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from rag.benchmark.comparison import ComparisonRunner, ComparisonTask
from rag.benchmark.comparison_report import as_json as to_json
from rag.benchmark.comparison_report import as_markdown, rendered, run_of_json
from rag.benchmark.comparison_summary import SHARES, Answer, CompareRun, PairPrices
from rag.benchmark.plan import given_prompts, words
from rag.cli.exit import INTERRUPTED, ending
from rag.cli.progress import ProgressBar
from rag.errors import GroundworkError, SettingsError
from rag.evaluation.judge import read_annotations
from rag.settings import Settings, read_settings
from rag.storage import check_ending, check_output, read_text, write_report


def compare(
    prompt: Annotated[str, typer.Option(envvar="COMPARE_PROMPT", help="One prompt in place of the file's.")] = "",
    prompts_file: Annotated[
        Path | None, typer.Option(help="A prompts.json; else the one here, else the four that ship.")
    ] = None,
    rag: Annotated[bool, typer.Option("--rag", help="Ask through the documents, as in the chat.")] = False,
    rounds: Annotated[int, typer.Option(min=1, max=1000, help="Answers to each prompt in each way.")] = 1,
    share: Annotated[str, typer.Option(help="Shares of escalated turns to sum up for, such as 0.1,0.3.")] = "",
    judge: Annotated[str, typer.Option(help="A model that gives points from 1 to 5, by its alias.")] = "",
    annotations: Annotated[
        Path | None, typer.Option(help="Points given by hand, JSONL: adds them to --out, and asks nothing.")
    ] = None,
    out: Annotated[
        list[Path] | None, typer.Option(help="A report: .json, .csv, .md or .html; may be given several times.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compares small model, larger model and both together on the same prompts. Exits 1 when an answer failed."""
    with ending():
        settings, reports, shares = read_settings(), out or [], _shares(share)
        prices = PairPrices(settings.slm_price, settings.llm_price)
        if annotations:
            sys.exit(_annotate(annotations, reports, prices, shares))
        for path in reports:
            check_ending(path.suffix)
            check_output(path, force=force)
        task = ComparisonTask(given_prompts(prompt, prompts_file), rounds, rag, judge)
        run, code = _measured(settings, task)
        typer.echo(to_json(run) if as_json else as_markdown(run, prices, shares), nl=False)
        for path in reports:
            write_report(path, rendered(run, path.suffix, prices, shares), force=True)
        sys.exit(code)


def _measured(settings: Settings, task: ComparisonTask) -> tuple[CompareRun, int]:
    """What there is, also after an interruption, and the exit code."""
    bar = ProgressBar()
    runner = ComparisonRunner(settings, task, partial(_show, bar))
    stopped, code = "", 0
    try:
        with bar:
            asyncio.run(runner.play())
    except KeyboardInterrupt:
        stopped, code = "It was interrupted.", INTERRUPTED
    except GroundworkError as error:
        stopped, code = str(error), 1
        if not runner.answers:
            raise
    if not runner.answers:
        raise KeyboardInterrupt
    return runner.run(stopped), code or int(any(answer.failure for answer in runner.answers))


def _annotate(annotations: Path, reports: Sequence[Path], prices: PairPrices, shares: Sequence[float]) -> int:
    saved = [path for path in reports if path.suffix.lower() == ".json"]
    if len(saved) != 1:
        raise SettingsError("Name the JSON file of the comparison that the points are for: --out FILE.json.")
    run = run_of_json(read_text(saved[0]), str(saved[0]))
    given = read_annotations(read_text(annotations), str(annotations), {answer.id for answer in run.answers})
    run = replace(run, rubrics={**run.rubrics, **given})
    for path in reports:
        write_report(path, rendered(run, path.suffix, prices, shares), force=True)
    typer.echo(f"{len(given)} of {len(run.answers)} answers have points now.")
    return 0


def _shares(text: str) -> Sequence[float]:
    try:
        found = tuple(float(word) for word in words(text)) or SHARES
    except ValueError:
        found = (-1.0,)
    if not all(0 <= each <= 1 for each in found):
        raise SettingsError(f"--share {text!r}: give shares from 0 to 1, separated by commas, such as 0.1,0.3.")
    return found


def _show(bar: ProgressBar, answer: Answer, done: int, total: int) -> None:
    """A line for each answer on standard error, above the bar."""
    bar.log(f"{done}/{total}  {answer.id}  {answer.failure or f'{answer.total_s:.2f} s'}")
    bar.update(done, total, f"{done}/{total}")
