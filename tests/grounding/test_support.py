"""Does a text stand on the passages? Copies do, in any script; a wrong number, name or negation does not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.grounding.support import SUPPORTED, support, support_signals
from rag.types import Document, Hit, Passage
from tests.fakes import passages

DOCUMENT = Document("limits.pdf", "Limits of the chat")
UPLOADS = "The largest file that may be uploaded is 25 MB. Since 2024-05-01 larger files are refused at once."
PRIVACY = "No text of a question leaves the machine. The office in Paris opens on Monday."
ENGLISH = (UPLOADS, PRIVACY, "Ana Novak signs each contract.")
SPANISH = ("El límite para los archivos es de 25 MB.", "Los datos no salen del equipo de Ana.")
PORTUGUESE = ("O limite dos ficheiros é de 25 MB.", "Os dados não saem do computador da Ana.")
RUSSIAN = ("Предел для файлов составляет 25 МБ.", "Данные не покидают компьютер в Москве.")
SLOVENIAN = ("Omejitev za datoteke je 25 MB.", "Podatki ne zapustijo računalnika v Ljubljani.")
CHINESE = ("文件的最大限制为25MB。", "数据不会离开您的电脑。")
ARABIC = ("الحد الأقصى لحجم الملف هو ٢٥ ميغابايت.", "لا تغادر البيانات الجهاز أبدا.")
HINDI = ("फ़ाइल का अधिकतम आकार २५ एमबी है।", "डेटा कंप्यूटर से बाहर नहीं जाता।")
EVERY_LANGUAGE = (ENGLISH, SPANISH, PORTUGUESE, RUSSIAN, SLOVENIAN, CHINESE, ARABIC, HINDI)


def hits_of(texts: tuple[str, ...], document: Document = DOCUMENT) -> list[Hit]:
    return [Hit(passage, 1.0) for passage in passages(document, texts)]


def signals_of(text: str, texts: tuple[str, ...] = ENGLISH) -> dict[str, float]:
    return {signal.name: signal.value for signal in support_signals(text, hits_of(texts))}


# Copies, and nothing at all


@pytest.mark.parametrize("texts", EVERY_LANGUAGE)
def test_a_copy_has_every_signal_at_its_upper_end(texts: tuple[str, ...]):
    for copy in (*texts, " ".join(texts), "\n\n".join(reversed(texts))):
        found = signals_of(copy, texts)
        assert found == dict.fromkeys(SUPPORTED, 1.0)


WORD = st.sampled_from(
    (
        "Files",
        "Paris",
        "25",
        "MB",
        "25,000",
        "not",
        "2024-05-01",
        "文件",
        "Москва",
        "ملف",
        "gpt-oss-20b",
        "-",
        "1",
        "May",
    )
)
SENTENCE = st.lists(WORD, min_size=2, max_size=9).map(lambda words: f"Limit {' '.join(words)}.")


@settings(max_examples=200, deadline=None)
@given(st.lists(SENTENCE, min_size=1, max_size=4), st.lists(SENTENCE, max_size=3))
def test_any_copy_has(copied: list[str], others: list[str]):
    copy = " ".join(copied)
    found = signals_of(copy, (copy, *others))
    assert [name for name in SUPPORTED if found[name] < 1] == []


@pytest.mark.parametrize("text", ["", " \n", "…", "[1]", "It is. You are!"[:0]])
def test_an_empty_text_has_every_signal_at_its_lower_end(text: str):
    assert signals_of(text) == dict.fromkeys(SUPPORTED, 0.0)


def test_without_passages_nothing_holds_it():
    found = signals_of("The largest file in Paris has 25 MB.", ())
    assert all(found[name] == 0 for name in ("grams", "together"))
    assert support("The largest file", []) == 0
    assert all(found[name] < 1 for name in ("additions", "insertion", "numbers", "names"))


def test_every_signal_says_what_it_means():
    signals = support_signals(UPLOADS, hits_of(ENGLISH))
    assert tuple(signal.name for signal in signals) == SUPPORTED
    assert all(signal.meaning for signal in signals)


TEXT = st.lists(WORD | st.sampled_from([".", "[1]", "\n", "- ", "i", "don't"]), max_size=25).map(" ".join) | st.text()


@settings(max_examples=200, deadline=None)
@given(TEXT, st.lists(TEXT, max_size=3).map(tuple), st.randoms())
def test_signals_are_shares_and_the_order_of_the_passages_does_not_matter(text, texts, random):  # type: ignore[no-untyped-def]
    hits = hits_of(texts)
    found = support_signals(text, hits)
    assert all(0 <= signal.value <= 1 for signal in found)
    random.shuffle(hits)
    assert [signal.value for signal in support_signals(text, hits)] == [signal.value for signal in found]


@settings(max_examples=100, deadline=None)
@given(TEXT, st.lists(TEXT, max_size=2).map(tuple), TEXT)
def test_another_passage_never_takes_words_away(text: str, texts: tuple[str, ...], more: str):
    before, after = signals_of(text, texts), signals_of(text, (*texts, more))
    assert support(text, hits_of((*texts, more))) >= support(text, hits_of(texts))
    for name in ("grams", "together", "additions", "insertion"):
        assert after[name] >= before[name] - 1e-9


@settings(max_examples=100, deadline=None)
@given(TEXT, st.integers(100_000, 999_999))
def test_an_unknown_number_lowers_the_numbers(text: str, number: int):
    before, after = (signals_of(f"{text}\n\nThe size is {size}", (UPLOADS,)) for size in ("known", number))
    assert after["numbers"] < before["numbers"]


# A fact changed, beside the same in other words

CHANGED = [
    ("numbers", ENGLISH, "The largest file that may be uploaded is {}.", "25 MB", "50 MB"),
    ("numbers", ENGLISH, "The largest file that may be uploaded is {}.", "25 MB", "25 GB"),
    ("numbers", ENGLISH, "Since {} larger files are refused.", "1 May 2024", "1 June 2024"),
    ("numbers", SPANISH, "El límite para los archivos es de {}.", "25 MB", "50 MB"),
    ("numbers", PORTUGUESE, "O limite dos ficheiros é de {}.", "25 MB", "50 MB"),
    ("numbers", RUSSIAN, "Предел для файлов составляет {}.", "25 МБ", "50 МБ"),
    ("numbers", SLOVENIAN, "Omejitev za datoteke je {}.", "25 MB", "50 MB"),
    ("numbers", CHINESE, "文件的最大限制为{}。", "25MB", "50MB"),
    ("numbers", ARABIC, "الحد الأقصى لحجم الملف هو {} ميغابايت.", "25", "50"),
    ("names", ENGLISH, "The office in {} opens on Monday.", "Paris", "Lyon"),
    ("names", ENGLISH, "{} Novak signs each contract.", "Ana", "Marko"),
    ("names", SPANISH, "Los datos no salen del equipo de {}.", "Ana", "Luis"),
    ("names", PORTUGUESE, "Os dados não saem do computador da {}.", "Ana", "Rita"),
    ("names", RUSSIAN, "Данные не покидают компьютер в {}.", "Москве", "Казани"),
    ("names", SLOVENIAN, "Podatki ne zapustijo računalnika v {}.", "Ljubljani", "Mariboru"),
    ("negation", ENGLISH, "The text of a question {} the machine.", "never leaves", "leaves"),
    ("negation", SPANISH, "Los datos {} del equipo de Ana.", "no salen", "salen"),
    ("negation", PORTUGUESE, "Os dados {} do computador da Ana.", "não saem", "saem"),
    ("negation", RUSSIAN, "Данные {} компьютер в Москве.", "не покидают", "покидают"),
    ("negation", SLOVENIAN, "Podatki {} v Ljubljani.", "ne zapustijo računalnika", "zapustijo računalnik"),
]


@pytest.mark.parametrize(("name", "texts", "sentence", "right", "wrong"), CHANGED)
def test_one_changed_fact_in_the_same_words_is_noticed(
    name: str, texts: tuple[str, ...], sentence: str, right: str, wrong: str
):
    assert signals_of(sentence.format(right), texts)[name] == 1
    assert signals_of(sentence.format(wrong), texts)[name] <= 0.25


REPHRASED = [
    "Files up to 25 MB may be uploaded.",
    "Uploaded files can have at most 25 MB.",
    "From Monday on the Paris office is open.",
    "Larger files are refused from 1 May 2024 on.",
    "The machine keeps the text of each question.",
    "Each contract is signed by Ana Novak.",
]


@pytest.mark.parametrize("text", REPHRASED)
def test_other_words_for_the_same_facts_leave_the_facts_alone(text: str):
    found = signals_of(text)
    assert (found["numbers"], found["names"], found["negation"]) == (1, 1, 1)


def test_a_sentence_with_another_name_in_front_is_not_the_passages():
    texts = ("Paris is the capital of France. All staff may send files.",)
    assert signals_of("Paris is the capital of France.", texts)["names"] == 1
    assert signals_of("Lyon is the capital of France.", texts)["names"] == 0.25
    assert signals_of("However, the capital of France is Paris.", texts)["names"] == 1


# Who speaks does not matter

PERSONS = ["You may upload it.", "We may upload it.", "I may upload it.", "They may upload it.", "He may upload it."]


def test_pronouns_are_no_words_of_the_draft():
    assert len({tuple(signals_of(text).items()) for text in PERSONS}) == 1
    assert support("I, you and they", hits_of(ENGLISH)) == 0


# Sentence by sentence


def test_words_that_are_gathered_from_many_sentences_do_not_stand_together():
    gathered = "The largest office signs files on Monday."
    assert support(gathered, hits_of(ENGLISH)) == 1
    assert signals_of(gathered)["together"] < 0.7


@pytest.mark.parametrize("few", ["additions", "insertion"])
def test_a_run_of_new_words_weighs_more_than_their_share(few: str):
    long = "The largest file that may be uploaded is 25 MB for zebras eating grass happily."
    assert signals_of(long)[few] < 0.6 < support(long, hits_of(ENGLISH)) + 0.1


def test_titles_headings_headers_and_places_count_too():
    passage = Passage(DOCUMENT, 0, "It is 25 MB.", headings=("Uploads",), page=7, header="Size | Price")
    text, hits = "Limits: uploads, size 25 MB, page 7.", [Hit(passage, 1.0)]
    assert {signal.name: signal.value for signal in support_signals(text, hits)}["numbers"] == 1
    assert support(text, hits) == pytest.approx(6 / 7), "all but the word page, which the place writes as p."
