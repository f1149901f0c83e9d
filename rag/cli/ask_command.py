"""The `rag ask` command: one question, answered in the terminal."""

import asyncio
import dataclasses
import json
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from enum import StrEnum
from typing import Annotated

import typer

from rag.cli.exit import ending
from rag.events import Decided, Delta, Finished, Notice, TurnEvent
from rag.grounding.attribution import reason
from rag.grounding.citations import claims_by_number
from rag.intent.contents import Contents
from rag.services import Services, budget
from rag.settings import read_settings
from rag.text.markdown import unescaped
from rag.turn.answer import answer
from rag.types import Mode, Turn

LIBRARY_WAIT_S = 60.0
"""Seconds that a question waits for a library that is being read; then it asks what is there."""

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
            contents=Contents(services.catalogue, services.documents_in, services.languages),
        )
        async with aclosing(events):
            turn = await (_last(events) if as_json else _streamed(events))
        if as_json:
            typer.echo(json.dumps(dataclasses.asdict(turn, dict_factory=_published), ensure_ascii=False, indent=1))
        else:
            _print_end(turn, selection.note)
        return 0
    finally:
        await services.close()


async def _last(events: AsyncGenerator[TurnEvent]) -> Turn:
    """The turn, of which nothing is shown before its end."""
    async for event in events:
        if isinstance(event, Finished):
            return event.turn
    raise AssertionError("a turn ends with Finished")


async def _streamed(events: AsyncGenerator[TurnEvent]) -> Turn:
    """The turn, after its text was shown as it came, and the checked answer where that is another text."""
    text, escalated = "", False
    async for event in events:
        if isinstance(event, Delta):
            if escalated and not event.escalated:  # a draft that was stopped early is written again
                text, escalated = "", False
                typer.echo("\n")
            text += event.text
            typer.echo(event.text, nl=False)
        elif isinstance(event, Notice):
            typer.echo(f"\n{event.text}", err=True)
        elif isinstance(event, Decided) and event.decision.action == "escalate":
            text, escalated = "", True
            typer.echo(f"\n\n[{event.model}] {event.decision.reason}\n")
        elif isinstance(event, Finished):
            if correction := _correction(event.turn, text):
                typer.echo(f"\n\n{correction}\n\n{event.turn.answer}", nl=False)
            return event.turn
    raise AssertionError("a turn ends with Finished")


def _correction(turn: Turn, text: str) -> str:
    """One sentence where the text that was streamed last is not the answer; "" where it is."""
    shown = turn.escalated if turn.outcome == "escalated" else turn.draft
    if turn.outcome == "abstained" or not shown:
        return ""
    if turn.outcome == "kept_draft" and turn.escalated:
        return f"The draft stands, because your documents support it better than the answer of {turn.escalated.model}:"
    if shown.text.strip() != text.strip():
        return "The draft stands, because the larger model could not answer:"
    invalid = sorted(claims_by_number(text).keys() - {citation.number for citation in turn.citations})
    marks = ", ".join(f"[{number}]" for number in invalid)
    if invalid:
        return f"Without {marks}, as there is no such passage:"
    return "With the marks set right, each by its passage:" if turn.corrected_marks else ""


def _published(fields: list[tuple[str, object]]) -> dict[str, object]:
    """A record under the names that its JSON was first published with, so that scripts go on working."""
    return {_PUBLISHED_NAMES.get(name, name): value for name, value in fields}


def _print_end(turn: Turn, note: str) -> None:
    """The sources and the timings, below the answer."""
    if turn.outcome == "abstained":
        typer.echo("Your documents do not seem to hold an answer. The nearest that they have:")
        for hit in turn.search.hits[:3]:
            typer.echo(f"  {hit.passage.place}")
        return
    if turn.outcome == "replied":
        typer.echo(unescaped(turn.answer), nl=False)
    typer.echo("\n")
    if turn.search.corrections:
        typer.echo(f"Searched for: {', '.join(turn.search.corrections.values())}")
    for citation in turn.citations:
        if citation.cited:
            typer.echo(f"[{citation.number}] {citation.hit.passage.place}")
    for each in turn.unsupported:
        typer.echo(f'Not supported by your documents: "{turn.answer[each.start : each.end]}" ({reason(each)})')
    if turn.outcome == "quoted" and note:
        typer.echo(f"\n{note}")
    stages = " · ".join(f"{s.name.replace('_', ' ')} {s.seconds * 1000:.0f}" for s in turn.timings.stages)
    typer.echo(f"\n{turn.timings.total * 1000:.0f} ms: {stages}", err=True)
