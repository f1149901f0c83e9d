"""Named numbers in [0, 1] about a draft: their ends, and what they do to the confidence."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.citations import Checked, check
from rag.decisions import Signal
from rag.escalation.signals import (
    WEIGHTS,
    citation_validity,
    confidence,
    grounding,
    measure,
    numbers_supported,
    refuses,
    support,
)
from rag.records import Document, Generation, Hit, Passage, SearchResult
from tests.fakes import passages

DOCUMENT = Document("limits.pdf", "Limits of the chat")
UPLOADS = "The largest file that may be uploaded is 25 MB. Since 2024-05-01 larger files are refused at once."
PRIVACY = "No information leaves your machine. Foundry Local does not provide authentication."
HITS = tuple(
    Hit(replace(passage, headings=("Limits", "Uploads"), page=7), 1.0, 0.8)
    for passage in passages(DOCUMENT, (UPLOADS, PRIVACY))
)
SEARCH = SearchResult(HITS, coverage=0.6)

GOOD = "The largest file that may be uploaded is 25 MB [1]."


def signals_of(text: str, *, finish_reason: str = "stop", search: SearchResult = SEARCH) -> dict[str, float]:
    draft = Generation("phi-4-mini", text, finish_reason=finish_reason)
    return {signal.name: signal.value for signal in measure(search, draft, check(text, search.hits))}


def test_a_good_draft_has_every_signal_at_its_upper_end():
    full = replace(SEARCH, hits=(replace(HITS[0], strength=1.0), HITS[1]), coverage=1.0)
    found = measure(full, Generation("phi-4-mini", GOOD, finish_reason="stop"), check(GOOD, HITS))
    assert {signal.name: signal.value for signal in found} == dict.fromkeys(
        (*WEIGHTS, "commitment", "length", "complete"), 1.0
    )
    assert confidence(found) == 1.0
    assert all(signal.meaning for signal in found)


def test_a_bad_draft_has_every_signal_at_its_lower_end():
    found = signals_of("I do not know; 99 zebras [7].", finish_reason="length", search=SearchResult((), coverage=0.0))
    assert found == dict.fromkeys((*WEIGHTS, "commitment", "complete"), 0.0) | {"length": 1.0}


def test_strength_and_coverage_are_the_searchs():
    found = signals_of(GOOD)
    assert (found["strength"], found["coverage"]) == (0.8, 0.6)
    assert grounding(SEARCH) == 0.8
    assert grounding(SearchResult(())) == 0.0


def test_only_the_token_limit_makes_a_draft_incomplete():
    assert signals_of(GOOD, finish_reason="length")["complete"] == 0
    assert signals_of(GOOD, finish_reason="")["complete"] == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The largest file is 25 MB.", 1.0),
        ("uploaded files", 1.0),
        ("limits of the chat", 1.0),
        ("uploads zebra", 0.5),
        ("zebra quagga", 0.0),
        ("", 0.0),
        ("…", 0.0),
    ],
)
def test_support_is_the_share_of_stems_that_stand_in_the_passages(text: str, expected: float):
    assert support(text, HITS) == pytest.approx(expected)


def test_support_reads_every_script_of_a_text():
    hits = [Hit(Passage(DOCUMENT, 0, "Groundwork 支持上传文件，最大为25 MB。"), 1.0)]
    assert support("Groundwork 支持上传文件", hits) == 1.0
    assert support("Groundwork 会把所有资料卖给广告公司。", hits) < 0.3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Up to 25 MB.", 1.0),
        ("Up to 99 MB.", 0.0),
        ("Up to 25 MB, or 99 MB.", 0.5),
        ("Since 2024-05-01, page 7.", 1.0),
        ("Since 2024-05-02.", 0.0),
        ("No number at all.", 1.0),
        ("", 1.0),
    ],
)
def test_numbers_are_looked_up_in_text_and_place(text: str, expected: float):
    assert numbers_supported(text, HITS) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Files may have 25 megabytes [1].", 1.0),
        ("Files may have 25 megabytes. [1]", 1.0),
        ("Files may have 25 megabytes [1]. Larger ones are refused here.", 0.5),
        ("Files may have 25 megabytes, so it is said.", 0.0),
        ("Files may have 25 megabytes [9].", 0.0),
        ("Files may have 25 megabytes [1][9].", 0.5),
        ("25 MB [1].", 1.0),
        ("25 MB.", 0.0),
        ("", 0.0),
    ],
)
def test_citations_count_the_sentences_with_valid_marks(text: str, expected: float):
    assert citation_validity(check(text, HITS)) == pytest.approx(expected)


REFUSALS = [
    "The passages do not contain the answer.",
    "The provided passages don't mention this. I don't know.",
    "I don’t know.",
    "I can’t answer this from the documents.",
    "There is no information about trains in the passages [1].",
    "I DO NOT KNOW.",
    "The passages do not say.",
    "The provided text doesn't explicitly mention trains.",
    "Trains are not mentioned in the given passages.",
    "Based on the passages, there is no mention of trains.",
    "Sorry, I couldn’t find this.",
    "Los pasajes no contienen la respuesta.",
    "No hay información sobre los trenes.",
    "No se menciona en los documentos.",
    "NO LO SÉ.",
    "As passagens não contêm a resposta.",
    "Não há informações sobre comboios.",
    "Nao sei.",
    "Отрывки не содержат ответа.",
    "В документах нет информации о поездах.",
    "Я не знаю.",
    "Odlomki ne vsebujejo odgovora.",
    "Ni podatkov o vlakih.",
    "Tega ne vem.",
]


@pytest.mark.parametrize("text", REFUSALS)
def test_a_draft_that_says_it_cannot_answer_is_a_refusal(text: str):
    assert refuses(text)
    assert signals_of(text)["commitment"] == 0
    assert confidence(measure(SEARCH, Generation("m", text), check(text, HITS))) == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        GOOD,
        "Files are kept until the chat ends [1].",
        "Los archivos se guardan hasta el final [1].",
        "Os ficheiros são guardados até ao fim [1].",
        "Файлы хранятся до конца чата [1].",
        "Datoteke se hranijo do konca pogovora [1].",
    ],
)
def test_an_answer_is_no_refusal(text: str):
    assert not refuses(text)


def test_a_long_answer_with_a_reservation_is_no_refusal():
    assert not refuses("The documents do not mention trains. " + "But they say much about buses. " * 15)


@pytest.mark.parametrize(
    "text",
    [
        "No information leaves your machine [2].",
        "No information is sent to other servers [2].",
        "Your documents do not leave your machine [2].",
        "The text of a scan does not need to be typed [1].",
        "It is not found in the library, but among the uploads [1].",
        "The model is not provided by Microsoft [1].",
        "Foundry Local does not provide authentication [2].",
        "The message says insufficient memory [1].",
        "El botón no aparece hasta guardar [1].",
    ],
)
def test_a_cited_answer_about_what_is_missing_is_no_refusal(text: str):
    assert not refuses(text)


def made(**values: float) -> tuple[Signal, ...]:
    every = dict.fromkeys((*WEIGHTS, "commitment", "complete"), 1.0) | values
    return tuple(Signal(name, value, "") for name, value in every.items())


def test_weights_add_up_to_one():
    assert sum(WEIGHTS.values()) == pytest.approx(1.0)
    assert max(WEIGHTS, key=lambda name: WEIGHTS[name]) == "support"


@pytest.mark.parametrize("name", WEIGHTS)
def test_each_signal_alone_takes_its_weight_away(name: str):
    assert confidence(made(**{name: 0.0})) == pytest.approx(1 - WEIGHTS[name])


SHARE = st.floats(0, 1)


@settings(max_examples=200)
@given(st.fixed_dictionaries(dict.fromkeys(WEIGHTS, SHARE)), st.sampled_from(sorted(WEIGHTS)), SHARE)
def test_confidence_is_a_share_and_never_falls_when_a_signal_rises(values: dict[str, float], name: str, other: float):
    low, high = sorted((values[name], other))
    lower, upper = confidence(made(**{**values, name: low})), confidence(made(**{**values, name: high}))
    assert 0 <= lower <= upper <= 1
    assert confidence(made(**values, commitment=0.0)) == 0


@dataclass(frozen=True)
class Draft:
    text: str
    passages: tuple[str, ...]


WORDS = st.sampled_from(
    ("file", "25", "MB", "[1]", "[9]", "[1, 2]", "I don't know", ".", "文件", "\n", "- ", "1.", "`x[1]`")
)
TEXT = st.lists(WORDS, max_size=25).map(" ".join) | st.text()


@settings(max_examples=200, deadline=None)
@given(st.builds(Draft, TEXT, st.lists(TEXT, max_size=3).map(tuple)), SHARE, SHARE)
def test_every_signal_and_the_confidence_are_shares_for_any_draft(draft: Draft, strength: float, coverage: float):
    hits = tuple(Hit(passage, 1.0, strength) for passage in passages(DOCUMENT, draft.passages))
    search = SearchResult(hits, coverage=coverage)
    found = measure(search, Generation("m", draft.text), check(draft.text, hits))
    assert [signal.name for signal in found] == [
        *("strength", "coverage", "support", "numbers", "citations", "commitment", "length", "complete")
    ]
    assert all(0 <= signal.value <= 1 for signal in found)
    assert 0 <= confidence(found) <= 1


def test_marks_that_point_nowhere_lower_the_citations():
    assert citation_validity(Checked("Files may have 25 megabytes [1].", (), 3)) == pytest.approx(0.25)


def test_the_numbers_of_a_list_are_none_of_the_drafts():
    assert numbers_supported("1. Upload the file.\n2) Ask about it.\n10. Wait 25 seconds.", HITS) == (
        numbers_supported("Wait 25 seconds.", HITS)
    )


@pytest.mark.parametrize(("length", "expected"), [(0, 1.0), (600, 1.0), (1200, 0.5)])
def test_the_length_signal_falls_beyond_an_ordinary_answer(length: int, expected: float):
    assert signals_of("x" * length)["length"] == pytest.approx(expected)
