"""Sentences in many languages, as spans of their text."""

import time
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.text.sentences import is_form, line_spans, sentence_spans, sentences

ANY_TEXT = st.text() | st.text(alphabet="ab1[].!?…。।\n -*'\"”)#|", max_size=80)


@settings(max_examples=300, deadline=None)
@given(ANY_TEXT)
def test_spans_are_ordered_disjoint_and_cover_every_visible_character(text: str):
    spans = list(sentence_spans(text))
    covered = 0
    for start, end in spans:
        assert covered <= start < end <= len(text)
        assert not text[covered:start].strip(), "a gap holds more than white space"
        assert text[start:end] == text[start:end].strip()
        covered = end
    assert not text[covered:].strip()


@settings(max_examples=100, deadline=None)
@given(ANY_TEXT)
def test_sentences_are_the_texts_of_the_spans(text: str):
    assert sentences(text) == [text[start:end] for start, end in sentence_spans(text)]


@dataclass(frozen=True)
class Case:
    name: str
    expected: tuple[str, ...]
    between: str = " "

    @property
    def text(self) -> str:
        return self.between.join(self.expected)


CASES = [
    Case("plain", ("Files stay here.", "Are they safe?", "Yes!")),
    Case("abbreviations", ("Use a proxy, e.g. Squid, etc. as usual.", "Dr. Smith and Mr. Jones agreed.")),
    Case("an abbreviation before a capital", ("It is approx. 5 GB large.", "See fig. 2 and vol. 3 of it.")),
    Case("an unknown abbreviation before a small letter", ("From Jan. to Feb. it is closed.", "Then it opens.")),
    Case("numero before a number", ("Take no. 5 of the list.", "Then stop.")),
    Case("no as an answer", ("The answer is no.", "We refuse.")),
    Case("initials", ("J. R. R. Tolkien wrote it.", "He was born in 1892.")),
    Case("initials of a country", ("The U.S. Army is large.", "It left the U.S. Marines behind.")),
    Case(
        "an abbreviation at the end",
        ("He lives in the U.S.", "The rest left at 5 p.m.", "It was late, etc.", "We slept."),
    ),
    Case("companies", ("Acme Inc. Holdings grew.", "Iberia S.A. Operadora flew.", "So did Acme Ltd.", "They won.")),
    Case(
        "numbered parts", ("See Art. 5, Sec. 2 and Vol. 3.", "That is art.", "Twelve people said no.", "Nobody moved.")
    ),
    Case("decimals and versions", ("Version 2.12.0 needs 3.5 GB.", "The rest is free.")),
    Case("addresses", ("Open https://example.org/a.b?c=1 in a browser.", "Then log in.")),
    Case("an ellipsis inside", ("Wait... what?", "Nothing.")),
    Case("an ellipsis at the end", ("And so on…", "Then it ended.")),
    Case("a number at the end", ("It was in 1969.", "Then came 1970.")),
    Case("quotation marks", ('She said "no!"', "He said “yes.”", "They left.")),
    Case("brackets", ("It costs 5 € (about 6 USD).", "(It was less.)", "Now it is more.")),
    Case("a list in one line", ("1. Open the file.", "2. Close the file.")),
    Case("list items", ("You need:", "- a laptop", "* a network", "1. a file", "2) a question"), "\n"),
    Case("table rows", ("| a | b |", "| 1 | 2 |"), "\n"),
    Case("headings", ("# Setup", "## Proxy"), "\n"),
    Case("paragraphs without full stops", ("Setup", "Proxy"), "\n\n"),
    Case("a wrapped line stays one", ("This sentence goes\non in a second line.", "This one too.")),
    Case("Windows line ends", ("First paragraph", "- item"), "\r\n"),
    Case(
        "marks stay with their sentence",
        ("Files stay here [1].", "They are safe. [2]", "They are small.[1][12]", "Ok."),
    ),
    Case("marks on a line of their own", ("Files stay here.\n\n[1] [2]", "They are safe."), "\n"),
    Case("a mark that opens a line belongs to it", ("Files stay here.", "[2] They are safe."), "\n"),
    Case("Russian", ("Модель весит 3,5 ГБ, т. е. немного.", "См. рис. 2 и стр. 5 в руководстве.", "Кто это сказал?")),
    Case(
        "more Russian", ("В 2020 г. Москва выросла.", "А. С. Пушкин и проф. Иванов, т. е. двое.", "И т. д.", "Это всё.")
    ),
    Case(
        "more Spanish",
        ("La empresa de EE. UU. Microsoft creció.", "El D. Juan vive en la Av. Central, pág. 5.", "Fin."),
    ),
    Case(
        "Portuguese", ("O Sr. Silva e a Dra. Lima viram a pág. 5, p. ex. hoje.", "É na Av. Paulista.", "O resto não.")
    ),
    Case(
        "more Slovenian",
        ("Npr. Ljubljana je mesto.", "Dr. Novak d.o.o. Maribor je tu.", "Glej čl. 5 in odst. 2.", "To je vse."),
    ),
    Case("Spanish", ("El Sr. Pérez subió el núm. 3, p. ej. un PDF.", "¿Se guarda?", "¡Claro que no!")),
    Case("Slovenian", ("Datoteka ima npr. 25 MB oz. manj.", "Glej str. 5 in št. 3.", "Kdo je to?")),
    Case("German", ("Das gilt z. B. für PDF, d. h. fast alles.", "Und bzw. oder?")),
    Case("Chinese", ("文件最大为25 MB。", "更大的文件会被拒绝！", "为什么？", "他说：“好。”", "完了"), ""),
    Case("Chinese with marks", ("文件最大为25 MB。[1]", "更大的文件会被拒绝。 [2][3]", "完了。"), ""),
    Case("Japanese", ("犬がいる。", "「猫もいる。」", "本当？"), ""),
    Case("Hindi", ("फ़ाइल 25 MB तक हो सकती है।", "बड़ी फ़ाइलें नहीं चलतीं।", "क्यों?")),
    Case("Hindi with marks", ("फ़ाइल 25 MB तक है। [1]", "बड़ी फ़ाइलें नहीं।[2]", "ठीक है।")),
    Case("Arabic", ("كيف حالك؟", "أنا بخير.", "شكرا")),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_sentences_of_many_languages_and_shapes(case: Case):
    assert sentences(case.text) == list(case.expected)


@pytest.mark.parametrize("text", ["", " \n\t ", "\n\n"])
def test_white_space_has_no_sentences(text: str):
    assert sentences(text) == []


@pytest.mark.parametrize("run", [".", "?!", " ", "\n", "…", "[1]", ". ", "- ", "U.S. ", "A. ", "Dr. "])
def test_a_long_run_of_one_mark_costs_little(run: str):
    """A looping model and a table of contents write such runs; squared cost would take minutes here."""
    began = time.process_time()
    list(sentence_spans(run * (40_000 // len(run)) + "a"))
    assert time.process_time() - began < 5


FORM = "Store 12\nCashier: Ana Novak\nUSB-C Hub\nwith HDMI\nTotal: 3.50"
PROSE = "The worker reads the file that\nwas sent to it by somebody in\nParis. It then says what is in it."


def test_each_line_of_a_form_is_a_sentence_and_no_line_of_prose():
    lines = [text[start:end] for text in (f"{FORM}\n\n{PROSE}",) for start, end in line_spans(text)]
    assert lines == [*FORM.split("\n"), PROSE[: PROSE.index(" It")], "It then says what is in it."]
    assert is_form(FORM)
    assert not is_form(PROSE)
    assert not is_form("更大的文件会被\n拒绝，最大为\n二十五兆字节。")


@settings(max_examples=200, deadline=None)
@given(ANY_TEXT)
def test_lines_are_parts_of_sentences(text: str):
    whole, parts = list(sentence_spans(text)), list(line_spans(text))
    assert all(text[start:end] == text[start:end].strip() != "" for start, end in parts)
    assert all(any(first <= start < end <= last for first, last in whole) for start, end in parts)
    assert "".join("".join(text[slice(*each)].split()) for each in parts) == "".join(text.split())
