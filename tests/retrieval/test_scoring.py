"""How much a question says by itself, and so how much it hears of what was asked before."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.retrieval.index import Statistics
from rag.retrieval.query import build_query
from rag.retrieval.scoring import SELF_CONTAINED, STANDS_ALONE, history_weight
from rag.text.analysis import analyse


def weight(question: str, statistics: Statistics | None = None) -> float:
    return history_weight(build_query(question), statistics or Statistics())


def test_a_question_of_few_words_takes_the_earlier_ones_in_full():
    assert weight("") == weight("?!") == weight("Is it fast?") == 1.0


def test_the_more_specific_a_question_the_less_it_takes_of_the_earlier_ones():
    words = ["cost", "larger", "model", "memory", "laptop", "winter", "holiday"]
    shares = [weight(" ".join(words[:n])) for n in range(1, 8)]
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] == pytest.approx(STANDS_ALONE * SELF_CONTAINED / 7)


def test_a_question_that_points_back_takes_more_of_the_earlier_ones_however_specific_it_is():
    specific = "Does that need memory, winter and summer, on every laptop of the company?"
    assert weight(specific) > 2 * weight(specific.replace("that", "Foundry"))


def test_words_that_stand_everywhere_say_little():
    common = Statistics(1000, dict.fromkeys(analyse("wie viel kostet das denn").words, 900))
    assert weight("wie viel kostet das denn", common) == STANDS_ALONE
    assert weight("wie viel kostet das Zimmer mit Bad", Statistics(1000)) < STANDS_ALONE


def test_two_characters_of_a_script_without_spaces_are_a_word():
    assert weight("上传文件大小限制") == pytest.approx(STANDS_ALONE * SELF_CONTAINED / 3.5)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60), st.integers(0, 10_000))
def test_the_history_weight_is_a_share_of_any_question(question: str, passages: int):
    containing = dict.fromkeys(build_query(question).own, passages)
    assert 0 < weight(question, Statistics(passages, containing)) <= 1
