"""What a turn is worth: facts, citations, refusals, escalations, cost."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.escalation.policy import Policy
from rag.evaluation import citation_metrics
from rag.evaluation.dataset import Question
from rag.evaluation.scores import TokenPrices, failed, found, normal, score
from rag.events import Finished
from rag.generation.chat_model import ModelSet
from rag.generation.extractive import ExtractiveModel
from rag.retrieval.search import Searcher
from rag.turn.answer import answer
from rag.turn.state import Budget
from rag.types import EARLY, Document, Hit
from tests.evaluation_parts import ASKED, QUESTION, turn_of
from tests.fakes import Reply, index_of, passages

GOOD = "The largest file that may be uploaded is 25 MB [1]."
WRONG = "The largest file that may be uploaded is 40 MB [1]."
REFUSAL = "The passages do not say how large a file may be."
NOWHERE = Question("q", ASKED, (), ())


# Facts


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("It takes 12,000 tokens.", "12000"),
        ("Es sind 12.000 Token.", "12,000"),
        ("C'est 12 000 jetons", "12000"),
        ("Всего 12\u00a0000 токенов", "12 000"),
        ("1,234,567 rows", "1234567"),
        ("o peso é 0,3", "0.3"),
        ("at most 25MB", "25 MB"),
        ("**25** `MB`", "25 MB"),
        ("25 MB[1].", "25 mb"),
        ("the fact[1] that", "fact that"),
        ("APACHE‑2.0", "Apache-2.0"),
        ("la información", "informacion"),
        ("two  \n lines", "two lines"),
        ("several tokens", "token"),
        ("use FOUNDRY_LOCAL_ENDPOINT", "FOUNDRY_LOCAL_ENDPOINT"),
        ("the command `/files`", "/files"),
    ],
)
def test_a_fact_is_found_however_it_is_written(text: str, fact: str):
    assert found(text, [(fact,)]) == 1


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("125 MB", "25 MB"),
        ("1.25 MB", "25 MB"),
        ("version 1.25", "1.2"),
        ("0.35", "0.3"),
        ("12,000", "12"),
        ("commit", "MIT"),
        ("0.300 kg", "300"),
        ("", "x"),
    ],
)
def test_a_part_of_a_number_or_word_is_no_fact(text: str, fact: str):
    assert found(text, [(fact,)]) == 0


def test_facts_count_by_share_and_alternatives_count_once():
    assert found("25 MB and 25 megabytes", [("25 MB", "25 megabytes"), ("20 files",)]) == 0.5
    assert found("anything", []) == 0


@given(st.text(max_size=60))
def test_every_text_holds_itself_and_normalising_twice_changes_nothing_to_a_match(text: str):
    wanted = normal(text)
    if wanted and wanted[0].isalnum():
        assert found(text, [(text,)]) == 1


# Citations

PASSAGES = {
    1: "The largest file that may be uploaded is 25 MB.",
    2: "Telemetry is switched off by default in every installation.",
    3: "A chat may have at most twenty files at once.",
}


def hits() -> dict[int, Hit]:
    document = Document("guide.md", "x")
    return {n: Hit(passage, 1.0) for n, passage in enumerate(passages(document, list(PASSAGES.values())), 1)}


@pytest.mark.parametrize(
    ("answer", "precision", "recall"),
    [
        ("The largest file that may be uploaded is 25 MB [1].", 1.0, 1.0),
        ("The largest file that may be uploaded is 25 MB [2].", 0.0, 0.0),
        ("The largest file that may be uploaded is 25 MB.", None, 0.0),
        ("The largest file that may be uploaded is 25 MB [1][2].", 0.5, 1.0),
        ("The largest file is 25 MB, and telemetry is switched off by default [1][2].", 1.0, 1.0),
        ("The largest file that may be uploaded is 25 MB [1]. Bananas are yellow and rather cheap.", 1.0, 0.5),
        ("> The largest file that may be uploaded is 25 MB. Telemetry is switched off by default. [1][2]", 1.0, 1.0),
        ("> Telemetry is switched off by default.\n> The largest file is 25 MB. [9]", 0.0, 0.0),
        ("Yes [1].", None, None),
        ("", None, None),
    ],
)
def test_citations_are_judged_as_in_alce(answer: str, precision: float | None, recall: float | None):
    assert citation_metrics.precision(answer, hits()) == precision
    assert citation_metrics.recall(answer, hits()) == recall


# Turns


async def test_a_good_answer():
    row = score(QUESTION, await turn_of(GOOD), escalates=False)
    assert (row.outcome, row.model, row.scores.quality, row.scores.facts) == ("answered", "phi-4-mini", 1.0, 1.0)
    assert (row.scores.citation_precision, row.scores.citation_recall) == (1.0, 1.0)
    assert row.scores.support
    assert row.scores.support > 0.9
    assert (row.rank, row.in_prompt, row.refusal_right, row.escalation) == (1, True, True, None)
    assert row.draft
    assert row.draft.text == GOOD
    assert (row.draft.prompt_tokens, row.draft.completion_tokens) == (100, len(GOOD.split()))


async def test_a_wrong_answer_loses_its_facts_only():
    row = score(QUESTION, await turn_of(WRONG), escalates=False)
    assert (row.scores.quality, row.scores.facts, row.refusal_right) == (0.0, 0.0, True)
    assert row.missing == ("25 MB",)


@pytest.mark.parametrize(
    ("question", "reply", "refused", "right", "quality"),
    [
        (QUESTION, GOOD, False, True, 1.0),
        (QUESTION, REFUSAL, True, False, 0.0),
        (NOWHERE, REFUSAL, True, True, 1.0),
        (NOWHERE, GOOD, False, False, 0.0),
    ],
)
async def test_refusals_are_right_where_no_document_answers(
    question: Question, reply: str, refused: bool, right: bool, quality: float
):
    row = score(question, await turn_of(reply), escalates=False)
    assert (row.scores.refused, row.refusal_right, row.scores.quality) == (refused, right, quality)
    assert (row.in_prompt is None) == (not question.answerable)


async def test_the_gate_refuses_too_and_shows_no_passage_to_a_model():
    turn = await turn_of(question="Wie hoch ist der Berg Triglav?")
    row = score(replace(QUESTION, text="Wie hoch ist der Berg Triglav?"), turn, escalates=False)
    assert (row.outcome, row.scores.refused, row.refusal_right, row.in_prompt) == ("abstained", True, False, False)
    assert row.draft is None


async def test_quotes_that_speak_of_missing_answers_are_no_refusal():
    library = index_of("When the documents do not contain an answer, the program says so to the person who asked.")
    events = answer(
        "What does the program say when the documents do not contain an answer?",
        searcher=Searcher(library),
        models=ModelSet(ExtractiveModel()),
    )
    turns = [event.turn async for event in events if isinstance(event, Finished)]
    row = score(Question("q", "?", (("says so",),), ("guide.md",)), turns[0], escalates=False)
    assert (row.outcome, row.scores.refused, row.scores.quality) == ("quoted", False, 1.0)


@pytest.mark.parametrize(
    ("reply", "trigger", "expected"),
    [(GOOD, "", "right"), (WRONG, "", "missed"), (GOOD, "long", "wasted"), (WRONG, "long", "right")],
)
async def test_escalations_are_judged_by_what_the_draft_lacked(reply: str, trigger: str, expected: str):
    policy = Policy(confidence_threshold=0.0, long_answer_chars=10 if trigger else 0)
    row = score(QUESTION, await turn_of(reply, larger=[GOOD], policy=policy), escalates=True)
    assert row.escalation == expected
    assert (row.large is not None) == bool(trigger)
    if row.large:
        assert row.large.scores.quality == 1.0


async def test_a_draft_that_was_given_up_is_not_judged():
    turn = await turn_of(WRONG)
    assert turn.draft
    turn = replace(turn, draft=replace(turn.draft, finish_reason=EARLY))
    assert score(QUESTION, turn, escalates=True).escalation is None


async def test_the_larger_model_alone_is_scored_and_nothing_was_to_decide():
    row = score(QUESTION, await turn_of(larger=[Reply(GOOD, "thinking it over")], mode="large"), escalates=False)
    assert (row.model, row.scores.quality, row.draft, row.escalation) == ("gpt-oss-20b", 1.0, None, None)
    assert row.large
    assert row.large.reasoning_tokens == 3


async def test_cost_counts_what_both_models_read_and_wrote():
    policy = Policy(confidence_threshold=0.0, long_answer_chars=10)
    turn = await turn_of(GOOD, larger=[GOOD], policy=policy, budget=Budget())
    row = score(QUESTION, turn, escalates=True, prices=TokenPrices((1.0, 2.0), (10.0, 20.0)))
    words = len(GOOD.split())
    assert row.cost == pytest.approx((100 * 1 + words * 2 + 100 * 10 + words * 20) / 1e6)
    assert score(QUESTION, turn, escalates=True).cost == 0


def test_a_question_without_a_turn_counts_as_nothing_right():
    row = failed(QUESTION, "The server is down.")
    assert (row.outcome, row.scores.quality, row.refusal_right, row.in_prompt) == ("failed", 0.0, False, False)
    assert failed(NOWHERE, "x").scores.quality == 0
