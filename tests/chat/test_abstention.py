"""What a person reads where the documents hold no answer."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.chat.abstention import NEAR, Suggestion, Surroundings, abstention, suggestions
from rag.chat.panel import searched_for, source_props
from rag.types import Attachments, Decision, Document, Hit, Intent, Passage, SearchResult, Timings, Turn

PAGE = Document("uploads.md", "Uploads")
RECEIPT = Document("receipt_1.pdf", "Receipt", "upload")
FILES = Surroundings(Attachments((RECEIPT,)))


def hit(document: Document = PAGE, *headings: str, score: float = 0.5, page: int | None = None) -> Hit:
    return Hit(Passage(document, 0, "Text.", headings, page), 1.0, score)


def turn_of(*hits: Hit, question: str = "Why?", corrections: dict[str, str] | None = None, **changes) -> Turn:
    search = SearchResult(hits, searched=9, corrections=corrections or {})
    decision = Decision("abstain", "Not there.", 0.1, 0.35)
    return replace(Turn(question, "", "abstained", (), search, decision, Timings()), **changes)


@pytest.mark.parametrize(
    ("around", "turn", "expected"),
    [
        (Surroundings(), turn_of(), "I could not find an answer to this in your documents."),
        (FILES, turn_of(), "I could not find this in **receipt\\_1.pdf**, nor in the library."),
        (
            Surroundings(Attachments((RECEIPT,), choice="files")),
            turn_of(),
            "I could not find this in **receipt\\_1.pdf**.",
        ),
        (
            Surroundings(Attachments(choice="library")),
            turn_of(),
            "I could not find this in the library; this chat's files were left out.",
        ),
        (
            FILES,
            turn_of(hit(RECEIPT), intent=Intent(documents=(RECEIPT,), pointed_at=True)),
            "I could not find this in **receipt\\_1.pdf**.",
        ),
        (
            Surroundings(),
            turn_of(hit(), intent=Intent(documents=(PAGE,), pointed_at=True, folder="team/contracts")),
            "I could not find this in **team/contracts**.",
        ),
        (
            Surroundings(reading=(7, 1246)),
            turn_of(hit()),
            "I could not find an answer to this in your documents. So far 7 of 1,246 documents have been read; "
            "ask again in a while. The nearest that they have: **Uploads**.",
        ),
        (
            Surroundings(),
            turn_of(question="wat is an *uplaod*?", corrections={"wat": "what", "uplaod": "upload"}),
            "I could not find an answer to this in your documents. I searched for **what is an \\*upload\\*?**.",
        ),
        (
            Surroundings(Attachments((RECEIPT,)), gone=(RECEIPT,)),
            turn_of(),
            "**receipt\\_1.pdf** is no longer in this chat.",
        ),
    ],
)
def test_it_says_where_was_searched_and_what_would_help(around: Surroundings, turn: Turn, expected: str):
    assert abstention(turn, around) == expected


def test_an_empty_library_that_is_being_read_is_not_called_empty():
    turn = turn_of(search=SearchResult(()))
    assert abstention(turn, Surroundings(reading=(0, 3))).startswith("So far 0 of 3 documents")
    assert abstention(turn).startswith("There is no document to search.")


def test_many_files_are_three_names_and_a_number():
    files = tuple(Document(f"{n}.txt", "", "upload") for n in range(20))
    assert "**0.txt**, **1.txt**, **2.txt**, 17 more, nor" in abstention(turn_of(), Surroundings(Attachments(files)))


@pytest.mark.parametrize(
    ("language", "beginning"),
    [
        ("es", "No he encontrado esto en"),
        ("pt", "Não encontrei isto em"),
        ("ru", "Я не нашёл этого ни в"),
        ("sl", "Tega nisem našel ne v"),
        ("de", "Ich habe das weder in"),
        ("fr", "Je n'ai trouvé cela ni dans"),
        ("xx", "I could not find this in"),
    ],
)
def test_it_speaks_the_persons_language(language: str, beginning: str):
    sentence = abstention(turn_of(hit(), corrections={"a": "b"}), replace(FILES, reading=(1, 2)), language)
    assert sentence.startswith(beginning)
    near = turn_of(hit(PAGE, "Limits"), hit(RECEIPT, page=2), hit(Document("a.md", "A")))
    offered = suggestions(near, language)
    names = ("uploads.md", "receipt_1.pdf", "a.md")
    assert all(name in offer.question for offer, name in zip(offered, names, strict=True))
    assert "{" not in f"{sentence} {offered}"


def test_near_sections_are_questions_of_one_press():
    offered = suggestions(
        turn_of(
            hit(PAGE, "Uploads", "Limits"),
            hit(PAGE, "Uploads", "Limits"),
            hit(PAGE, "Uploads", "Far away", score=NEAR - 0.01),
            hit(RECEIPT, page=2),
            hit(Document("a.md", "T" * 80)),
            hit(PAGE, "Uploads", "A fourth"),
        )
    )
    assert offered == [
        Suggestion("What does Uploads › Limits say?", "What does uploads.md say about Limits?"),
        Suggestion("What does page 2 of receipt_1.pdf say?", "What does page 2 of receipt_1.pdf say?"),
        Suggestion(f"What is {'T' * 50}… about?", "What is a.md about?"),
    ]


def test_an_answer_suggests_nothing():
    assert suggestions(turn_of(hit(PAGE, "Limits"), outcome="quoted")) == []


def test_an_answer_says_what_was_searched_for():
    turn = turn_of(hit(), question="How do I Uplaod a flie?", corrections={"uplaod": "upload", "flie": "file"})
    assert source_props(replace(turn, outcome="quoted"))["notices"] == ["Searched for “How do I upload a file?”."]
    assert source_props(turn)["notices"] == []


@given(st.text(max_size=60), st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3))
def test_any_question_can_be_shown_with_its_corrections(question: str, corrections: dict[str, str]):
    turn = turn_of(question=question, corrections=corrections)
    assert abstention(turn)
    if not corrections:
        assert searched_for(turn) == question
