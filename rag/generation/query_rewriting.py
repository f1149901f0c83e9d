"""Query rewriting by the small model: a question in the words that documents with its answer would use.

A lexical search finds what is said in the documents' own words and languages. Where it finds little, the small model
writes keywords in the library's main languages and in the question's; a follow-up gets the names that it refers to.
"""

import asyncio
import re
from collections.abc import Iterator, Sequence
from contextlib import aclosing

from rag.errors import ModelError
from rag.generation.chat_model import ChatModel, GenerationLimits, text_pieces
from rag.generation.prompt import Prompt
from rag.text.analysis import analyse
from rag.text.language_names import LANGUAGE_NAMES
from rag.text.untrusted import neutralise
from rag.types import Exchange

MOST_S = 4.0
"""Seconds; a person waits for this before the search, so it must not take longer."""
MOST_LANGUAGES = 3
MOST_WORDS = 12
"""Of a row; a longer one is prose, of which the first words count."""
_LIMITS = GenerationLimits(max_tokens=60, temperature=0)
_EXCHANGES = 2
_ANSWER_CHARS = 400
_LABEL = re.compile(r"^[\W\d_]*(?:[^\W\d_]+(?: [^\W\d_]+)?\s*:)?")
"""What stands before the words of a row: a bullet, a number, the name of its language."""
_WORD = re.compile(r"[^\W_](?:[\w'’.-]*[^\W_])?")

_SYSTEM = (
    "A search finds documents by their words. Write the words that a document with the answer to the last question "
    "would use: one line in {languages}, each with at least five keywords and the names and numbers of the question. "
    "Write out what it refers to. Give only the keywords, no sentences. Do not answer the question."
)


async def rewrite(
    model: ChatModel, question: str, history: Sequence[Exchange] = (), languages: Sequence[str] = ()
) -> tuple[str, ...]:
    """The question in other words: for each language a row of keywords, as far as the model comes in time. Empty when
    it fails before that or has no other words.

    `languages` are ISO 639-1 codes, the most important ones first; those without a name are left out.
    """
    text = await _written(model, _prompt(question, history, languages))
    asked = frozenset(analyse(question).units)
    rows = dict.fromkeys(row for row in _rows(text) if not asked.issuperset(analyse(row).units))
    return tuple(rows)[: MOST_LANGUAGES + 1]


async def _written(model: ChatModel, prompt: Prompt) -> str:
    """What the model writes in time, in whole words."""
    text = ""
    try:
        async with asyncio.timeout(MOST_S), aclosing(text_pieces(model, prompt, _LIMITS)) as pieces:
            async for piece in pieces:
                text += piece
    except (ModelError, TimeoutError):
        return text[: max(text.rfind(" "), text.rfind("\n"), 0)]
    return text


def _rows(text: str) -> Iterator[str]:
    for line in text.splitlines():
        words = _WORD.findall(_LABEL.sub("", line, count=1))
        if words:
            yield " ".join(words[:MOST_WORDS])


def _prompt(question: str, history: Sequence[Exchange], languages: Sequence[str]) -> Prompt:
    """The last exchanges and the question, without passages."""
    earlier = [
        f"Question: {neutralise(exchange.question)}\nAnswer: {neutralise(exchange.answer[:_ANSWER_CHARS])}"
        for exchange in history[-_EXCHANGES:]
    ]
    names = [LANGUAGE_NAMES[code] for code in languages if code in LANGUAGE_NAMES][:MOST_LANGUAGES]
    wanted = " and one in ".join(dict.fromkeys([*names, "the language of the question"]))
    text = "\n\n".join([*earlier, f"Last question: {neutralise(question)}"])
    return Prompt(({"role": "system", "content": _SYSTEM.format(languages=wanted)}, {"role": "user", "content": text}))
