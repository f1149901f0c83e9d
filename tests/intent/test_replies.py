"""Replies are short, in the person's language, and name what is really here."""

import re
from itertools import product
from typing import get_args

import pytest

from rag.intent.replies import reply
from rag.intent.talk import Talk, TalkKind
from rag.text.language import LANGUAGES, language_of
from rag.text.markdown import plain

KINDS = get_args(TalkKind)
TITLES = ("Privacy", "Uploads", "Citations", "Escalation")
NO_ANSWER = re.compile(
    r"could not find|do not seem to hold|no he encontrado|não encontrei|не наш|nisem naš", re.IGNORECASE
)


def reply_to(kind: TalkKind, language: str = "en", **values: object) -> str:
    library = {"titles": TITLES, "documents": 24, **values}
    return reply(Talk(kind, language, 0.9), **library)  # pyright: ignore


@pytest.mark.parametrize(("kind", "language"), list(product(KINDS, LANGUAGES)))
def test_a_reply_is_one_to_three_sentences_in_the_language_asked(kind: TalkKind, language: str):
    text = reply_to(kind, language, small="phi-4-mini")
    assert language_of(text) == language
    assert 1 <= len(re.findall(r"[.!]+(?=\s|$)", text)) <= 3
    assert len(text) < 420
    assert not NO_ANSWER.search(text)
    assert "{" not in text


def test_each_kind_has_a_reply_of_its_own_in_each_language():
    replies = [reply_to(kind, language) for kind, language in product(KINDS, LANGUAGES)]
    assert len(set(replies)) == len(replies)


@pytest.mark.parametrize("language", LANGUAGES)
def test_three_titles_of_the_library_are_named_and_no_more(language: str):
    text = reply_to("greeting", language)
    assert [title in text for title in TITLES] == [True, True, True, False]
    assert "24" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_attached_is_named_in_the_place_of_titles(language: str):
    text = reply_to("capabilities", language, files=("invoice.pdf",))
    assert "invoice.pdf" in text
    assert "Privacy" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_empty_library_says_how_to_add_documents(language: str):
    assert "LIBRARY_DIRS" in reply_to("greeting", language, titles=(), documents=0)


def test_an_unknown_language_is_answered_in_english():
    assert reply_to("greeting", "") == reply_to("greeting", "en") == reply_to("greeting", "xx")


def test_who_writes_the_answers_is_named_where_it_is_asked():
    assert "phi-4-mini" in reply_to("identity", small="phi-4-mini")
    assert "word for word" in reply_to("identity")


@pytest.mark.parametrize(
    "title", ["[x](https://evil.example)", "![x](https://evil.example/y.png)", "**b** <i> `c` {0} {titles}"]
)
def test_a_title_is_no_markup(title: str):
    text = reply_to("greeting", titles=(title,), documents=1)
    assert plain(title) in text
    assert title == plain(title) or title not in text


def test_a_title_is_one_short_line():
    text = reply_to("greeting", titles=("A\nB\x00\u202eC" + "x" * 500,), documents=1)
    assert "\n" not in text
    assert "\u202e" not in text
    assert len(text) < 250
