"""One chat: its uploads, its turns, its preferences. Dies with Chainlit's session; no chat sees another's."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, cast
from uuid import uuid4

import chainlit as cl

from rag.escalation.policy import Policy
from rag.retrieval.memory_index import MemoryIndex
from rag.turn.state import Budget
from rag.types import Document, Exchange, Generation, Mode, Turn

_KEY = "groundwork"


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a person may set for one chat."""

    budget: Budget
    policy: Policy
    """As it was when the chat was opened, with what the person chose since."""
    streaming: bool = True
    panel: bool = True
    closed: frozenset[str] = frozenset()
    """The names of the library folders that this chat leaves out."""
    chosen: frozenset[str] = frozenset()
    """The fields of `policy` that the person has changed."""

    def applied_to(self, policy: Policy) -> Policy:
        """The policy of the app as it is by now, with what the person chose."""
        return replace(policy, **{name: getattr(self.policy, name) for name in self.chosen})


@dataclass(slots=True)
class AskedTurn:
    """A question of this chat and what became of it."""

    message_id: str
    """The person's message; the same when it is answered again."""
    question: str
    mode: Mode
    focus: frozenset[str] = frozenset()
    run_id: str = ""
    """Chainlit's run step, under which all that was sent for it stands."""
    turn: Turn | None = None
    """None while it runs, and when it was stopped or failed."""
    sent: list[cl.Message] = field(default_factory=list[cl.Message])
    task: asyncio.Task[None] | None = None
    """What runs it, or ran it."""
    earlier: Generation | None = None
    """The draft that the question got before the larger model was asked."""
    id: str = field(default_factory=lambda: uuid4().hex)
    """Its name in the turn log."""
    thumb: Literal["up", "down"] | None = None
    """What the person thinks of the answer."""
    thumbs: list[cl.Action] = field(default_factory=list[cl.Action])

    @property
    def exchange(self) -> Exchange | None:
        """For the history of later turns; None where nothing was answered."""
        return Exchange(self.question, self.turn.answer) if self.turn and self.turn.answer else None


@dataclass(slots=True)
class Chat:
    """All that one chat holds on the server."""

    preferences: Preferences
    uploads: MemoryIndex = field(default_factory=MemoryIndex)
    asked: list[AskedTurn] = field(default_factory=list[AskedTurn])
    panel: cl.CustomElement | None = None

    @property
    def history(self) -> list[Exchange]:
        """The answered questions, oldest first."""
        return [exchange for asked in self.asked if (exchange := asked.exchange)]

    @property
    def turns(self) -> list[Turn]:
        """The finished turns, oldest first."""
        return [asked.turn for asked in self.asked if asked.turn]

    @property
    def documents(self) -> list[Document]:
        """What was uploaded into this chat and is still there."""
        return self.uploads.documents()

    def find(self, message_id: str) -> AskedTurn | None:
        """The turn of a person's message."""
        return next((asked for asked in self.asked if asked.message_id == message_id), None)

    def rewind(self, message_id: str) -> list[AskedTurn]:
        """Forgets that turn and all after it, and gives them back; nothing when there is no such turn."""
        for n, asked in enumerate(self.asked):
            if asked.message_id == message_id:
                forgotten, self.asked = self.asked[n:], self.asked[:n]
                return forgotten
        return []

    def prefer(self, changes: Mapping[str, float | bool | frozenset[str]]) -> None:
        """Changes some preferences, by the names of the fields of `Budget`, `Policy` and `Preferences`."""
        now = self.preferences
        budget = replace(now.budget, **_of(Budget, changes))
        wanted = {name: value for name, value in _of(Policy, changes).items() if value != getattr(now.policy, name)}
        policy, chosen = replace(now.policy, **wanted), now.chosen | wanted.keys()
        self.preferences = replace(now, budget=budget, policy=policy, chosen=chosen, **_of(Preferences, changes))


def _of(
    record: type[Budget | Policy | Preferences], changes: Mapping[str, float | bool | frozenset[str]]
) -> dict[str, Any]:
    names = {each.name for each in fields(record)}
    return {name: value for name, value in changes.items() if name in names}


def open_chat(preferences: Preferences) -> Chat:
    """A new chat for the current Chainlit session."""
    chat = Chat(preferences)
    cast(Any, cl.user_session).set(_KEY, chat)
    return chat


def current_chat() -> Chat | None:
    """The chat of the current Chainlit session; None before it is opened."""
    return cast(Any, cl.user_session).get(_KEY)


def payload_text(action: cl.Action, key: str) -> str:
    """A text of a button's payload, which comes back from the browser; "" when it is not there."""
    payload = cast(dict[str, Any], action.payload)  # pyright: ignore[reportUnknownMemberType]
    return str(payload.get(key, ""))


def is_narrow() -> bool:
    """Whether the browser window is phone-narrow, as `public/groundwork.js` tells in a cookie."""
    environ = cast(dict[str, str], getattr(cl.context.session, "environ", None) or {})
    return "groundwork_narrow=1" in environ.get("HTTP_COOKIE", "")
