"""The `rag bench` command alone: `python -m tests.bench_app bench …`."""

import typer

from rag.cli import bench_command

app = typer.Typer()
app.callback()(lambda: None)
app.command("bench")(bench_command.bench)

if __name__ == "__main__":
    app()
