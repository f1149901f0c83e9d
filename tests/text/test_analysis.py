"""Text to terms: the same for every way of writing a word, whole in every script."""

import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.text import analysis
from rag.text.analysis import GRAM_PREFIX, analyse, fold


@dataclass(frozen=True)
class Typed:
    """A word as a document has it, and as people type it."""

    word: str
    plain: str


TYPED = [
    Typed("café", "cafe"),
    Typed("naïve", "naive"),
    Typed("Español", "espanol"),
    Typed("información", "informacion"),
    Typed("pingüino", "pinguino"),
    Typed("não", "nao"),
    Typed("informações", "informacoes"),
    Typed("Straße", "strasse"),
    Typed("Größe", "grosse"),
    Typed("smørrebrød", "smorrebrod"),
    Typed("ærlig", "aerlig"),
    Typed("œuvre", "oeuvre"),
    Typed("Þórður", "Thordur"),
    Typed("število", "stevilo"),
    Typed("čaj", "caj"),
    Typed("zażółć", "zazolc"),
    Typed("příliš", "prilis"),
    Typed("İstanbul", "istanbul"),
    Typed("ışık", "isik"),
    Typed("ngữ", "ngu"),
    Typed("Đà Nẵng", "da nang"),
    Typed("ёлка", "елка"),
    Typed("їжак", "іжак"),
    Typed("άνθρωπος", "ανθρωποσ"),
    Typed("ΌΡΟΣ", "ορος"),
    Typed("שָׁלוֹם", "שלום"),
    Typed("מַּחְשֵׁב", "מחשב"),
    Typed("مُحَمَّد", "محمد"),
    Typed("أحمد", "احمد"),
    Typed("آب", "اب"),
    Typed("ﬁle", "file"),
    Typed("Ｗｉｎｄｏｗｓ", "windows"),
    Typed("ｶﾞｲﾄﾞ", "ガイド"),
]


@pytest.mark.parametrize("typed", TYPED, ids=lambda typed: typed.plain)
def test_a_word_typed_without_accents_gives_the_same_terms(typed: Typed):
    assert analyse(typed.word) == analyse(typed.plain)
    assert analyse(typed.word).units


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(TYPED), min_size=1, max_size=8), st.sampled_from(("NFC", "NFD", "NFKC", "NFKD")))
def test_whole_sentences_typed_without_accents_give_the_same_terms(words: list[Typed], form: str):
    written = unicodedata.normalize(form, " ".join(typed.word for typed in words))  # type: ignore[arg-type]
    assert analyse(written) == analyse(" ".join(typed.plain for typed in words))


@settings(max_examples=300, deadline=None)
@given(st.text())
def test_folding_twice_is_folding_once(text: str):
    assert fold(fold(text)) == fold(text)


@settings(max_examples=300, deadline=None)
@given(st.text())
def test_analysing_folded_text_gives_the_same_terms(text: str):
    assert analyse(fold(text)) == analyse(text)


@settings(max_examples=200, deadline=None)
@given(st.text(), st.text())
def test_terms_of_two_lines_are_the_terms_of_each(first: str, second: str):
    both, one, two = analyse(f"{first}\n{second}"), analyse(first), analyse(second)
    assert both.words == one.words + two.words
    assert both.grams == one.grams + two.grams
    assert both.units == one.units + two.units


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_words_and_grams_are_told_apart_by_their_prefix(text: str):
    terms = analyse(text)
    assert all(gram.startswith(GRAM_PREFIX) and 2 <= len(gram) <= 5 for gram in terms.grams)
    assert not any(word.startswith(GRAM_PREFIX) for word in terms.words)
    assert set(terms.words) <= set(terms.units) <= {*terms.words, *terms.grams}


@pytest.mark.parametrize("text", ["தமிழ் மொழி", "বাংলা ভাষা", "తెలుగు", "ਪੰਜਾਬੀ ਭਾਸ਼ਾ"])
def test_combining_marks_stay_inside_their_words(text: str):
    assert analyse(text).words == tuple(fold(word) for word in text.split())
    assert [unicodedata.normalize("NFC", word) for word in analyse(text).words] == [
        unicodedata.normalize("NFC", word) for word in text.split()
    ]


