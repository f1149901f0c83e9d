"""One turn for a caller who only wants its end."""

from collections.abc import Sequence, Set
from contextlib import aclosing

from rag.escalation.policy import Policy
from rag.generation.chat_model import ChatModel, ModelSet
from rag.retrieval.search import Searcher
from rag.turn.answer import answer
from rag.turn.state import Budget
from rag.types import Exchange, Finished, Mode, Turn


async def ask(
    question: str,
    searcher: Searcher,
    models: ChatModel | ModelSet,
    *,
    policy: Policy | None = None,
    budget: Budget | None = None,
    history: Sequence[Exchange] = (),
    mode: Mode = "auto",
    focus: Set[str] = frozenset(),
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
        focus: the ids of documents that the question is about.

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
        focus=focus,
    )
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Finished):
                return event.turn
    raise AssertionError("a turn ends with Finished")
