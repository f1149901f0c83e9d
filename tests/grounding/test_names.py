"""Names by their capitals."""

import pytest

from rag.grounding.names import behind_names, names, stands_in, subject
from rag.grounding.words import all_words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The office in Lyon is open.", ("Lyon",)),
        ("¿Dónde está Madrid?", ("Madrid",)),
        ("Os dados ficam em Lisboa.", ("Lisboa",)),
        ("Файл хранится в Москве.", ("Москве",)),
        ("Sedež je v Ljubljani.", ("Ljubljani",)),
        ("Ask Ana Novak, then Foundry Local.", ("Ana", "Novak", "Foundry", "Local")),
        # a capital that says nothing
        ("Paris is large. It is old.", ()),
        ("- Upload the file\n- **Ask** about it", ()),
        ("1. Upload it: The rest follows.", ()),
        ("So I wait.", ()),
        ("Die Datei liegt auf dem Server und das Limit ist hoch.", ()),
        # what `Facts` looks at
        ("It may have 25 MB since 1 May.", ()),
        ("文件在巴黎", ()),
        ("", ()),
    ],
)
def test_a_capital_inside_a_sentence_makes_a_name(text: str, expected: tuple[str, ...]):
    assert names(text) == expected


@pytest.mark.parametrize(
    ("name", "passage", "expected"),
    [
        ("Ljubljani", "Ljubljana", True),
        ("Paris", "in Paris", True),
        ("Москве", "Москва", True),
        ("Lyon", "Lyonnais", False),
        ("Australia", "Austria", False),
        ("Ana", "Anja", False),
    ],
)
def test_a_name_may_stand_in_another_case(name: str, passage: str, expected: bool):
    assert stands_in(name, frozenset(word.term for word in all_words(passage))) is expected


def test_the_first_word_may_be_a_name():
    assert subject("“Lyon is open.") == ("Lyon", "is")
    assert subject("lyon is open.") == ("", "")


def test_what_stands_behind_names():
    assert behind_names("Paris is open. Files are kept; some files go. Ana asks.") == {"is", "ask"}
