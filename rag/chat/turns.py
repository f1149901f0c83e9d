"""Runs a chat's turns: a message in, its answer shown; answered again, edited, asked of the larger model."""

import asyncio
import logging
import unicodedata
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import chainlit as cl

from rag.chat import feedback, file_scope, library_status, uploads
from rag.chat.abstention import Surroundings, suggestions
from rag.chat.session import Chat, ChatTurn, Preferences, current_chat, open_chat, payload_text, start_task
from rag.chat.view import TurnView, show_panel
from rag.errors import GroundworkError, QuestionError
from rag.events import Finished, TurnEvent
from rag.intent.contents import Contents
from rag.library.manager import LibraryManager
from rag.services import Services, budget
from rag.text.language import language_of
from rag.turn.answer import answer
from rag.turn_log.log import TurnLog
from rag.types import Attachments, Mode, Turn

if TYPE_CHECKING:
    from rag.generation.chat_model import ModelSet
    from rag.generation.registry import Missing, ModelSelection

_log = logging.getLogger(__name__)

UNEXPECTED = (
    "Something went wrong on the server, and it is not your question's fault. Ask again; the log has the details."
)

GONE = "The server began anew since this answer and no longer has it. Ask the question once more."

_WORDLESS = frozenset({"Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Zs", "Zl", "Zp", "Cf"})
"""Unicode's categories of punctuation, spaces and marks without a look."""

LIBRARY_WAIT_S, SHORT_WAIT_S = 10.0, 2.0
"""The wait for a library that is being read: while nothing can be searched yet, and once something can. After it the
question is answered from what has been read."""


def preferences(services: Services) -> Preferences:
    """The preferences of a new chat."""
    return Preferences(budget(services.settings), services.policy())


async def on_message(services: Services, message: cl.Message) -> None:
    """Handles a person's message: files, a command, a question, or an edited earlier message."""
    chat = current_chat() or open_chat(preferences(services))
    make_stoppable()
    if not chat.find(message.id):  # an edited message brings the choices of when it was sent
        file_scope.choose(chat, (message.modes or {}).get(file_scope.PICKER))
    await rewind(chat, message.id)
    try:
        if message.command == "Files" or message.content.strip() == "/files":
            await uploads.show_list(chat)
            return
        if message.command == "Library" or message.content.strip() == "/library":
            await library_status.show(services.library_manager)
            return
        attached = await uploads.read_files(services, chat, message.elements)
        if attached:
            await file_scope.show_new(chat, attached)
        question = checked_question(message.content, services.settings.question_max_chars, files=bool(message.elements))
        if question:
            chat.turns.append(ChatTurn(message.id, question, _mode(message), attached))
            await run(services, chat, chat.turns[-1])
    except GroundworkError as error:
        await cl.ErrorMessage(str(error)).send()


async def on_action(services: Services, action: cl.Action) -> None:
    """Handles a button under an answer; one from before a restart of the server only gets a notice."""
    chat = current_chat()
    chat_turn = chat and chat.find(payload_text(action, "turn"))
    if not chat or not chat_turn:
        await cl.context.emitter.send_toast(GONE, "warning")
        return
    if action.name == "details" and chat_turn.result:
        await show_panel(chat, chat_turn.result)
    elif action.name == "again":
        await _rerun(services, chat, chat_turn, chat_turn.mode)
    elif action.name == "as_typed":
        await _rerun(services, chat, chat_turn, chat_turn.mode, correct=False)
    elif action.name == "suggestion":
        await _ask_suggestion(services, chat, chat_turn, payload_text(action, "question"))
    elif action.name == "ask_larger":
        if log := services.turn_log:
            await feedback.write_log(lambda at: log.feedback(chat_turn.id, "asked", at))
        await _rerun(services, chat, chat_turn, "large")
    elif action.name in ("thumb_up", "thumb_down") and chat_turn.result and chat_turn.sent:
        await feedback.toggle(chat_turn, "up" if action.name == "thumb_up" else "down", services.turn_log)


