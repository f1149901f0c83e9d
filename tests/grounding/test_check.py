"""Any text against any passages: what stands there, and what is wrong with what does not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.grounding.check import Problem, check_grounding
from rag.types import Document, Passage

UPLOADS = "The largest file that may be uploaded is 25 MB. Since 2024-05-01 larger files are refused at once."
PRIVACY = "No text of a question leaves the machine. The office in Paris opens on Monday."
ENGLISH = (UPLOADS, PRIVACY, "Ana Novak signs each contract.")
SPANISH = ("El límite para los archivos es de 25 MB.", "Los datos no salen del equipo de Ana.")
RUSSIAN = ("Предел для файлов составляет 25 МБ.", "Данные не покидают компьютер в Москве.")
CHINESE = ("文件的最大限制为25MB。", "数据不会离开您的电脑。")


@pytest.mark.parametrize(
    ("passages", "sentence", "number"),
    [
        (ENGLISH, "The largest file that may be uploaded is 25 MB.", 1),
        (ENGLISH, "Files up to 25 MB may be uploaded.", 1),
        (ENGLISH, "Larger files are refused from 1 May 2024 on.", 1),
        (ENGLISH, "From Monday on the Paris office is open.", 2),
        (ENGLISH, "Each contract is signed by Ana Novak.", 3),
        (SPANISH, "Los archivos tienen un límite de 25 MB.", 1),
        (SPANISH, "Los datos nunca salen del equipo de Ana.", 2),
        (RUSSIAN, "Предел составляет 25 МБ для файлов.", 1),
        (RUSSIAN, "Компьютер в Москве данные не покидают.", 2),
        (CHINESE, "文件的最大限制为25MB。", 1),
    ],
)
def test_a_right_sentence_is_supported_by_its_passage(passages: tuple[str, ...], sentence: str, number: int):
    (found,) = check_grounding(sentence, passages).sentences
    assert (found.supported, found.passage, found.problems) == (True, number, ())
    assert found.score >= 0.7


@pytest.mark.parametrize(
    ("passages", "sentence", "problem"),
    [
        (ENGLISH, "The largest file that may be uploaded is 50 MB.", "number"),
        (ENGLISH, "The largest file that may be uploaded is 25 GB.", "number"),
        (ENGLISH, "Since 1 June 2024 larger files are refused.", "number"),
        (ENGLISH, "The office in Lyon opens on Monday.", "name"),
        (ENGLISH, "Marko Novak signs each contract.", "name"),
        (ENGLISH, "The text of a question leaves the machine.", "negation"),
        (ENGLISH, "The largest file that may be uploaded is not 25 MB.", "negation"),
        (ENGLISH, "Bananas grow on tall green plants in the tropics.", "no_source"),
        (SPANISH, "El límite para los archivos es de 50 MB.", "number"),
        (SPANISH, "Los datos no salen del equipo de Luis.", "name"),
        (SPANISH, "Los datos salen del equipo de Ana.", "negation"),
        (SPANISH, "Los plátanos crecen en los trópicos.", "no_source"),
        (RUSSIAN, "Предел для файлов составляет 50 МБ.", "number"),
        (RUSSIAN, "Данные не покидают компьютер в Казани.", "name"),
        (RUSSIAN, "Данные покидают компьютер в Москве.", "negation"),
        (RUSSIAN, "Бананы растут в тропиках.", "no_source"),
        (CHINESE, "文件的最大限制为50MB。", "number"),
    ],
)
def test_a_wrong_sentence_says_what_is_wrong(passages: tuple[str, ...], sentence: str, problem: Problem):
    (found,) = check_grounding(sentence, passages).sentences
    assert (found.supported, found.problems) == (False, (problem,))
    assert found.score < 0.7


def test_each_sentence_has_its_own_result():
    report = check_grounding(
        "The largest file is 25 MB [1]. Zebras eat grass. The office in Lyon opens on Monday.", ENGLISH
    )
    assert [each.sentence for each in report.sentences] == [
        "The largest file is 25 MB [1].",
        "Zebras eat grass.",
        "The office in Lyon opens on Monday.",
    ]
    assert [each.supported for each in report.sentences] == [True, False, False]
    assert [each.problems for each in report.sentences] == [(), ("no_source",), ("name",)]
    assert not report.supported
    assert report.score == 0
    assert check_grounding(UPLOADS, ENGLISH).supported


def test_citations_are_what_the_sentence_carries_right_or_not():
    right, wrong, nowhere = check_grounding(
        "The largest file is 25 MB [1]. The office opens on Monday [1, 3]. Ana Novak signs [9].", ENGLISH
    ).sentences
    assert (right.citations, right.passage) == ((1,), 1)
    assert (wrong.citations, wrong.passage) == ((1, 3), 2)
    assert (nowhere.citations, nowhere.passage) == ((9,), 3)


def test_a_sentence_may_join_the_passages_that_it_cites():
    joined = "The largest file is 25 MB and the office in Paris opens on Monday"
    assert check_grounding(f"{joined} [1][2].", ENGLISH).supported
    (uncited,) = check_grounding(f"{joined}.", ENGLISH).sentences
    assert uncited.problems == ("no_source",)


def test_words_gathered_from_many_passages_have_no_source():
    (found,) = check_grounding("The largest office signs files on Monday.", ENGLISH).sentences
    assert found.problems == ("no_source",)


def test_a_number_of_another_passage_is_no_number_of_the_source():
    passages = ("Paid leave is 30 days a year.", "Route 25 starts at the station.")
    (found,) = check_grounding("Paid leave is 25 a year.", passages).sentences
    assert found.problems == ("number",)


def test_a_sentence_that_states_nothing_is_never_wrong():
    assert check_grounding("Yes. It is so.", ENGLISH).supported
    assert check_grounding("Yes.", ()).supported
    assert check_grounding("", ENGLISH).sentences == ()
    assert check_grounding("", ENGLISH).score == 1


def test_without_passages_nothing_is_supported():
    (found,) = check_grounding("The office in Paris opens at 9:30.", ()).sentences
    assert (found.supported, found.score, found.passage) == (False, 0, None)
    assert set(found.problems) == {"number", "name", "no_source"}


def test_passages_bring_their_titles_and_headings():
    passage = Passage(Document("limits.pdf", "Limits of the chat"), 0, "It is 25 MB.", headings=("Uploads",))
    assert check_grounding("The limit of uploads in the chat is 25 MB.", [passage]).supported
    assert not check_grounding("The limit of uploads in the chat is 25 MB.", [passage.text]).supported


def test_marks_in_code_cite_nothing():
    (found,) = check_grounding("Use `files[1]` for the largest file.", ENGLISH).sentences
    assert found.citations == ()


TEXT = st.lists(
    st.sampled_from(["Files", "25", "MB", "not", "Paris", "[1]", ".", "\n", "文件", "no"]), max_size=20
).map(" ".join) | st.text(max_size=80)


@settings(max_examples=200, deadline=None)
@given(TEXT, st.lists(TEXT, max_size=3))
def test_any_text_gets_a_report(text: str, passages: list[str]):
    report = check_grounding(text, passages)
    for each in report.sentences:
        assert 0 <= each.score <= 1
        assert each.supported == (not each.problems)
        assert each.passage is None or 1 <= each.passage <= len(passages)
    assert 0 <= report.score <= 1


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([UPLOADS, PRIVACY, *SPANISH, *RUSSIAN, *CHINESE]), min_size=1, max_size=4, unique=True))
def test_any_copy_is_supported(passages: list[str]):
    assert check_grounding("\n\n".join(passages), passages).supported
