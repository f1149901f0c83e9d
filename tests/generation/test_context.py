"""What of the passages a prompt shows: the pieces that hold the answer, in order, within the budget."""

import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.generation.context import Excerpt, estimate_tokens, select_excerpts
from rag.retrieval.search import Searcher
from rag.types import Document, Hit, Passage, SearchResult
from tests.fakes import index_of

DOCUMENT = Document("guide.md", "Guide")
LIMITS = (
    "Groundwork reads what people drop into the chat. A worker does it. The largest file to be uploaded has 25 MB. "
    "Larger ones are refused with a reason. Pictures are left out. Sounds are left out too. The sun shines at noon."
)
OTHERS = [f"Topic {word} has a page of its own. Nobody asks about {word} in summer." for word in ("ash", "elm", "oak")]


def searched(question: str, *texts: str) -> SearchResult:
    return Searcher(index_of(*texts)).search(question, limit=12)


def selected(search: SearchResult, tokens: int = 800, passages: int = 8) -> list[Excerpt]:
    return list(select_excerpts(search, tokens=tokens, passages=passages))


def cost(excerpts: list[Excerpt]) -> int:
    return sum(estimate_tokens(e.text) + estimate_tokens(e.hit.passage.place) for e in excerpts)


def hit_of(passage: Passage, score: float = 1.0) -> Hit:
    return Hit(passage, score, 0.5)


# What is shown


def test_the_sentence_that_answers_is_shown_and_other_passages_are_not():
    (excerpt,) = selected(searched("How large may an uploaded file be?", LIMITS, *OTHERS), tokens=50)
    assert "The largest file to be uploaded has 25 MB. Larger ones are refused with a reason." in excerpt.text
    assert len(excerpt.text) < len(LIMITS)


def test_the_sentences_beside_a_good_one_go_before_others_that_share_nothing_either():
    near = "Rain falls. The largest uploaded file has a limit. Twenty-five is all."
    (excerpt,) = selected(searched("largest uploaded file limit", f"The sun shines. {near} Snow melts. Ice stays."), 35)
    assert excerpt.text == near


def test_a_gap_is_marked_and_neighbours_are_not_parted():
    text = (
        "Uploads have a limit. " + "The weather is fine today and was yesterday. " * 6 + "Uploads stay here. So it is."
    )
    (excerpt,) = selected(searched("uploads", text), tokens=25)
    assert excerpt.text.startswith("Uploads have a limit. … ")
    assert "Uploads stay here." in excerpt.text
    assert len(excerpt.spans) == 2


def test_a_gap_before_a_line_of_its_own_is_a_line_of_its_own():
    rows = "\n".join(f"| {name} | {n} days |" for n, name in enumerate(("pay", "leave", "travel", "sick", "car")))
    (excerpt,) = selected(searched("How many days is sick?", f"| What | How long |\n|---|---|\n{rows}"), tokens=30)
    assert excerpt.text == "| What | How long |\n|---|---|\n…\n| sick | 3 days |"


def test_an_easy_question_gets_a_short_prompt_and_a_hard_one_all_the_room():
    texts = [f"Uploads of {word} are kept. They wait with {word} for hours." for word in ("ash", "elm", "oak", "fir")]
    easy = selected(searched("How large may an uploaded file be?", LIMITS, *OTHERS))
    hard = selected(searched("What about uploads?", *texts))
    assert len(easy) == 1
    assert sorted(excerpt.text for excerpt in hard) == sorted(texts)


def test_a_passage_under_the_heading_that_was_asked_for_is_shown_whole():
    steps = "Open the menu. Choose a name. Press the button."
    told = Passage(DOCUMENT, 0, steps, headings=("Guide", "Change the proxy"))
    other = Passage(DOCUMENT, 1, "The weather is fine. It was so yesterday.")
    search = SearchResult((hit_of(told), hit_of(other, 0.5)), {"chang": 2.0, "proxi": 3.0})
    assert selected(search)[0].text == steps


def test_excerpts_keep_the_order_of_the_hits():
    search = searched("uploads", "Uploads are kept for long.", "It rains. Uploads are refused.", *OTHERS, "My uploads.")
    assert [excerpt.hit for excerpt in selected(search)] == list(search.hits)
    assert len(search.hits) == 3


def test_at_most_so_many_passages_are_quoted_from():
    search = searched("uploads", *(f"Uploads of kind {word} are kept." for word in ("ash", "elm", "oak", "fir", "yew")))
    assert len(selected(search)) == 5
    assert len(selected(search, passages=2)) == 2


def test_the_likeliest_piece_stays_whatever_it_costs():
    (excerpt,) = selected(searched("limit", f"The limit is {'very ' * 500}high.", "The end."), tokens=100)
    assert excerpt.text.startswith("The limit is very")


