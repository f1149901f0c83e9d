"""Prompts about whole documents: all of it at once, one section of it, and the notes on its sections put together."""

from collections.abc import Sequence
from dataclasses import replace

from rag.generation.context import Excerpt
from rag.generation.prompt import Prompt, answer_prompt
from rag.text.language_names import LANGUAGE_NAMES
from rag.types import Hit, Passage, WholeRequest, WholeTask

NOTHING = "NONE"
"""What a model is asked to write about a section that says nothing about the question."""

_LONGEST_QUESTION = 1000
"""Characters; it stands in the prompt of every section."""
_TASKS: dict[WholeTask, str] = {
    "summary": "Summarise them in at most {most} sentences.",
    "key_points": "Give their key points as a list of at most {most} points.",
    "about": "Say in at most {most} sentences what they are and what they are about, with the names in them.",
    "outline": "Give their outline as a list of at most {most} points, in order.",
    "translate": "Translate them.",
    "question": "Answer the question from all of them, in at most {most} sentences unless it asks for more.",
}
_NOTES: dict[WholeTask, str] = {
    "question": (
        "Write in one to three sentences what it says about the question: facts, names, numbers. "
        f"If it says nothing about it, write only {NOTHING}."
    ),
    "translate": (
        "Translate it, all of it and nothing else: no introduction, no comment, no numbers of passages. "
        "Leave names, numbers and code as they are."
    ),
}
_SUMMARY_NOTES = "Write in one to three sentences what matters most in it: facts, names, numbers."


def whole_prompt(request: WholeRequest, hits: Sequence[Hit]) -> Prompt:
    """All passages of the documents, in order, and what is wanted of them."""
    names = _names([hit.passage for hit in hits])
    given = f"The passages are the whole text of {names}, in order. {_wanted(request, several=_several(hits))}"
    return answer_prompt(_asked(request, given), list(map(Excerpt.whole, hits)))


def section_prompt(request: WholeRequest, section: Passage, part: tuple[int, int]) -> Prompt:
    """One section, and what to write about it; `part` is which of how many, (3, 12)."""
    task = _NOTES.get(request.task, _SUMMARY_NOTES)
    given = f"The passage is part {part[0]} of {part[1]} of {_names([section])}. {task}{_language(request)}"
    return answer_prompt(_asked(request, given), [Excerpt.whole(Hit(section, 0.0, 1.0))])


def notes_prompt(request: WholeRequest, sections: Sequence[Hit], notes: Sequence[str]) -> Prompt:
    """The notes on the sections, numbered as these, and what is wanted of the documents."""
    written = [replace(hit, passage=replace(hit.passage, text=note)) for hit, note in zip(sections, notes, strict=True)]
    names = _names([hit.passage for hit in sections])
    given = f"The passages are notes on the parts of {names}, in order. {_wanted(request, several=_several(sections))}"
    return answer_prompt(_asked(request, given), list(map(Excerpt.whole, written)))


def _asked(request: WholeRequest, instruction: str) -> str:
    return f"{request.question.strip()[:_LONGEST_QUESTION]}\n\n{instruction}"


def _wanted(request: WholeRequest, *, several: bool) -> str:
    each = " Treat each document by itself, under its name." if several and request.task != "question" else ""
    return f"{_TASKS[request.task].format(most=request.most_sentences)}{each}{_language(request)}"


def _language(request: WholeRequest) -> str:
    name = LANGUAGE_NAMES.get(request.language, "")
    return f" Write in {name}." if name else ""


def _names(passages: Sequence[Passage]) -> str:
    return ", ".join(dict.fromkeys(passage.document.name for passage in passages))


def _several(hits: Sequence[Hit]) -> bool:
    return len({hit.passage.document.id for hit in hits}) > 1
