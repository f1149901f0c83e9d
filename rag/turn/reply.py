"""Replies without passages or a model: to small talk, to what documents there are, and back: which document?"""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from rag.events import Decided
from rag.intent.catalogue import (
    Catalogue,
    CatalogueAnswer,
    CatalogueDocument,
    CatalogueFolder,
    catalogue_answer,
    folder_answer,
)
from rag.intent.replies import reply
from rag.intent.talk import classify_talk
from rag.intent.which_document import which_document
from rag.text.language import language_of
from rag.turn.state import TurnContext, TurnResult
from rag.types import Decision, Intent

_REASONS = {
    "talk": "This is small talk, so no passage is needed.",
    "catalogue": "This is about which documents there are, so no passage is needed.",
    "whole_document": "It is not clear which document is meant.",
}


async def reply_to(turn: TurnContext, intent: Intent, catalogue: Callable[[], Catalogue]) -> TurnResult:
    """The reply in the language of the question, or of an earlier one; `catalogue` may block."""
    answer = await asyncio.to_thread(_answer, turn, intent, catalogue)
    decision = Decision("keep", _REASONS.get(intent.kind, ""), 1.0, 0.0)
    await turn.emit(Decided(decision, None))
    return TurnResult("replied", decision, None, reply=answer.text, listed=answer.documents)


def _answer(turn: TurnContext, intent: Intent, catalogue: Callable[[], Catalogue]) -> CatalogueAnswer:
    language = _language(turn)
    if intent.folder:
        listed = tuple(map(CatalogueDocument, intent.documents))
        return folder_answer(CatalogueFolder(intent.folder, len(listed), listed), language)
    found = catalogue()
    if intent.kind == "catalogue":
        return catalogue_answer(found, turn.question, language)
    return CatalogueAnswer(_text(turn, intent, found, language))


def _text(turn: TurnContext, intent: Intent, found: Catalogue, language: str) -> str:
    """The reply to small talk, or the question back: which document?"""
    if talk := classify_talk(turn.question) if intent.kind == "talk" else None:
        talk = replace(talk, language=talk.language or language)
        files = [document.name for document in turn.attachments.documents]
        small = turn.models.small.alias if turn.generates else ""
        return reply(talk, titles=found.titles, documents=found.documents, small=small, files=files)
    return which_document(found.titles, language)


def _language(turn: TurnContext) -> str:
    """The ISO code of the question's language, else of the latest question that shows one; "" where none does."""
    questions = (turn.question, *(exchange.question for exchange in reversed(turn.history)))
    return next((language for question in questions if (language := language_of(question))), "")
