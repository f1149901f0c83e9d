"""The fixed question set: a JSONL file, read and checked as a whole before anything is asked."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, StringConstraints

from rag.errors import BrokenFile
from rag.storage import of_lines

NONE = "none"
"""The document of a question that the documents do not answer."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Fact = tuple[str, ...]
"""Alternatives; a right answer holds at least one of them."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the set, and what a right answer to it is."""

    id: str
    text: str
    facts: tuple[Fact, ...]
    """What a right answer must hold; empty when the documents do not answer the question."""
    documents: tuple[str, ...]
    """The documents that hold the answer, each of them all of it; empty for none."""
    follows: str = ""
    """The id of the question that it follows up; "" for the first of a chat."""
    language: str = "en"
    """ISO 639-1 code of the question."""

    @property
    def answerable(self) -> bool:
        """Whether the documents hold the answer."""
        return bool(self.documents)


def _as_tuple(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


Alternatives = Annotated[Text | list[Text], AfterValidator(_as_tuple)]


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the file, by its keys."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    id: Text
    question: Text
    facts: list[Alternatives]
    document: Alternatives
    follow_up_of: str | None = None
    language: Text = "en"


def read_questions(text: str, name: str) -> tuple[Question, ...]:
    """The questions of a JSONL text, in its order; `name` is what an error calls it.

    Raises:
        BrokenFile: a line is malformed, an id is used twice, a follow-up stands before what it follows, an answerable
            question has no facts or another has some, or there is no question at all.
    """
    questions: dict[str, Question] = {}
    for number, line in of_lines(text, _Line, name):
        question = _question(line)
        if fault := _fault(question, questions):
            raise BrokenFile(f"{name}, line {number}: {fault}")
        questions[question.id] = question
    if not questions:
        raise BrokenFile(f"{name} holds no question.")
    return tuple(questions.values())


def _question(line: _Line) -> Question:
    documents = tuple(line.document)
    return Question(
        id=line.id,
        text=line.question,
        facts=tuple(tuple(fact) for fact in line.facts),
        documents=() if documents == (NONE,) else documents,
        follows=line.follow_up_of or "",
        language=line.language,
    )


def _fault(question: Question, before: dict[str, Question]) -> str:
    """What is wrong with a question beside those before it; "" for nothing."""
    if question.id in before:
        return f'"id": {question.id!r} is used twice.'
    if question.follows and question.follows not in before:
        return f'"follow_up_of": {question.follows!r} is no question above this one.'
    if question.answerable and not question.facts:
        return '"facts": a question that a document answers needs at least one fact.'
    if question.facts and not question.answerable:
        return '"facts": a question whose document is "none" can have none.'
    return ""
