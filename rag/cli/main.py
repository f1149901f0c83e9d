"""The `rag` command: ask a question in the terminal, look after the set-up."""

import asyncio
import sys
from collections.abc import Coroutine
from contextlib import aclosing

import typer

from rag.cli import (
    ask_command,
    bench_command,
    compare_command,
    eval_command,
    lab_command,
    library_command,
    report_command,
)
from rag.cli import doctor as doctors
from rag.cli.exit import ending
from rag.services import Services
from rag.settings import read_settings

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Groundwork in the terminal.")
app.command()(ask_command.ask)
app.add_typer(library_command.app, name="library")
app.add_typer(report_command.app)
app.add_typer(lab_command.app, name="lab")
app.command("eval")(eval_command.evaluate)
app.command()(bench_command.bench)
app.command()(compare_command.compare)

_MARKS = {"ok": "ok     ", "note": "note   ", "problem": "PROBLEM"}


@app.command()
def doctor() -> None:
    """Checks the set-up: runtime, models, endpoint, memory, disk, library. Exits 1 when something is wrong."""
    _run(_doctor())


def _run(command: Coroutine[None, None, int]) -> None:
    """Ends with the command's exit code."""
    with ending():
        sys.exit(asyncio.run(command))


async def _doctor() -> int:
    services = Services(read_settings())
    problems = 0
    try:
        async with aclosing(doctors.examine(services)) as findings:
            async for finding in findings:
                problems += finding.verdict == "problem"
                typer.echo(f"{_MARKS[finding.verdict]}  {finding.part}: {finding.detail}")
    finally:
        await services.close()
    typer.echo("All is well." if not problems else f"{problems} problem{'' if problems == 1 else 's'} found.")
    return 1 if problems else 0


if __name__ == "__main__":
    app()
