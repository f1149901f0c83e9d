"""Questions that a document's beginning answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.escalation.front_matter import front_matter


@pytest.mark.parametrize(
    "question",
    [
        *("Who are the authors?", "who wrote this", "what's the date of the letter", "What is the title of the paper?"),
        *("who is the author of this blog post?", "when was it published", "who sent the email?", "Abstract?"),
        *("¿Quién es el autor?", "¿Cuál es la fecha del informe?", "Quem é o autor do documento?", "Qual é o título?"),
        *("Кто авторы статьи?", "Кто написал эту книгу?", "Kdo je avtor?", "Kdo je napisal poročilo?"),
        *("Wer hat das geschrieben?", "Wie lautet der Titel?", "Qui a écrit ce livre ?"),
    ],
)
def test_the_title_authors_and_date_of_a_document_are_front_matter(question: str):
    assert front_matter(question)


@pytest.mark.parametrize(
    "question",
    [
        *("Who wrote Hamlet?", "What is the total?", "when was the Eiffel tower built?", "summarise this", ""),
        *("what is the date of the battle of Hastings", "what does the author say about trust", "this paper"),
        *("What is the title of the king of Spain?", "Кто написал «Войну и мир»?", "Quem escreveu Os Lusíadas?"),
    ],
)
def test_what_has_another_subject_is_not(question: str):
    assert not front_matter(question)


def test_a_document_may_be_called_by_its_title():
    assert front_matter("Who wrote the AutoGen paper?", ["AutoGen: Enabling Next-Gen Applications"])
    assert not front_matter("Who wrote the Hamlet paper?", ["AutoGen: Enabling Next-Gen Applications"])
    assert not front_matter("What is AutoGen?", ["AutoGen: Enabling Next-Gen Applications"])


@given(st.text(max_size=80), st.lists(st.text(max_size=20), max_size=2))
def test_any_text_has_an_answer(question: str, titles: list[str]):
    assert front_matter(question, titles) in (True, False)
