"""An organisation's own words for the same thing, read from a file that people write by hand."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import SettingsError
from rag.retrieval.synonyms import Synonyms, shipped_synonyms
from rag.text.analysis import analyse

LEAVE = ("PTO", "paid time off", "vacation")


def said(synonyms: Synonyms, question: str) -> dict[tuple[str, ...], set[tuple[str, ...]]]:
    """The phrases of a question that were found, with the others, as their words."""
    return {each.asked.units: {other.units for other in each.others} for each in synonyms.expand(question)}


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "synonyms.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_phrase_is_found_with_all_other_ways_to_say_it():
    assert said(Synonyms([LEAVE]), "How much PTO do I get?") == {("pto",): {("paid", "time", "off"), ("vacat",)}}
    assert said(Synonyms([LEAVE]), "Is paid time off paid?") == {("paid", "time", "off"): {("pto",), ("vacat",)}}


@dataclass(frozen=True)
class Asked:
    """A question in whose words a phrase of the file must be found."""

    phrase: str
    question: str


@pytest.mark.parametrize(
    "asked",
    [
        Asked("paid time off", "PAID TIME-OFF, please"),
        Asked("vacation", "How many vacations?"),
        Asked("día libre", "¿Cuantos dias libres hay?"),
        Asked("отпуск", "Сколько дней отпуска?"),
        Asked("годовой отпуск", "ГОДОВОГО ОТПУСКА"),
        Asked("年假", "我有多少年假？"),
        Asked("state of the art", "State-of-the-art methods"),
        Asked("gpt-oss", "What is gpt oss?"),
    ],
    ids=lambda asked: asked.phrase,
)
def test_case_accents_and_endings_make_no_difference(asked: Asked):
    found = said(Synonyms([(asked.phrase, "zzz")]), asked.question)
    assert found == {analyse(asked.phrase).units: {("zzz",)}}


@pytest.mark.parametrize("question", ["", "?", "time and paid work off", "ptosis", "the paid time", "Urlaub"])
def test_other_words_or_another_order_find_nothing(question: str):
    assert said(Synonyms([LEAVE]), question) == {}


def test_without_groups_nothing_is_expanded():
    assert Synonyms().expand("PTO and vacation") == []


def test_of_phrases_that_overlap_the_longest_is_taken():
    synonyms = Synonyms([("paid time off", "PTO"), ("time", "hours")])
    assert said(synonyms, "paid time off in time") == {("paid", "time", "off"): {("pto",)}, ("time",): {("hour",)}}


def test_a_phrase_of_two_groups_has_the_synonyms_of_both():
    synonyms = Synonyms([("PTO", "vacation"), ("PTO", "please turn over")])
    assert said(synonyms, "PTO")[("pto",)] == {("vacat",), ("pleas", "turn", "over")}
    assert said(synonyms, "vacation") == {("vacat",): {("pto",)}}


def test_a_file_of_groups_comments_and_blank_lines(tmp_path: Path):
    text = "\ufeff# ours\n\nPTO, paid time off , vacation  # leave\r\nC#, C sharp\n年假,annual leave\n , \n"
    synonyms = Synonyms.read(written(tmp_path, text))
    assert synonyms.skipped == ()
    assert said(synonyms, "PTO") == {("pto",): {("paid", "time", "off"), ("vacat",)}}
    assert said(synonyms, "C#") == {("c",): {("c", "sharp")}}
    assert said(synonyms, "annual leave") == {("annual", "leav"): {("#年假",)}}
    assert said(synonyms, "ours") == {}


def test_a_file_that_is_not_there_holds_none(tmp_path: Path):
    synonyms = Synonyms.read(tmp_path / "synonyms.txt")
    assert synonyms.expand("PTO") == []
    assert synonyms.skipped == ()


def test_a_line_that_cannot_be_used_is_left_out_with_its_number_and_reason(tmp_path: Path):
    synonyms = Synonyms.read(
        written(tmp_path, "PTO\nIT, information technology\nHR, people team\nWill, the, bequest, legacy\n")
    )
    assert synonyms.skipped == (
        "Line 1 of synonyms.txt is left out: it needs two words or phrases, separated by a comma.",
        "Line 2 of synonyms.txt is left out: it needs two words or phrases, separated by a comma "
        "(not searched for: 'IT').",
        "Line 4 of synonyms.txt is left out in part (not searched for: 'Will', 'the').",
    )
    assert said(synonyms, "HR") == {("hr",): {("peopl", "team")}}
    assert said(synonyms, "PTO, information technology") == {}
    assert said(synonyms, "legacy") == {("legaci",): {("bequest",)}}


@pytest.mark.parametrize("text", ["PTO, отпуск\n".encode("cp1251"), "PTO, vacation\n".encode("utf-16")])
def test_a_file_that_is_not_in_utf_8_says_so(tmp_path: Path, text: bytes):
    with pytest.raises(
        SettingsError, match=r"^synonyms\.txt is not in UTF-8\. Save it as UTF-8 text and start again\.$"
    ):
        Synonyms.read(written(tmp_path, text))


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path):
    with pytest.raises(SettingsError, match=r"cannot be read"):
        Synonyms.read(tmp_path)


LINES = st.lists(st.text(alphabet="ab 文件é,#\n\t", max_size=30) | st.text(max_size=20), max_size=6).map("\n".join)


@settings(max_examples=150, deadline=None)
@given(LINES, st.text(alphabet="ab 文件é", max_size=30))
def test_any_file_is_read_and_what_is_found_stands_in_the_question(
    tmp_path_factory: pytest.TempPathFactory, text: str, question: str
):
    path = tmp_path_factory.getbasetemp() / "any.txt"
    path.write_text(text, encoding="utf-8", errors="replace")
    units = analyse(question).units
    for each in Synonyms.read(path).expand(question):
        length = len(each.asked.units)
        assert each.asked.units in {units[n : n + length] for n in range(len(units))}
        assert each.asked.units not in {other.units for other in each.others}


@dataclass(frozen=True)
class Everyday:
    """Words of a question and of a document that mean the same without any file."""

    question: str
    document: str


@pytest.mark.parametrize(
    "pair",
    [
        Everyday("and the colour", "color"),
        Everyday("what did they buy?", "purchased"),
        Everyday("How was it paid?", "payment method"),
        Everyday("Which licence?", "license"),
        Everyday("does it work offline", "without internet"),
        Everyday("¿Cuánto es el total?", "importe total"),
        Everyday("Quem é o comprador?", "cliente"),
        Everyday("Кто покупатель?", "клиент"),
        Everyday("Kateri podatki zapustijo moj računalnik?", "prenosnik"),
        Everyday("Was ist der Gesamtbetrag?", "Summe"),
    ],
    ids=lambda pair: pair.question,
)
def test_everyday_words_are_shipped(pair: Everyday):
    found = said(shipped_synonyms(), pair.question)
    assert any(analyse(pair.document).units in others for others in found.values())


def test_the_shipped_words_are_all_usable_and_none_is_a_common_verb_or_question_word():
    shipped = shipped_synonyms()
    assert shipped.skipped == ()
    assert (
        shipped.expand("What does this mean, who can see it, how do I get there and where can I leave or make one?")
        == []
    )


def test_those_of_the_organisation_are_added_to_the_shipped_ones(tmp_path: Path):
    both = Synonyms.read(written(tmp_path, "colour, paint code\nPTO, vacation\n")).with_shipped()
    assert said(both, "colour")[analyse("colour").units] == {("color",), ("paint", "code")}
    assert said(both, "PTO") == {("pto",): {("vacat",)}}
    assert said(shipped_synonyms(), "PTO") == {}


def test_an_organisation_can_do_without_shipped_words(tmp_path: Path):
    without = Synonyms.read(written(tmp_path, "! colour, movie # not here\nmovie, reel\n"))
    assert without.skipped == ()
    assert said(without.with_shipped(), "Colour of the movie") == {("movi",): {("reel",)}}
    assert said(without.with_shipped(), "film and color") == {("film",): set(), ("color",): set()}
    none = Synonyms.read(written(tmp_path, "! *\nPTO, vacation\n")).with_shipped()
    assert said(none, "PTO, the colour and the movie") == {("pto",): {("vacat",)}}
