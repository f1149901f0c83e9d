"""Answers that show without the word for them."""

import pytest

from rag.escalation.answer_types import TYPES, types_named

TEXTS = {
    "date": "London, 18th January, 1972",
    "amount": "Kettle $12.50",
    "goods with prices": "Kettle\n$12.50\nCup\n$3.00",
    "e-mail address": "write to post@example.org",
    "telephone number": "(555) 010-4477",
    "number": "No. 7",
    "web address": "www.example.org",
}


@pytest.mark.parametrize(
    ("word", "name"),
    [
        *(("date", "date"), ("fecha", "date"), ("datum", "date"), ("дата", "date"), ("price", "amount")),
        *(
            ("precio", "amount"),
            ("сумма", "amount"),
            ("znesek", "amount"),
            ("preco", "amount"),
            ("bought", "goods with prices"),
        ),
        *(
            ("купил", "goods with prices"),
            ("email", "e-mail address"),
            ("telefone", "telephone number"),
            ("nummer", "number"),
        ),
    ],
)
def test_a_word_names_the_type_of_its_answer(word: str, name: str):
    kinds = list(types_named(word))
    assert [kind.name for kind in kinds] == [name]
    assert kinds[0].stands_in(TEXTS[name])
    assert not kinds[0].stands_in("Nothing of that kind stands here.")


@pytest.mark.parametrize("word", ["weather", "author", "", "погода", "vreme", "datum" * 9])
def test_other_words_name_none(word: str):
    assert list(types_named(word)) == []


def test_long_lines_of_numbers_are_no_trouble():
    line = "12.50 " * 20_000
    assert [kind.name for kind in TYPES if kind.stands_in(line)] == ["amount", "telephone number", "number"]
