"""The `rag bench` command alone: `python -m tests.bench_app bench …`."""

import typer

from rag import cli_bench

app = typer.Typer()
app.callback()(lambda: None)
app.command("bench")(cli_bench.bench)

if __name__ == "__main__":
    app()
