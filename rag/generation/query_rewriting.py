"""Query rewriting by the small model: the follow-up "and how long?" becomes "How long is the notice?"."""

import asyncio
from collections.abc import Sequence

from rag.errors import ModelError
from rag.generation.chat_model import ChatModel, GenerationLimits, complete
from rag.generation.prompt import Prompt
from rag.text.untrusted import neutralise
from rag.types import Exchange

MOST_S = 4.0
"""Seconds; a person waits for this before the search, so it must not take longer."""
_LIMITS = GenerationLimits(max_tokens=60, temperature=0)
_EXCHANGES = 2
_ANSWER_CHARS = 400
_LONGEST = 400
"""Characters; a longer text is an answer, not a question."""

_SYSTEM = (
    "Rewrite the last question so that it can be understood without the conversation before it. "
    "Put in the names and things that it refers to. Keep its language and its meaning. Do not answer it. "
    "Give only the question, in one line."
)


async def rewrite(model: ChatModel, question: str, history: Sequence[Exchange]) -> str:
    """The question so that it stands alone; "" when the model fails, takes too long or replies with something else."""
    try:
        async with asyncio.timeout(MOST_S):
            text = await complete(model, _prompt(question, history), _LIMITS)
    except (ModelError, TimeoutError):
        return ""
    lines = [line.strip().strip('"“”«»').strip() for line in text.splitlines() if line.strip()]
    rewritten = lines[0].removeprefix("Question:").removeprefix("Last question:").strip() if lines else ""
    return rewritten if rewritten != question and 0 < len(rewritten) <= _LONGEST else ""


def _prompt(question: str, history: Sequence[Exchange]) -> Prompt:
    """The last exchanges and the question that refers to them, without passages."""
    earlier = [
        f"Question: {neutralise(exchange.question)}\nAnswer: {neutralise(exchange.answer[:_ANSWER_CHARS])}"
        for exchange in history[-_EXCHANGES:]
    ]
    text = "\n\n".join([*earlier, f"Last question: {neutralise(question)}"])
    return Prompt(({"role": "system", "content": _SYSTEM}, {"role": "user", "content": text}))
