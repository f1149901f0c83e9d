"""The question set: what is read, and how a mistake in the file is named."""

import json

import pytest

from rag.errors import BrokenFile
from rag.evaluation.dataset import read_questions
from rag.evaluation.scores import found
from tests import REPOSITORY

LANGUAGES = {"en", "es", "pt", "ru", "sl"}
LINE = {"id": "a", "question": "How large?", "facts": ["25 MB"], "document": "uploads.md"}


def lines(*values: dict[str, object]) -> str:
    return "\n".join(json.dumps(value) for value in values)


def test_a_line_becomes_a_question_and_empty_lines_are_left_out():
    text = (
        lines(LINE)
        + "\n\n"
        + lines({**LINE, "id": "b", "follow_up_of": "a", "language": "es", "document": "none", "facts": []})
    )
    first, second = read_questions(text, "set.jsonl")
    assert (first.facts, first.documents, first.follows, first.language) == ((("25 MB",),), ("uploads.md",), "", "en")
    assert first.answerable
    assert (second.follows, second.language, second.documents, second.answerable) == ("a", "es", (), False)


def test_facts_and_documents_may_have_alternatives():
    (question,) = read_questions(
        lines({**LINE, "facts": [["25 MB", "25 МБ"], "20"], "document": ["a.md", "b.md"]}), "x"
    )
    assert question.facts == (("25 MB", "25 МБ"), ("20",))
    assert question.documents == ("a.md", "b.md")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (lines(LINE) + "\n{'id': 1}", r"set\.jsonl, line 2: this is no JSON"),
        (lines({**LINE, "fact": ["x"]}), 'line 1: the key "fact" is not known here'),
        (lines({"id": "a", "facts": [], "document": "none"}), 'line 1: the key "question" is missing'),
        (lines({**LINE, "facts": [["25 MB", 3]]}), 'line 1: "facts.0'),
        (lines({**LINE, "question": "  "}), 'line 1: "question"'),
        (lines({**LINE, "facts": "25 MB"}), 'line 1: "facts"'),
        ("[1]", "line 1: "),
        ("[" * 100_000, "line 1: this is nested too deeply"),
        (lines(LINE, LINE), "line 2: \"id\": 'a' is used twice"),
        (lines({**LINE, "follow_up_of": "z"}), "line 1: \"follow_up_of\": 'z' is no question above"),
        (lines({**LINE, "facts": []}), 'line 1: "facts": a question that a document answers needs'),
        (lines({**LINE, "document": "none"}), 'line 1: "facts": a question whose document is "none"'),
        ("\n \n", "holds no question"),
    ],
)
def test_a_mistake_is_named_by_line_and_key(text: str, told: str):
    with pytest.raises(BrokenFile, match=told):
        read_questions(text, "set.jsonl")


# The set that ships


def test_the_shipped_set_is_what_it_is_said_to_be():
    questions = read_questions(
        (REPOSITORY / "evaluation" / "questions.jsonl").read_text(encoding="utf-8"), "questions.jsonl"
    )
    assert len(questions) == 20
    for language in LANGUAGES:
        own = [question for question in questions if question.language == language]
        assert any(question.follows for question in own), language
        assert any(not question.answerable for question in own), language
    by_id = {question.id: question for question in questions}
    assert all(by_id[q.follows].language == q.language for q in questions if q.follows)


def test_the_documents_of_the_shipped_set_hold_its_facts():
    """A page that is rewritten must not leave the set behind."""
    for question in read_questions((REPOSITORY / "evaluation" / "questions.jsonl").read_text(encoding="utf-8"), "set"):
        for document in question.documents:
            page = (REPOSITORY / "docs_corpus" / document).read_text(encoding="utf-8")
            assert found(page, question.facts) == 1, f"{document} does not answer {question.id}"
