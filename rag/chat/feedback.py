"""A person's rating of an answer: two buttons under it, written to the turn log."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

import chainlit as cl

from rag.chat.session import ChatTurn
from rag.turn_log.log import TurnLog

Thumb = Literal["up", "down"]

_LABELS: dict[Thumb, str] = {"up": "Right", "down": "Wrong"}


def thumbs(chat_turn: ChatTurn) -> list[cl.Action]:
    """Both buttons; the pressed one is marked, and pressing it again takes the rating back."""
    return [_thumb(chat_turn, "up"), _thumb(chat_turn, "down")]


async def toggle(chat_turn: ChatTurn, thumb: Thumb, log: TurnLog | None) -> None:
    """Sets a rating or takes it back, shows it on the buttons and logs it."""
    chat_turn.thumb = None if chat_turn.thumb == thumb else thumb
    for button in chat_turn.thumbs:
        await button.remove()
    chat_turn.thumbs = thumbs(chat_turn)
    for button in chat_turn.thumbs:
        await button.send(for_id=chat_turn.sent[-1].id)
    if log:
        await write_log(lambda at: log.feedback(chat_turn.id, chat_turn.thumb or "none", at))


async def write_log(write: Callable[[datetime], None]) -> None:
    """Writes to the turn log in a thread, with the time of now."""
    await asyncio.to_thread(write, datetime.now(UTC))


def _thumb(chat_turn: ChatTurn, thumb: Thumb) -> cl.Action:
    pressed = chat_turn.thumb == thumb
    return cl.Action(
        name=f"thumb_{thumb}",
        payload={"turn": chat_turn.message_id},
        label="Noted" if pressed else _LABELS[thumb],
        tooltip="Press again to take it back" if pressed else f"Note on this machine: {_LABELS[thumb].lower()} answer",
        icon=f"thumbs-{thumb}",
    )
