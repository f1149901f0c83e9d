"""The `rag lab` commands: install the runtime of models in a browser, and see whether they can run."""

import json
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TransferSpeedColumn

from rag.cli.exit import ending
from rag.lab.install import install as install_runtime
from rag.lab.setup import LabFiles, app_folder
from rag.lab.status import as_data, as_lines, look
from rag.settings import Settings, read_settings

app = typer.Typer(no_args_is_help=True, help="The lab: models in the browser beside those on the server.")


@app.command()
def install(
    source: Annotated[
        Path | None, typer.Option("--from", help="A folder with the two npm packages, for a machine without internet.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Also when it is installed already.")] = False,
) -> None:
    """Fetches the runtime for models in the browser from npm's registry, and checks it. npm itself is not needed."""

    def command(settings: Settings) -> int:
        files = _files(settings)
        with _progress_bar() as on_progress:
            install_runtime(
                files.data_dir,
                files.package_file,
                source=source,
                force=force,
                on_message=typer.echo,
                on_progress=on_progress,
            )
        return 0

    _run(command)


@app.command()
def status(
    check: Annotated[bool, typer.Option("--check", help="Also compare the checksums of the runtime.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Shows the runtime and the models for browsers. Exits 1 when no model can run in a browser."""

    def command(settings: Settings) -> int:
        found = look(_files(settings), remote=settings.lab_remote_models == "on", check=check)
        if as_json:
            typer.echo(json.dumps(as_data(found), ensure_ascii=False, indent=1))
        else:
            for line in as_lines(found):
                typer.echo(line)
        return 1 if found.problem else 0

    _run(command)


@contextmanager
def _progress_bar() -> Generator[Callable[[int, int], None]]:
    """Shows bytes so far, of how many, on a terminal; elsewhere nothing."""
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=None, visible=False)
        yield lambda received, total: progress.update(task, completed=received, total=total, visible=received < total)


def _files(settings: Settings) -> LabFiles:
    return LabFiles.of(app_folder(), settings.data_folder, settings.lab_models_dir)


def _run(command: Callable[[Settings], int]) -> None:
    """Ends with the command's exit code."""
    with ending("Stopped. What was installed before is still there."):
        sys.exit(command(read_settings()))
