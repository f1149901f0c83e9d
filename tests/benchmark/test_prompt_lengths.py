"""Neutral texts of a wanted length."""

from hypothesis import given
from hypothesis import strategies as st

from rag.benchmark.measure import prompt_of_length


@given(st.integers(100, 50_000), st.integers(0, 10_000))
def test_a_text_is_as_long_as_it_should_be_to_the_word(characters: int, nth: int):
    text = prompt_of_length(characters, nth)
    assert characters - 20 < len(text) <= characters
    assert text.endswith("Answer in one sentence.")


@given(st.integers(100, 5_000), st.integers(0, 10_000), st.integers(0, 10_000))
def test_no_text_begins_like_another(characters: int, one: int, other: int):
    assert one == other or prompt_of_length(characters, one)[:12] != prompt_of_length(characters, other)[:12]


@given(st.integers(-10, 100))
def test_the_shortest_text_is_the_task(characters: int):
    assert len(prompt_of_length(characters, 0)) <= max(characters, 60)


def test_it_is_the_same_at_every_call():
    assert prompt_of_length(1_000, 5) == prompt_of_length(1_000, 5)
