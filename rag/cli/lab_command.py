"""The `rag lab` commands: fetch what models in a browser run on, and see whether they can run."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

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
    """Fetches the runtime for models in the browser with npm, and checks it. No script of a package is run."""

    def command(settings: Settings) -> int:
        places = _places(settings)
        install_runtime(places.data_dir, places.package_file, source=source, force=force, say=typer.echo)
        return 0

    _run(command)


@app.command()
def status(
    check: Annotated[bool, typer.Option("--check", help="Also compare the checksums of the runtime.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Shows the runtime and the models for browsers. Exits 1 when no model can run in a browser."""

    def command(settings: Settings) -> int:
        found = look(_places(settings), remote=settings.lab_remote_models == "on", check=check)
        if as_json:
            typer.echo(json.dumps(as_data(found), ensure_ascii=False, indent=1))
        else:
            for line in as_lines(found):
                typer.echo(line)
        return 1 if found.problem else 0

    _run(command)


def _places(settings: Settings) -> LabFiles:
    return LabFiles.of(app_folder(), settings.data_folder, settings.lab_models_dir)


def _run(command: Callable[[Settings], int]) -> None:
    """Ends with the command's exit code."""
    with ending("Stopped. What was installed before is still there."):
        sys.exit(command(read_settings()))