async def run(services: Services, chat: Chat, chat_turn: ChatTurn) -> None:
    """One turn, from the question to the buttons under the answer; a stop or an error leaves the text so far."""
    chat_turn.run_id = step.id if (step := cl.context.current_run) else ""
    chat_turn.task = asyncio.current_task()
    view = TurnView(chat, chat_turn)
    try:
        await _answer(services, chat, chat_turn, view)
    except asyncio.CancelledError:
        await view.stopped()
        raise
    except GroundworkError as error:
        await view.failed()
        await cl.ErrorMessage(str(error)).send()
    except Exception:  # noqa: BLE001  # the last place before the person, who gets a sentence
        _log.exception("A turn failed")
        await view.failed()
        await cl.ErrorMessage(UNEXPECTED).send()


async def _answer(services: Services, chat: Chat, chat_turn: ChatTurn, view: TurnView) -> None:
    await _wait_for_library(services.library_manager, view)
    view.show_waiting("Looking for a model")
    selection = await services.models.selection()
    async with aclosing(_events(services, chat, chat_turn, selection.models)) as events:
        async for event in events:
            if isinstance(event, Finished):
                chat_turn.result = event.turn
            await view.show(event)
    if result := chat_turn.result:
        around = surroundings(services, chat, chat_turn.attachments)
        await view.finish(result, turn_buttons(chat_turn, result, selection), selection.note, around)
        await _write_log(services.turn_log, chat_turn, result)


async def _wait_for_library(library_manager: LibraryManager, view: TurnView) -> None:
    if not await library_manager.ready(0):
        view.show_waiting("Reading the library")
        await library_manager.ready(SHORT_WAIT_S if library_manager.passages else LIBRARY_WAIT_S)


def _events(services: Services, chat: Chat, chat_turn: ChatTurn, models: "ModelSet") -> AsyncGenerator[TurnEvent]:
    preferences = chat.preferences
    chat_turn.attachments = attachments = chat.attachments(chat_turn.attached)
    return answer(
        chat_turn.question,
        searcher=services.searcher(chat.uploads, closed=preferences.closed),
        models=models,
        policy=preferences.applied_to(services.policy()),
        budget=preferences.budget,
        escalation_limit=services.escalation_limit,
        history=chat.history,
        earlier=chat_turn.earlier,
        mode=chat_turn.mode,
        attachments=attachments,
        contents=Contents(
            partial(services.catalogue, preferences.closed, attachments.documents),
            services.documents_in,
            partial(services.languages, preferences.closed),
        ),
        correct=chat_turn.correct,
        sections=chat.sections,
    )


def surroundings(services: Services, chat: Chat, attachments: Attachments) -> Surroundings:
    """What a turn with these files cannot know: which of them are gone by now, and how far the library is."""
    left = {document.id for document in chat.documents}
    gone = tuple(document for document in attachments.documents if document.id not in left)
    return Surroundings(attachments, gone, services.library_manager.reading)


def checked_question(text: str, most_chars: int, *, files: bool) -> str:
    """The question without the white space around it; "" when only files came.

    Raises:
        QuestionError: nothing was asked, or punctuation alone, it is longer than `most_chars`, or it is not text.
    """
    question = text.encode("utf-8", "replace").decode().strip()  # half a surrogate pair cannot be sent on
    if not question:
        if files:
            return ""
        raise QuestionError("The message is empty. Type a question, or drop a file in and ask about it.")
    if all(unicodedata.category(character) in _WORDLESS for character in question):
        raise QuestionError("The message has no word to look for. Type a question, such as “What is this file about?”.")
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


def make_stoppable() -> None:
    """Makes the stop button cancel the current task; Chainlit does so for new messages only."""
    session = cast(Any, cl.context.session)
    session.current_task = asyncio.current_task()


async def rewind(chat: Chat, message_id: str) -> None:
    """Removes a turn and all after it from the chat and the page; one that still runs is stopped."""
    for n, chat_turn in enumerate(chat.rewind(message_id)):
        if chat_turn.task and not chat_turn.task.done():
            chat_turn.task.cancel()
            await asyncio.wait([chat_turn.task])
        for sent in chat_turn.sent:
            await sent.remove()
        await cl.context.emitter.delete_step({"id": chat_turn.run_id if n == 0 else chat_turn.message_id})  # type: ignore


