"""One chat: its uploads, its turns and its preferences, which end with Chainlit's session."""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, cast
from uuid import uuid4

import chainlit as cl

from rag.escalation.policy import Policy
from rag.retrieval.memory_index import MemoryIndex
from rag.turn.section_store import SectionStore
from rag.turn.state import NO_FILES, Budget
from rag.types import Attachments, Document, Exchange, Generation, Mode, ScopeChoice, Turn

Preference = float | bool | str | frozenset[str]
"""A value of a preference."""

_KEY = "groundwork"
_tasks: set[asyncio.Task[None]] = set()
"""Strong references: an event loop has only weak ones to its tasks."""


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
    scope: ScopeChoice = "auto"
    """Where it searches while it has files."""
    files_off: frozenset[str] = frozenset()
    """The ids of its files that it leaves out."""
    chosen: frozenset[str] = frozenset()
    """The fields of `policy` that the person has changed."""

    def applied_to(self, policy: Policy) -> Policy:
        """The policy of the app as it is by now, with what the person chose."""
        return replace(policy, **{name: getattr(self.policy, name) for name in self.chosen})


@dataclass(slots=True)
class ChatTurn:
    """A question of this chat and its result."""

    message_id: str
    """The person's message; the same when it is answered again."""
    question: str
    mode: Mode
    attached: frozenset[str] = frozenset()
    """The ids of the files that came with it."""
    run_id: str = ""
    """Chainlit's run step, the parent of all messages of this turn."""
    result: Turn | None = None
    """The finished turn; None while it runs, and when it was stopped or failed."""
    sent: list[cl.Message] = field(default_factory=list[cl.Message])
    """The messages that show its answer."""
    task: asyncio.Task[None] | None = None
    """The task that runs it, or ran it."""
    earlier: Generation | None = None
    """The draft that the question got before the larger model was asked."""
    correct: bool = True
    """Whether typing errors of the question are corrected."""
    attachments: Attachments = NO_FILES
    """The chat's files as the turn was given them."""
    id: str = field(default_factory=lambda: uuid4().hex)
    """Its id in the turn log."""
    thumb: Literal["up", "down"] | None = None
    """What the person thinks of the answer."""
    thumbs: list[cl.Action] = field(default_factory=list[cl.Action])

    @property
    def exchange(self) -> Exchange | None:
        """For the history of later turns; None without an answer."""
        turn = self.result
        return Exchange(self.question, turn.answer, turn.intent, turn.documents) if turn and turn.answer else None


@dataclass(slots=True)
class Chat:
    """The state of one chat on the server."""

    preferences: Preferences
    uploads: MemoryIndex = field(default_factory=MemoryIndex)
    sections: SectionStore = field(default_factory=SectionStore)
    """What models have read of long documents; it ends with the chat, as its files do."""
    turns: list[ChatTurn] = field(default_factory=list[ChatTurn])
    panel: cl.CustomElement | None = None
    file_list: cl.Message | None = None
    """The message that lists its files, with their buttons."""

    @property
    def history(self) -> list[Exchange]:
        """The answered questions, oldest first."""
        return [exchange for turn in self.turns if (exchange := turn.exchange)]

    @property
    def finished_turns(self) -> list[Turn]:
        """The results of the finished turns, oldest first."""
        return [turn.result for turn in self.turns if turn.result]

    @property
    def documents(self) -> list[Document]:
        """The uploaded files of this chat."""
        return self.uploads.documents()

    @property
    def documents_on(self) -> tuple[Document, ...]:
        """Those that are not switched off."""
        return tuple(document for document in self.documents if document.id not in self.preferences.files_off)

    def attachments(self, new: frozenset[str] = frozenset()) -> Attachments:
        """Its files as a turn needs them; `new` are the ids of those that came with the question.

        A file that comes with a question is asked about, even where the library alone was chosen before.
        """
        new, choice = new - self.preferences.files_off, self.preferences.scope
        if choice == "library" and not new:
            return Attachments(choice=choice, off=frozenset(document.id for document in self.documents))
        choice = "auto" if choice == "library" else choice
        return Attachments(self.documents_on, new, choice, self.preferences.files_off)

    def switch(self, document_id: str, *, on: bool) -> None:
        """Leaves a file out of all searches of this chat, or takes it up again."""
        off = self.preferences.files_off
        self.prefer({"files_off": off - {document_id} if on else off | {document_id}})

    def find(self, message_id: str) -> ChatTurn | None:
        """The turn of a person's message; None when there is no such turn."""
        return next((turn for turn in self.turns if turn.message_id == message_id), None)

    def rewind(self, message_id: str) -> list[ChatTurn]:
        """The removed turns: that one and all after it; empty when there is no such turn."""
        for n, turn in enumerate(self.turns):
            if turn.message_id == message_id:
                removed, self.turns = self.turns[n:], self.turns[:n]
                return removed
        return []

    def prefer(self, changes: Mapping[str, Preference]) -> None:
        """Changes some preferences, by the names of the fields of `Budget`, `Policy` and `Preferences`."""
        old = self.preferences
        budget = replace(old.budget, **_fields_of(Budget, changes))
        changed = {k: value for k, value in _fields_of(Policy, changes).items() if value != getattr(old.policy, k)}
        policy, chosen = replace(old.policy, **changed), old.chosen | changed.keys()
        self.preferences = replace(old, budget=budget, policy=policy, chosen=chosen, **_fields_of(Preferences, changes))


def _fields_of(record: type[Budget | Policy | Preferences], changes: Mapping[str, Preference]) -> dict[str, Any]:
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
    """A text of a button's payload, which comes from the browser; "" when it is missing."""
    payload = cast(dict[str, Any], action.payload)  # pyright: ignore[reportUnknownMemberType]
    return str(payload.get(key, ""))


def start_task(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """The task that runs this work to its end, whoever forgets it."""
    task = asyncio.get_running_loop().create_task(work)
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
    return task


def is_narrow() -> bool:
    """Whether the browser window is phone-narrow, as `public/groundwork.js` notes in a cookie."""
    environ = cast(dict[str, str], getattr(cl.context.session, "environ", None) or {})
    return "groundwork_narrow=1" in environ.get("HTTP_COOKIE", "")
