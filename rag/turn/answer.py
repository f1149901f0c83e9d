"""One turn: a question in, a stream of events out, a frozen record at the end."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

from rag.escalation.confidence import Answerability
from rag.escalation.policy import Policy
from rag.escalation.rate_limit import EscalationLimit
from rag.events import Finished, Notice, Retrieved, TurnEvent, Understood
from rag.generation.chat_model import ChatModel, ModelSet
from rag.generation.prompt import Prompt, fitted_prompt
from rag.intent.contents import Contents, named_folder
from rag.intent.understand import understand
from rag.retrieval.search import Searcher
from rag.turn.draft import answer_from
from rag.turn.reply import reply_to
from rag.turn.retrieve import retrieve
from rag.turn.section_store import SectionStore
from rag.turn.state import (
    NO_FILES,
    UNSUPPORTED,
    AssessedAnswer,
    Budget,
    Evidence,
    RecordedEvents,
    TurnContext,
    TurnResult,
)
from rag.turn.timing import StageClock
from rag.turn.whole_document import answer_whole_documents
from rag.types import Attachments, Document, Exchange, Generation, Intent, Mode, Passage, SearchResult, Turn

_ALL = 1_000_000
MOST_DOCUMENTS = 100
"""That one answer is about; a folder may hold any number."""
UNREAD_EVENTS = 8
"""At most; then the stages wait for whoever consumes the events, and the model with them."""


async def answer(
    question: str,
    *,
    searcher: Searcher,
    models: ModelSet,
    policy: Policy | None = None,
    budget: Budget | None = None,
    escalation_limit: EscalationLimit | None = None,
    history: Sequence[Exchange] = (),
    earlier: Generation | None = None,
    mode: Mode = "auto",
    attachments: Attachments | None = None,
    contents: Contents | None = None,
    sections: SectionStore | None = None,
    correct: bool = True,
    clock: Callable[[], float] = time.perf_counter,
) -> AsyncGenerator[TurnEvent]:
    """The turn's events; the last one is `Finished`. Closing the generator stops the model.

    `history` holds the chat's earlier exchanges, oldest first; `earlier` the draft that this question got before, when
    a person now asks the larger model; `attachments` the chat's files, which the searcher searches too; `contents` is
    what documents there are; `sections` keeps what a model has read of long documents; without
    `correct` the question is searched for as it was typed; `escalation_limit` is how much all chats together may ask of
    the larger model. When the larger model fails, the draft stays; when the small one fails, the fallback answers; each
    time with a `Notice`.

    Raises:
        ModelError: no model answered and there is no fallback.
    """
    queue, free = asyncio.Queue[TurnEvent | None](), asyncio.Semaphore(UNREAD_EVENTS)

    async def emit(event: TurnEvent) -> None:
        await free.acquire()
        queue.put_nowait(event)

    events = RecordedEvents(emit)
    limit = escalation_limit or EscalationLimit()
    turn = TurnContext(
        question,
        models,
        policy or Policy(),
        budget or Budget(),
        limit,
        mode,
        StageClock(clock),
        events,
        tuple(history),
        attachments or NO_FILES,
        correct,
        (contents or Contents()).languages,
    )
    task = asyncio.create_task(
        _run(turn, events, searcher, contents or Contents(), sections or SectionStore(), earlier)
    )
    task.add_done_callback(lambda _: queue.put_nowait(None))
    try:
        while (event := await queue.get()) is not None:
            yield event
            free.release()
        await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def ask(
    question: str,
    searcher: Searcher,
    models: ChatModel | ModelSet,
    *,
    policy: Policy | None = None,
    budget: Budget | None = None,
    history: Sequence[Exchange] = (),
    mode: Mode = "auto",
    attachments: Attachments | None = None,
) -> Turn:
    """The finished turn of a question: the answer with its citations, decision and timings.

    Args:
        question: what a person wants to know.
        searcher: the indexes to search.
        models: who answers: one model, or a small one with a larger one and a fallback.
        policy: when the larger model is called, and when nobody answers.
        budget: how much is read and written, in passages and tokens.
        history: earlier exchanges, oldest first, for a question that refers to them.
        mode: "auto", or "local" or "large" for one of the two models.
        attachments: the documents among those of the searcher that are asked about first.

    Raises:
        ModelError: no model could answer, and there is no fallback.
    """
    events = answer(
        question,
        searcher=searcher,
        models=models if isinstance(models, ModelSet) else ModelSet(models),
        policy=policy,
        budget=budget,
        history=history,
        mode=mode,
        attachments=attachments,
    )
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Finished):
                return event.turn
    raise AssertionError("a turn ends with Finished")


async def _run(
    turn: TurnContext,
    events: RecordedEvents,
    searcher: Searcher,
    contents: Contents,
    sections: SectionStore,
    earlier: Generation | None,
) -> None:
    """All stages, one after the other."""
    intent = await _understand(turn, searcher, contents)
    found, result = Evidence(SearchResult(()), Answerability()), None
    if intent.kind in ("talk", "catalogue") or (intent.request and not intent.documents):
        result = await reply_to(turn, intent, contents.catalogue)
    elif intent.request:
        documents = await asyncio.to_thread(_whole_documents, searcher, intent)
        if len(intent.documents) > MOST_DOCUMENTS:
            await turn.emit(
                Notice(f"The answer is about the first {MOST_DOCUMENTS} of {len(intent.documents):,} documents.")
            )
        found, result = await answer_whole_documents(turn, intent.request, documents, sections)
    else:
        found = await retrieve(turn, searcher, intent)
        await turn.emit(Retrieved(found.search))
        result = await answer_from(turn, found, await _fit_prompt(turn, found), earlier)
    turn.escalation_limit.count(escalated=events.escalated_unasked)
    listed = await asyncio.to_thread(_openings, searcher, result.listed)
    await turn.emit(Finished(replace(_record(turn, intent, found, result, events.notices), listed=listed)))


async def _understand(turn: TurnContext, searcher: Searcher, contents: Contents) -> Intent:
    """What the question asks for, and about which documents."""
    await turn.enter("intent")
    intent = await asyncio.to_thread(_intent, turn, searcher, contents)
    await turn.emit(Understood(intent))
    return intent


def _intent(turn: TurnContext, searcher: Searcher, contents: Contents) -> Intent:
    exact, alike = ([each for each in row if each.origin == "library"] for row in searcher.named(turn.question))
    return understand(
        turn.question, turn.attachments, turn.history, exact, alike, named_folder(turn.question, contents)
    )


def _whole_documents(searcher: Searcher, intent: Intent) -> list[list[Passage]]:
    """All passages of the documents in question, on the pages in question where these are there."""
    documents = [searcher.passages(document.id, _ALL) for document in intent.documents[:MOST_DOCUMENTS]]
    on_pages = [[each for each in passages if each.page in intent.pages] for passages in documents]
    return on_pages if any(on_pages) else documents


def _openings(searcher: Searcher, documents: Sequence[Document]) -> tuple[Passage, ...]:
    """The first passage of each, of those that are still there."""
    return tuple(passage for document in documents for passage in searcher.passages(document.id, 1))


async def _fit_prompt(turn: TurnContext, found: Evidence) -> Prompt:
    await turn.enter("prompt", passages=len(found.search.hits))
    return await asyncio.to_thread(
        fitted_prompt,
        turn.question,
        found.search,
        history=turn.history,
        passages=turn.budget.passages,
        passage_tokens=turn.budget.passage_tokens,
        history_tokens=turn.budget.history_tokens,
        whole=found.whole,
    )


def _record(turn: TurnContext, intent: Intent, found: Evidence, result: TurnResult, notices: Sequence[str]) -> Turn:
    shown = result.shown
    return Turn(
        question=turn.question,
        answer=shown.checked.text if shown else result.reply,
        outcome=result.outcome,
        citations=shown.checked.citations if shown else (),
        search=found.search,
        decision=result.decision,
        timings=turn.clock.finish(),
        draft=result.draft,
        escalated=result.escalated,
        escalation_report=result.escalation_report,
        notices=(*notices, UNSUPPORTED) if shown and _is_unsupported(turn, found, shown) else tuple(notices),
        intent=intent,
        corrected_marks=shown.checked.corrected if shown else 0,
        unsupported=shown.checked.unsupported if shown else (),
    )


def _is_unsupported(turn: TurnContext, found: Evidence, shown: AssessedAnswer) -> bool:
    """Whether a person should be warned; not of quotes, of a refusal, or again of what the gate has warned of."""
    if found.abstention or not shown.generation.generated:
        return False
    return shown.assessment.confidence < turn.policy.confidence_threshold and not shown.assessment.refuses