async def _rerun(
    services: Services, chat: Chat, chat_turn: ChatTurn, mode: Mode, *, correct: bool | None = None
) -> None:
    """Answers a question anew; misspelt words are corrected as before where `correct` does not say otherwise."""
    await rewind(chat, chat_turn.message_id)
    earlier = chat_turn.result.draft if chat_turn.result and mode == "large" else None
    again = ChatTurn(chat_turn.message_id, chat_turn.question, mode, chat_turn.attached, earlier=earlier)
    again.correct = chat_turn.correct if correct is None else correct
    chat.turns.append(again)
    again.task = in_background(_run_as_step(services, chat, again))


async def _ask_suggestion(services: Services, chat: Chat, chat_turn: ChatTurn, question: str) -> None:
    """Asks one of the questions that stand under an abstention, as a new message of the person."""
    result = chat_turn.result
    offered = suggestions(result, language_of(result.question)) if result else []
    running = any(turn.task and not turn.task.done() for turn in chat.turns)
    if running or question not in [suggestion.question for suggestion in offered]:
        return
    message = cl.Message(question, author="User", type="user_message")
    await message.send()
    chat.turns.append(ChatTurn(message.id, question, chat_turn.mode))
    chat.turns[-1].task = in_background(_run_as_step(services, chat, chat.turns[-1]))


async def _run_as_step(services: Services, chat: Chat, chat_turn: ChatTurn) -> None:
    """Runs a turn in a run step of its own: Chainlit makes one for messages only, and stop and copy need it."""
    emitter = cl.context.emitter
    await emitter.task_start()
    try:
        async with cl.Step(name="on_message", type="run", parent_id=chat_turn.message_id):
            await run(services, chat, chat_turn)
    finally:
        await emitter.task_end()


def in_background(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Runs a button's work as the session's current task, so that the button answers at once and stop reaches it."""
    session = cast(Any, cl.context.session)
    session.current_task = task = start_task(work)
    return task


def _mode(message: cl.Message) -> Mode:
    chosen = (message.modes or {}).get("answer")
    return chosen if chosen == "local" or chosen == "large" else "auto"


async def _write_log(log: TurnLog | None, chat_turn: ChatTurn, turn: Turn) -> None:
    if log:
        await feedback.write_log(lambda at: log.record(chat_turn.id, turn, mode=chat_turn.mode, at=at))


def turn_buttons(chat_turn: ChatTurn, turn: Turn, selection: "ModelSelection") -> list[cl.Action]:
    """The buttons under the answer of that turn."""
    payload = {"turn": chat_turn.message_id}
    buttons = [
        cl.Action("suggestion", payload | {"question": each.question}, each.label, icon="message-circle-question")
        for each in suggestions(turn, language_of(turn.question))
    ]
    if turn.search.corrections:
        buttons.append(cl.Action("as_typed", payload, "Search as typed", icon="search"))
    buttons.append(cl.Action("details", payload, "Show details", icon="gauge"))
    buttons.append(cl.Action("again", payload, "Answer again", icon="refresh-cw"))
    if selection.models.large and turn.escalated is None:
        anyway = " anyway" if turn.outcome == "abstained" else ""
        buttons.append(cl.Action("ask_larger", payload, f"Ask {selection.models.large.alias}{anyway}", icon="sparkles"))
    if missing := _missing_model(chat_turn, turn, selection):
        label = f"Download {missing.alias}" + (f" ({missing.size})" if missing.size else "")
        buttons.append(cl.Action("download", {"alias": missing.alias}, label, icon="download"))
    chat_turn.thumbs = feedback.thumbs(chat_turn)
    return buttons + chat_turn.thumbs


def _missing_model(chat_turn: ChatTurn, turn: Turn, selection: "ModelSelection") -> "Missing | None":
    """The model that this turn would have used, had it been on this machine."""
    if turn.outcome == "quoted":
        return selection.small_missing
    larger = turn.decision.trigger or turn.outcome == "abstained" or chat_turn.mode == "large"
    return selection.large_missing if larger else None