@pytest.mark.parametrize(
    ("text", "grams"),
    [
        ("文件上传", ("文件", "件上", "上传")),
        ("东京 猫", ("东京", "猫")),
        ("ファイル", ("ファ", "ァイ", "イル")),
        ("파일을", ("파일", "일을")),
        ("ภาษา", ("ภา", "าษ", "ษา")),
        ("ที่นี่", ("ที", "ี่", "่น", "นี", "ี่")),
    ],
)
def test_scripts_without_spaces_give_bigrams_and_characters_and_no_words(text: str, grams: tuple[str, ...]):
    terms = analyse(text)
    assert terms.words == ()
    assert terms.units == tuple(GRAM_PREFIX + fold(gram) for gram in grams)
    assert set(terms.grams) == {*terms.units, *(GRAM_PREFIX + c for c in fold(text) if not c.isspace())}


def test_a_text_of_mixed_scripts_is_cut_where_they_change():
    terms = analyse("用Groundwork上传25MB的文件")
    assert terms.words == ("groundwork", "25mb")
    assert {"#上传", "#文件", "#grou"} <= set(terms.grams)
    assert terms.units == ("#用", "groundwork", "#上传", "25mb", "#的文", "#文件")


def test_words_are_stemmed_and_keep_their_order_and_number():
    assert analyse("Upload uploads, uploading: UPLOADED!").words == ("upload",) * 4


def test_stop_words_leave_neither_words_nor_grams():
    assert analyse("The of AND it, this; with").words == ()
    assert analyse("The of AND it, this; with").grams == ()


@dataclass(frozen=True)
class Inflected:
    """Forms of one word."""

    language: str
    forms: str


@pytest.mark.parametrize(
    "word",
    [
        Inflected("English", "compute computes computed computing"),
        Inflected("Russian", "новый новая новое новых новой"),
        Inflected("Russian, accents not typed", "синий синии"),
        Inflected("Ukrainian, by the same ends", "книга книги книгу"),
        Inflected("Greek", "μηχανή μηχανές μηχανης"),
        Inflected("Arabic", "كتاب الكتاب بالكتاب كتابي"),
        Inflected("Hindi", "भाषा भाषाओं भाषाएं"),
    ],
    ids=lambda word: word.language,
)
def test_the_forms_of_a_word_have_one_stem(word: Inflected):
    assert len(set(analyse(word.forms).words)) == 1
    assert len(analyse(word.forms).words) == len(word.forms.split())


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="аеийоуыэюяцнτης\u0438\u0306كتابالवाऍंx1", min_size=1, max_size=8))
def test_no_stem_is_empty(word: str):
    assert all(analyse(word).words)


def test_grams_are_the_four_letter_pieces_of_the_unstemmed_word_and_its_beginning():
    assert analyse("running").grams == ("#_run", "#runn", "#unni", "#nnin", "#ning")
    assert analyse("cat").grams == ("#_cat",)
    assert analyse("a1").grams == ("#_a1",)


def test_the_beginning_of_a_word_is_no_piece_of_another():
    assert set(analyse("set").grams).isdisjoint(analyse("upset").grams)
    assert set(analyse("setting").grams) & set(analyse("sets").grams) == {"#_set"}


@pytest.mark.parametrize("text", ["", " \n\t", "?!… -- ***", "_____", "👍🏽", "\u0301\u0301"])
def test_text_without_letters_and_digits_has_no_terms(text: str):
    terms = analyse(text)
    assert terms.words == terms.grams == terms.units == ()


@pytest.mark.parametrize(("text", "words"), [("snake_case", ("snake", "case")), ("gpt-oss-20b", ("gpt", "oss", "20b"))])
def test_joined_names_are_found_by_their_parts(text: str, words: tuple[str, ...]):
    assert analyse(text).words == words


def test_a_token_of_any_length_is_kept_whole():
    token = "z" + "0123456789" * 2000
    terms = analyse(token)
    assert terms.words == (token,)
    assert len(terms.grams) == len(token) - 2


def test_a_single_character_of_an_unspaced_script_is_found_inside_a_text():
    assert set(analyse("猫").grams) & set(analyse("黒猫が好き").grams)


def test_threads_may_share_it():
    texts = [
        f"Running{'ab' * (n % 9)} runners {n} générations stemmed happily{n % 50} 文件{n} быстро" for n in range(500)
    ]
    expected = [analyse(text) for text in texts]
    analysis._word.cache_clear()  # so that the threads stem for themselves
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(analyse, texts)) == expected
