"""Runs turns: a message in, the answer shown; again, anyway, from an earlier turn on."""

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, cast

import chainlit as cl

from rag.chat import feedback, library_status, uploads
from rag.chat.session import AskedTurn, Chat, Preferences, current_chat, open_chat, payload_text
from rag.chat.view import TurnView, show_panel
from rag.errors import GroundworkError, QuestionError
from rag.services import Services, budget
from rag.turn.answer import answer
from rag.turn_log.log import TurnLog
from rag.types import Finished, Mode, Turn

if TYPE_CHECKING:
    from rag.generation.registry import Missing, ModelSelection

_log = logging.getLogger(__name__)

UNEXPECTED = (
    "Something went wrong on the server, and it is not your question's fault. Ask again; the log has the details."
)

GONE = "The server began anew since this answer and no longer has it. Ask the question once more."

LIBRARY_WAIT_S, SHORT_WAIT_S = 10.0, 2.0
"""How long a question waits for a library that is being read, where nothing can be searched yet and where something
can; then it is answered from what has been read."""


def preferences(services: Services) -> Preferences:
    """What a new chat begins with."""
    return Preferences(budget(services.settings), services.policy())


async def on_message(services: Services, message: cl.Message) -> None:
    """Takes what a person sent: files, a command, a question, or an earlier message that was edited."""
    chat = current_chat() or open_chat(preferences(services))
    follow_this_task()
    await take_back(chat, message.id)
    try:
        if message.command == "Files" or message.content.strip() == "/files":
            await uploads.show_list(chat)
            return
        if message.command == "Library" or message.content.strip() == "/library":
            await library_status.show(services.library_manager)
            return
        focus = await uploads.take(services, chat, message.elements)
        question = checked_question(message.content, services.settings.question_max_chars, files=bool(message.elements))
        if question:
            chat.asked.append(AskedTurn(message.id, question, _mode(message), focus))
            await run(services, chat, chat.asked[-1])
    except GroundworkError as error:
        await cl.ErrorMessage(str(error)).send()


async def on_action(services: Services, action: cl.Action) -> None:
    """The buttons under an answer; of a turn from before a restart of the server they say that it is gone."""
    chat = current_chat()
    asked = chat and chat.find(payload_text(action, "turn"))
    if not chat or not asked:
        await cl.context.emitter.send_toast(GONE, "warning")
        return
    if action.name == "details" and asked.turn:
        await show_panel(chat, asked.turn)
    elif action.name == "again":
        await _rerun(services, chat, asked, asked.mode)
    elif action.name == "ask_larger":
        if log := services.turn_log:
            await feedback.in_log(lambda at: log.feedback(asked.id, "asked", at))
        await _rerun(services, chat, asked, "large")
    elif action.name in ("thumb_up", "thumb_down") and asked.turn and asked.sent:
        await feedback.press(asked, "up" if action.name == "thumb_up" else "down", services.turn_log)


async def run(services: Services, chat: Chat, asked: AskedTurn) -> None:
    """One turn, from the question to the buttons under the answer; a stop or an error leaves what was said."""
    asked.run_id = step.id if (step := cl.context.current_run) else ""
    asked.task = asyncio.current_task()
    history = chat.history
    view = TurnView(chat, asked)
    try:
        if not await services.library_manager.ready(0):
            view.wait("Reading the library")
            await services.library_manager.ready(
                LIBRARY_WAIT_S if not services.library_manager.passages else SHORT_WAIT_S
            )
        view.wait("Looking for a model")
        selection = await services.models.selection()
        events = answer(
            asked.question,
            searcher=services.searcher(chat.uploads, closed=chat.preferences.closed),
            models=selection.models,
            policy=chat.preferences.applied_to(services.policy()),
            budget=chat.preferences.budget,
            escalation_limit=services.escalation_limit,
            history=history,
            earlier=asked.earlier,
            mode=asked.mode,
            focus=asked.focus,
        )
        async with aclosing(events):
            async for event in events:
                if isinstance(event, Finished):
                    asked.turn = event.turn
                await view.show(event)
        if asked.turn:
            await view.finish(asked.turn, _buttons(asked, asked.turn, selection), selection.note)
            await _note(services.turn_log, asked, asked.turn)
    except asyncio.CancelledError:
        await view.stopped()
        raise
    except GroundworkError as error:
        await view.failed()
        await cl.ErrorMessage(str(error)).send()
    except Exception:  # noqa: BLE001  # the last place before the person, who is told in words
        _log.exception("A turn failed")
        await view.failed()
        await cl.ErrorMessage(UNEXPECTED).send()


