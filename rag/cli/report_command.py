"""The `rag report` and `rag calibrate` commands: what the turn log shows, and what can be learned from it."""

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from rag.cli import report_text
from rag.cli.exit import ending
from rag.errors import GroundworkError, StorageError
from rag.escalation.policy import Policy
from rag.escalation.weights import shipped
from rag.settings import Settings, read_settings
from rag.storage import adapter
from rag.turn_log.calibration import Calibration, load_calibration, save_calibration, undo_calibration
from rag.turn_log.calibration_fit import propose, read_labels
from rag.turn_log.log import TurnHistory, read_turns
from rag.turn_log.usage_report import ReportPrices, UsageReport, summarise

app = typer.Typer(no_args_is_help=True, help="What the turn log shows.")

_AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


@app.command()
def report(
    since: Annotated[str, typer.Option(help="From when on: 24h, 7d, 4w, or a day such as 2026-11-01.")] = "",
    as_json: _AsJson = False,
) -> None:
    """Sums up a period: who answered, how long it took, what the larger model was worth, what it cost."""

    def command(settings: Settings) -> int:
        start = _start(since, datetime.now(UTC)) if since else None
        history = _read(settings.data_folder, start)
        if not history.turns:
            none = f"No turns since {since}." if since else "The turn log has no turns yet."
            typer.echo(_dumped({"turns": 0}) if as_json else none)
            return 0
        found = summarise(history.turns, ReportPrices(settings.slm_price, settings.llm_price))
        published = adapter(UsageReport).dump_python(found, by_alias=True)
        typer.echo(_dumped(published) if as_json else report_text.as_text(found))
        return 0

    _run(command)


@app.command()
def calibrate(
    turns: Annotated[Path | None, typer.Option(help="A turn log, file or folder; else this app's own.")] = None,
    labels: Annotated[
        Path | None, typer.Option(help='Lines {"id": …, "label": 0 or 1} that say which drafts were right.')
    ] = None,
    minimum: Annotated[int, typer.Option("--min", min=2, help="The fewest labelled drafts.")] = 30,
    yes: Annotated[bool, typer.Option("--yes", help="Save without asking.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Go back to what was in use before.")] = False,
    as_json: _AsJson = False,
) -> None:
    """Fits the confidence and its threshold to drafts that people called right or wrong, and asks before it saves.

    A thumb on a shown draft is a label; `--labels` adds more, also of drafts that the larger model replaced. The
    threshold is the lowest that keeps drafts of which 90 % are right.
    """

    def command(settings: Settings) -> int:
        folder = settings.data_folder
        if undo:
            return _undo(folder)
        now = datetime.now(UTC)
        in_use, origin = _in_use(folder, settings)
        found = propose(
            _read(turns or folder).turns,
            _annotations(labels),
            shipped=shipped(),
            in_use=in_use,
            minimum=minimum,
            at=now,
        )
        if not as_json:
            _echo(report_text.proposal(found, origin))
        saved = yes or (not as_json and typer.confirm("Save the new weights and threshold?"))
        if saved:
            save_calibration(folder, found.calibration)
        if as_json:
            typer.echo(_dumped(asdict(found) | {"saved": saved}))
        elif saved:
            typer.echo("Saved; a running app takes them at its next start. To go back: rag calibrate --undo")
            if settings.confidence_threshold is not None:
                typer.echo("CONFIDENCE_THRESHOLD is set and goes before the new threshold; leave it empty to use that.")
        return 0 if saved or as_json else 1

    _run(command)


def _run(command: Callable[[Settings], int]) -> None:
    """Ends with the command's exit code."""
    with ending():
        sys.exit(command(read_settings()))


def _start(since: str, now: datetime) -> datetime:
    """The beginning of the period; a day begins at midnight here."""
    if found := re.fullmatch(r"(\d{1,4})([hdw])", since.strip()):
        return now - timedelta(**{_UNITS[found[2]]: int(found[1])})
    try:
        return datetime.fromisoformat(since.strip()).astimezone()
    except (ValueError, OverflowError, OSError):
        raise GroundworkError(
            f"--since {since} is not understood. Write 24h, 7d or 4w, or a day such as 2026-11-01."
        ) from None


def _read(path: Path, since: datetime | None = None) -> TurnHistory:
    history = read_turns(path, since)
    if history.broken:
        typer.echo(f"Lines of the log that are damaged and were left out: {history.broken:,}.", err=True)
    if history.newer:
        typer.echo(f"Lines that a later version of this app wrote and were left out: {history.newer:,}.", err=True)
    return history


def _annotations(labels: Path | None) -> Mapping[str, bool]:
    if not labels:
        return {}
    try:
        return read_labels(labels.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise StorageError(f"{labels} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError:
        raise StorageError(f"{labels} is not UTF-8 text. Save it in that encoding.") from None


def _in_use(folder: Path, settings: Settings) -> tuple[Calibration, str]:
    """The calibration in use, and in a few words its origin."""
    try:
        saved = load_calibration(folder, shipped())
    except StorageError as error:
        typer.echo(str(error), err=True)
        saved = None
    origin = "as it came with the app"
    if saved:
        origin = f"calibrated {saved.fit.get('date', 'before')}, perhaps on some of these drafts"
    found = saved or Calibration(shipped(), Policy().confidence_threshold)
    threshold = settings.confidence_threshold
    return (found if threshold is None else replace(found, confidence_threshold=threshold)), origin


def _undo(folder: Path) -> int:
    calibrated = undo_calibration(folder)
    what = "The calibration before the last one is" if calibrated else "The weights that come with the app are"
    typer.echo(f"{what} in use again; a running app takes that up at its next start.")
    return 0


def _dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, default=str)


def _echo(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(line)
