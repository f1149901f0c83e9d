"""What a person thinks of an answer: two buttons under it, noted in the turn log."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

import chainlit as cl

from rag.chat.session import AskedTurn
from rag.turn_log.log import TurnLog

Thumb = Literal["up", "down"]

_LABELS: dict[Thumb, str] = {"up": "Right", "down": "Wrong"}


def thumbs(asked: AskedTurn) -> list[cl.Action]:
    """Both buttons; the one that was pressed says so, and takes it back when pressed again."""
    return [_thumb(asked, "up"), _thumb(asked, "down")]


async def press(asked: AskedTurn, thumb: Thumb, log: TurnLog | None) -> None:
    """Notes a thumb, or takes it back, and shows it on the buttons."""
    asked.thumb = None if asked.thumb == thumb else thumb
    for button in asked.thumbs:
        await button.remove()
    asked.thumbs = thumbs(asked)
    for button in asked.thumbs:
        await button.send(for_id=asked.sent[-1].id)
    if log:
        await in_log(lambda at: log.feedback(asked.id, asked.thumb or "none", at))


async def in_log(note: Callable[[datetime], None]) -> None:
    """Writes to the turn log, which waits for the disk."""
    await asyncio.to_thread(note, datetime.now(UTC))


def _thumb(asked: AskedTurn, thumb: Thumb) -> cl.Action:
    pressed = asked.thumb == thumb
    return cl.Action(
        name=f"thumb_{thumb}",
        payload={"turn": asked.message_id},
        label="Noted" if pressed else _LABELS[thumb],
        tooltip="Press again to take it back" if pressed else f"Note on this machine: {_LABELS[thumb].lower()} answer",
        icon=f"thumbs-{thumb}",
    )