def test_a_passage_that_no_word_found_was_pointed_at_and_is_shown_whole():
    opening = ["One is first. It opens the file. Two follows.", "Three comes next. Four ends it."]
    hits = Searcher(index_of(*opening, origin="upload")).opening({"upload:guide.md"}, limit=12)
    assert [excerpt.text for excerpt in selected(SearchResult(tuple(hits)))] == opening


def test_rows_stand_under_the_header_of_their_table_that_began_before_the_passage():
    rows = "| sick | 3 days |\n| leave | 30 days |"
    passage = Passage(DOCUMENT, 0, f"{rows}\n\nAsk your lead.", header="| What | How long |\n|---|---|", rows=(7, 8))
    (excerpt,) = selected(SearchResult((hit_of(passage),), {"leav": 2.0, "dai": 1.0}), tokens=30)
    assert excerpt.text == "| What | How long |\n|---|---|\n| leave | 30 days |"
    (excerpt,) = selected(SearchResult((hit_of(passage),), {"lead": 2.0, "ask": 1.0}), tokens=30)
    assert excerpt.text == "Ask your lead."


def test_a_row_is_found_by_its_header_too():
    table = "| Month | Budget |\n|---|---|\n| May | 7 |\n| June | 9 |"
    (excerpt,) = selected(searched("budget in June", table, "In June it rains. It did in May."), passages=1)
    assert "| Month | Budget |\n|---|---|" in excerpt.text
    assert "| June | 9 |" in excerpt.text


def test_without_hits_there_is_nothing_to_show():
    assert selected(SearchResult(())) == []
    assert selected(SearchResult((hit_of(Passage(DOCUMENT, 0, " \n ")),))) == []


# Properties

LINES = st.sampled_from(
    [
        *("Uploads are kept. She left.", "Title", "It reads:", "- a file", "```", "| a | b |", "|---|---|", "", ""),
        *("文件。上传的文件", "word " * 40, "x" * 400, "</passages> <|end|>"),
    ]
)
TEXTS = st.lists(LINES, max_size=10).map("\n".join) | st.text(max_size=120)
HEADERS = st.sampled_from(["", "| What | How |\n|---|---|"])


@settings(max_examples=250, deadline=None)
@given(
    st.lists(st.tuples(TEXTS, HEADERS, st.sampled_from([0.0, 1.0])), max_size=6),
    st.dictionaries(st.sampled_from(["upload", "file", "kept", "#文件"]), st.floats(0, 9)),
    st.integers(10, 400),
    st.integers(1, 6),
)
def test_excerpts_are_the_passages_own_words_within_the_budget(
    texts: list[tuple[str, str, float]], weights: dict[str, float], tokens: int, passages: int
):
    hits = tuple(
        replace(hit_of(Passage(DOCUMENT, n, text, header=header), score), normalised_score=1 / (n + 1))
        for n, (text, header, score) in enumerate(texts)
    )
    search = SearchResult(hits, weights)
    excerpts = selected(search, tokens, passages)
    assert excerpts == selected(search, tokens, passages), "the same every time"
    assert bool(excerpts) == any(text.strip() for text, _, _ in texts)
    assert len(excerpts) <= passages
    assert cost(excerpts) <= tokens or len(excerpts) == 1
    numbers = [hits.index(excerpt.hit) for excerpt in excerpts]
    assert numbers == sorted(set(numbers))
    for excerpt in excerpts:
        passage = excerpt.hit.passage
        bounds = [bound for span in excerpt.spans for bound in span]
        assert bounds == sorted(set(bounds))
        assert 0 <= bounds[0] < bounds[-1] <= len(passage.text)
        shown = [passage.text[start:end] for start, end in excerpt.spans]
        for before, after in zip(excerpt.spans, excerpt.spans[1:], strict=False):
            assert passage.text[before[1] : after[0]].strip(), "something is left out"
        headless = excerpt.text.removeprefix(f"{passage.header}\n" if passage.header else "")
        marks = headless.replace("\n…\n", " … ")
        assert marks == " … ".join(shown).replace("\n…\n", " … ")


@pytest.mark.parametrize("unit", ["x", "字", " ", "- a\n", "```\n", "|a|b|\n", "a:\n\n", "Upload it. ", "*", ". "])
def test_no_passage_makes_it_slow(unit: str):
    passages = [Passage(DOCUMENT, n, unit * (100_000 // len(unit)), header="|h|\n|-|") for n in range(2)]
    search = SearchResult(tuple(map(hit_of, passages)), {"upload": 1.0, "#字": 1.0})
    began = time.process_time()
    select_excerpts(search, tokens=800, passages=8)
    assert time.process_time() - began < 10


def test_a_table_with_a_huge_header_is_read_in_time():
    table = f"|{'word ' * 110}|\n|-|\n" + "|a|\n" * 20_000
    began = time.process_time()
    select_excerpts(SearchResult((hit_of(Passage(DOCUMENT, 0, table)),), {"word": 1.0}), tokens=800, passages=8)
    assert time.process_time() - began < 10
