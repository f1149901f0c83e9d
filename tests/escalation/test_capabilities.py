"""What a question asks of a model, and where it goes for it."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import SettingsError
from rag.escalation.confidence import Answerability
from rag.escalation.policy import (
    CAPABILITIES,
    CODE,
    LONG_CHARS,
    LONG_CONTEXT,
    MULTILINGUAL,
    Policy,
    required_capabilities,
    route,
)
from rag.services import larger_only
from rag.settings import Settings
from rag.types import Document, Hit, Passage, SearchResult

NOTHING = SearchResult(())


@pytest.mark.parametrize(
    "question",
    [
        "Why does this fail?\n```\nprint(1)\n```",
        "def area(r):\n    return 3 * r\nIs it right?",
        "SELECT name\nFROM people\nWhy is it slow?",
        "What does `if (a == b) { run(); }` do?",
        "Traceback (most recent call last): KeyError: 'x'",
    ],
)
def test_program_text_needs_code(question: str):
    assert required_capabilities(question, NOTHING) == {CODE}


@pytest.mark.parametrize(
    "question",
    [
        "How large may a file be?",
        "What does a KeyError mean?",
        "Wie hoch ist die Grenze (in MB)?",
        "¿Qué significa «clase»?",
        "Из чего состоит класс?",
        "From which class does the import come, and where is it?",
        "",
    ],
)
def test_ordinary_questions_need_nothing(question: str):
    assert required_capabilities(question, NOTHING) == frozenset()


def test_a_long_question_needs_a_long_context():
    assert required_capabilities("word " * LONG_CHARS, NOTHING) == {LONG_CONTEXT}


def test_passages_in_several_languages_need_a_multilingual_model():
    def found(*languages: str) -> SearchResult:
        documents = (Document(f"{n}.md", "", language=each) for n, each in enumerate(languages))
        return SearchResult(tuple(Hit(Passage(document, 0, "Text."), 1.0) for document in documents))

    assert required_capabilities("What?", found("en", "es")) == {MULTILINGUAL}
    assert required_capabilities("What?", found("en", "en", "")) == frozenset()


@given(st.text(max_size=400))
def test_any_text_has_needs_that_are_known(text: str):
    assert required_capabilities(text, NOTHING) <= set(CAPABILITIES)


# The policy


def test_what_only_the_larger_model_has_goes_straight_to_it():
    decision = route(Policy(larger_only=frozenset({CODE})), Answerability(0.8), {CODE, LONG_CONTEXT}, "gpt-oss-20b")
    assert decision
    assert (decision.action, decision.trigger, decision.way) == ("escalate", "capability", "answer")
    assert decision.reason.endswith("the question needs code, which only gpt-oss-20b has.")
    assert decision.match == 0.8


def test_all_else_begins_with_a_draft():
    assert route(Policy(), Answerability(0.8), set(CAPABILITIES), "gpt-oss-20b") is None
    assert route(Policy(larger_only=frozenset({CODE})), Answerability(0.8), {LONG_CONTEXT}, "gpt-oss-20b") is None


# The setting


@pytest.fixture
def models(tmp_path: Path) -> Path:
    file = tmp_path / "models.json"
    tags = {"phi-4-mini": {"capabilities": ["multilingual"]}, "gpt-oss-20b": {"capabilities": ["code", "multilingual"]}}
    file.write_text(json.dumps(tags), encoding="utf-8")
    return file


def settings(*capabilities: str) -> Settings:
    return Settings(_env_file=None, escalation_capabilities=",".join(capabilities))  # type: ignore[call-arg]


def test_only_what_the_small_model_lacks_is_a_reason(models: Path):
    assert larger_only(settings(*CAPABILITIES), models) == {CODE}
    assert larger_only(settings("multilingual"), models) == frozenset()
    assert larger_only(settings(), models) == frozenset()


def test_without_a_file_the_shipped_tags_count(tmp_path: Path):
    assert larger_only(settings(*CAPABILITIES), tmp_path / "none.json") <= set(CAPABILITIES)


def test_a_capability_that_cannot_be_told_from_a_question_is_named(models: Path):
    with pytest.raises(SettingsError, match=r"'poetry'.*code, long-context, multilingual"):
        larger_only(settings("poetry"), models)


def test_a_broken_file_is_one_sentence_with_its_line(models: Path):
    models.write_text('{\n "phi-4-mini": {"capabilities": 3}\n}', encoding="utf-8")
    with pytest.raises(SettingsError, match=r"models\.json, line 2"):
        larger_only(settings("code"), models)
