"""The `rag` command: the list of its commands, each of which is imported when it is called."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

COMMANDS = {
    "chat": ("chat_command:chat", "Starts the chat, which a browser shows."),
    "ask": ("ask_command:ask", "Answers from your documents, with the same turn as in the chat."),
    "library": ("library_command:app", "The folders that the library is made of."),
    "doctor": (
        "doctor:doctor",
        "Checks the set-up: runtime, models, endpoint, memory, disk, library. Exits 1 when something is wrong.",
    ),
    "report": (
        "report_command:report",
        "Sums up a period: who answered, how long it took, what the larger model was worth, what it cost.",
    ),
    "calibrate": (
        "report_command:calibrate",
        "Fits the confidence and its threshold to drafts that people called right or wrong, and asks before it saves.",
    ),
    "eval": (
        "eval_command:evaluate",
        "Plays a fixed question set and scores it; or compares runs. Exits 1 when a comparison is worse.",
    ),
    "bench": (
        "bench_command:bench",
        "Measures how fast models answer: load, first token, tokens a second, memory, cost. Exits 1 when one fails.",
    ),
    "compare": (
        "compare_command:compare",
        "Compares small model, larger model and both together on the same prompts. Exits 1 when an answer failed.",
    ),
    "lab": ("lab_command:app", "The lab: models in the browser beside those on the server."),
}
"""Where each command is in `rag.cli`, and the first paragraph of its help, which is shown without importing it."""


class _LazyGroup(TyperGroup):
    """Lists commands that are not imported yet, and imports the one that is called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        return name, load(name) if name else command, rest


app = typer.Typer(cls=_LazyGroup, no_args_is_help=True, add_completion=False, help="Groundwork in the terminal.")


def load(name: str) -> Any:
    """The command of that name with its options, or the group of commands; imports what it needs."""
    module, attribute = COMMANDS[name][0].split(":")
    found: typer.Typer | Callable[..., None] = getattr(import_module(f"rag.cli.{module}"), attribute)
    if isinstance(found, typer.Typer):
        return get_group(found)
    alone = typer.Typer(add_completion=False)
    alone.command(name)(found)
    return get_command(alone)


def _listed() -> None:
    """Stands for a command in the list."""


for _name, (_, _help) in COMMANDS.items():
    app.command(_name, help=_help)(_listed)

if __name__ == "__main__":
    app()