def checked_question(text: str, most_chars: int, *, files: bool) -> str:
    """The question without the white space around it; "" when only files came.

    Raises:
        QuestionError: nothing was asked, it is longer than `most_chars`, or it is not text.
    """
    question = text.encode("utf-8", "replace").decode().strip()  # half a surrogate pair cannot be sent on
    if not question:
        if files:
            return ""
        raise QuestionError("The message is empty. Type a question, or drop a file in and ask about it.")
    if len(question) > most_chars:
        raise QuestionError(
            f"The message has {len(question):,} characters, and {most_chars:,} are the most. "
            "Save it as a text file and drop that in; then ask about it.",
            size=len(question),
            limit=most_chars,
        )
    controls = sum(not character.isprintable() and not character.isspace() for character in question)
    if controls > len(question) / 10:
        raise QuestionError("The message does not look like text. If it is a file's content, drop the file in instead.")
    return question


def follow_this_task() -> None:
    """Makes the stop button stop the task that runs now; Chainlit follows only messages that are new."""
    session = cast(Any, cl.context.session)
    session.current_task = asyncio.current_task()


async def take_back(chat: Chat, message_id: str) -> None:
    """Removes a turn and all after it, so that the chat goes on from there; one that still runs is stopped."""
    forgotten = chat.rewind(message_id)
    for n, asked in enumerate(forgotten):
        if asked.task and not asked.task.done():
            asked.task.cancel()
            await asyncio.wait([asked.task])
        for sent in asked.sent:
            await sent.remove()
        await cl.context.emitter.delete_step({"id": asked.run_id if n == 0 else asked.message_id})  # type: ignore


async def _rerun(services: Services, chat: Chat, asked: AskedTurn, mode: Mode) -> None:
    await take_back(chat, asked.message_id)
    earlier = asked.turn.draft if asked.turn and mode == "large" else None
    again = AskedTurn(asked.message_id, asked.question, mode, asked.focus, earlier=earlier)
    chat.asked.append(again)
    again.task = in_background(_as_run(services, chat, again))


async def _as_run(services: Services, chat: Chat, asked: AskedTurn) -> None:
    """Outside a message Chainlit makes no run, and without one there is no stop and no copy button."""
    emitter = cl.context.emitter
    await emitter.task_start()
    try:
        async with cl.Step(name="on_message", type="run", parent_id=asked.message_id):
            await run(services, chat, asked)
    finally:
        await emitter.task_end()


def in_background(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Runs a button's work as the session's current task, so that the button answers at once and stop reaches it."""
    session = cast(Any, cl.context.session)
    session.current_task = task = asyncio.create_task(work)
    return task


def _mode(message: cl.Message) -> Mode:
    chosen = (message.modes or {}).get("answer")
    return chosen if chosen == "local" or chosen == "large" else "auto"


async def _note(log: TurnLog | None, asked: AskedTurn, turn: Turn) -> None:
    if log:
        await feedback.in_log(lambda at: log.record(asked.id, turn, mode=asked.mode, at=at))


def _buttons(asked: AskedTurn, turn: Turn, selection: "ModelSelection") -> list[cl.Action]:
    payload = {"turn": asked.message_id}
    buttons = [cl.Action("details", payload, "Show details", icon="gauge")]
    buttons.append(cl.Action("again", payload, "Answer again", icon="refresh-cw"))
    if selection.models.large and turn.escalated is None:
        anyway = " anyway" if turn.outcome == "abstained" else ""
        buttons.append(cl.Action("ask_larger", payload, f"Ask {selection.models.large.alias}{anyway}", icon="sparkles"))
    if wanted := _wanted(asked, turn, selection):
        label = f"Download {wanted.alias}" + (f" ({wanted.size})" if wanted.size else "")
        buttons.append(cl.Action("download", {"alias": wanted.alias}, label, icon="download"))
    asked.thumbs = feedback.thumbs(asked)
    return buttons + asked.thumbs


def _wanted(asked: AskedTurn, turn: Turn, selection: "ModelSelection") -> "Missing | None":
    """The model that this turn would have used, had it been on this machine."""
    if turn.outcome == "quoted":
        return selection.small_missing
    called_for = turn.decision.trigger or turn.outcome == "abstained" or asked.mode == "large"
    return selection.large_missing if called_for else None
