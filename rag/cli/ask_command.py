"""The `rag ask` command: one question, answered in the terminal."""

import asyncio
import dataclasses
import json
import sys
from contextlib import aclosing
from enum import StrEnum
from typing import Annotated

import typer

from rag.cli.exit import ending
from rag.services import Services, budget
from rag.settings import read_settings
from rag.turn.answer import answer
from rag.types import Decided, Delta, Finished, Mode, Notice, Turn

LIBRARY_WAIT_S = 60.0
"""A question in the terminal waits so long for a library that is being read; then it asks what is there."""

_PUBLISHED_NAMES = {"normalised_score": "strength", "escalation_report": "receipt", "blocked_by": "held"}


class Who(StrEnum):
    """Who answers."""

    auto = "auto"
    local = "local"
    large = "large"


def ask(
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    mode: Annotated[Who, typer.Option(help="Who answers.")] = Who.auto,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole turn as JSON.")] = False,
) -> None:
    """Answers from your documents, with the same turn as in the chat."""
    with ending():
        sys.exit(asyncio.run(_ask(question, mode.value, as_json)))


async def _ask(question: str, mode: Mode, as_json: bool) -> int:
    services = Services(read_settings())
    try:
        await services.library_manager.ready(LIBRARY_WAIT_S)
        await services.recall_gate()
        selection = await services.models.selection()
        events = answer(
            question,
            searcher=services.searcher(),
            models=selection.models,
            policy=services.policy(),
            budget=budget(services.settings),
            mode=mode,
        )
        async with aclosing(events):
            async for event in events:
                if isinstance(event, Finished):
                    _print_turn(event.turn, selection.note, as_json)
                elif as_json:
                    continue
                elif isinstance(event, Delta):
                    typer.echo(event.text, nl=False)
                elif isinstance(event, Notice):
                    typer.echo(f"\n{event.text}", err=True)
                elif isinstance(event, Decided) and event.decision.action == "escalate":
                    typer.echo(f"\n\n[{event.model}] {event.decision.reason}\n")
        return 0
    finally:
        await services.close()


def _published(fields: list[tuple[str, object]]) -> dict[str, object]:
    """A record under the names that its JSON was first published with, so that scripts go on working."""
    return {_PUBLISHED_NAMES.get(name, name): value for name, value in fields}


def _print_turn(turn: Turn, note: str, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(turn, dict_factory=_published), ensure_ascii=False, indent=1))
        return
    if turn.outcome == "abstained":
        typer.echo("Your documents do not seem to hold an answer. The nearest that they have:")
        for hit in turn.search.hits[:3]:
            typer.echo(f"  {hit.passage.place}")
        return
    typer.echo("\n")
    for citation in turn.citations:
        if citation.cited:
            typer.echo(f"[{citation.number}] {citation.hit.passage.place}")
    if turn.outcome == "quoted" and note:
        typer.echo(f"\n{note}")
    stages = " · ".join(f"{s.name.replace('_', ' ')} {s.seconds * 1000:.0f}" for s in turn.timings.stages)
    typer.echo(f"\n{turn.timings.total * 1000:.0f} ms: {stages}", err=True)
