"""What stands under an answer."""

import json
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.chat.panel import Props, byline, source_props
from rag.escalation.confidence import Answerability
from rag.escalation.policy import Policy, escalate_on_request
from rag.grounding.citations import check
from rag.turn.state import UNSUPPORTED
from rag.types import (
    Decision,
    Document,
    Generation,
    Hit,
    Outcome,
    Passage,
    SearchResult,
    Timings,
    Turn,
    UnsupportedSentence,
)
from tests.fakes import passages

DOCUMENT = Document("rules.pdf", "Rules", "upload")
UPLOADS = "Files are read. The largest file that may be uploaded is 25 MB. Larger ones are refused."
HITS = (
    Hit(Passage(DOCUMENT, 0, UPLOADS, ("Rules", "Uploads"), 3), 3.0, 0.876),
    *(Hit(p, 1.0, 0.4) for p in passages(Document("guide.md", "Guide"), ("One.", "Two.", "Three."))),
)
KEPT = Decision("keep", "Confidence 0.90 is at or above 0.50.", 0.9, 0.5)
GOOD = "The largest file is 25 MB [1]. And one [2]."


def turn_of(outcome: Outcome = "answered", text: str = GOOD, hits: tuple[Hit, ...] = HITS, **changes) -> Turn:
    turn = Turn(
        question="?",
        answer=text,
        outcome=outcome,
        citations=() if outcome == "abstained" else check(text, hits).citations,
        search=SearchResult(hits),
        decision=KEPT,
        timings=Timings(),
        draft=None if outcome == "abstained" else Generation("quoting" if outcome == "quoted" else "phi-4-mini", text),
        escalated=Generation("gpt-oss-20b", text) if outcome in ("escalated", "kept_draft") else None,
    )
    return replace(turn, **changes)


def sources(props: Props) -> list[Props]:
    return [*props["cited"], *props["others"], *props["nearest"]]


ASKED = escalate_on_request(Policy(), Answerability(0.9), "gpt-oss-20b")


@pytest.mark.parametrize("outcome", get_args(Outcome))
def test_every_outcome_can_be_sent_to_the_browser(outcome: Outcome):
    props = source_props(turn_of(outcome, notices=("Oh.",)), note="No model is set up.")
    assert json.loads(json.dumps(props, allow_nan=False)) == props
    assert props["notices"][0] == "Oh."


def test_cited_passages_come_with_their_sentence_and_the_others_apart():
    props = source_props(turn_of())
    assert [source["number"] for source in props["cited"]] == [1, 2]
    assert [source["number"] for source in props["others"]] == [3, 4]
    assert props["nearest"] == []
    assert not props["offer_upload"]
    assert props["cited"][0] == {
        "number": 1,
        "place": "rules.pdf › Uploads · p. 3",
        "document": "rules.pdf",
        "title": "Rules",
        "headings": ["Rules", "Uploads"],
        "where": "p. 3",
        "collection": "",
        "table_header": "",
        "origin": "upload",
        "parts": ["Files are read. ", "The largest file that may be uploaded is 25 MB.", " Larger ones are refused."],
        "strength": 0.88,
    }


def test_a_passage_without_a_quote_is_one_part():
    assert source_props(turn_of())["others"][0]["parts"] == ["", "", "Two."]


def test_an_abstention_shows_the_nearest_passages_and_offers_an_upload():
    props = source_props(turn_of("abstained", ""))
    assert (props["cited"], props["others"], props["byline"]) == ([], [], "")
    assert [source["parts"][2] for source in props["nearest"]] == [UPLOADS, "One.", "Two."]
    assert props["offer_upload"]


def test_an_abstention_without_any_passage_still_offers_an_upload():
    props = source_props(turn_of("abstained", "", ()))
    assert (props["nearest"], props["offer_upload"]) == ([], True)


@pytest.mark.parametrize("outcome", get_args(Outcome))
def test_the_note_about_missing_models_stands_under_quotes_only(outcome: Outcome):
    assert source_props(turn_of(outcome), "Start a model.")["notices"] == (
        ["Start a model."] if outcome == "quoted" else []
    )


@pytest.mark.parametrize(
    ("turn", "expected"),
    [
        (turn_of(), "Written by phi-4-mini."),
        (turn_of("abstained", ""), ""),
        (turn_of("quoted"), "Quoted word for word; no model wrote this."),
        (
            turn_of("escalated", decision=ASKED),
            "Written by gpt-oss-20b. You asked for gpt-oss-20b.",
        ),
        (
            turn_of("escalated", draft=None, decision=replace(ASKED, reason="You asked for x.")),
            "Written by gpt-oss-20b. You asked for x.",
        ),
        (
            turn_of(decision=replace(KEPT, trigger="long_answer", reason="It is long. It stays.")),
            "Written by phi-4-mini. It is long. It stays.",
        ),
        (
            turn_of("kept_draft"),
            "Written by phi-4-mini; gpt-oss-20b answered too, but less of it stood in your documents.",
        ),
    ],
)
def test_the_byline_says_who_wrote_it_and_why(turn: Turn, expected: str):
    assert byline(turn) == source_props(turn)["byline"] == expected


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.text(max_size=80) | st.sampled_from((UPLOADS, "One. Two [1].", "文件。上传。")), max_size=4),
    st.lists(st.sampled_from(("file", "25 MB", "[1]", "[2]", "[9]", "文件", ". ")), max_size=12).map(" ".join),
    st.sampled_from(get_args(Outcome)),
)
def test_the_parts_of_every_source_are_its_whole_passage(texts: list[str], text: str, outcome: Outcome):
    hits = tuple(Hit(passage, 1.0, 0.5) for passage in passages(DOCUMENT, texts))
    props = source_props(turn_of(outcome, text, hits))
    written = sources(props)
    assert len(written) == (min(3, len(hits)) if outcome == "abstained" else len(hits))
    for source in written:
        assert "".join(source["parts"]) in texts
    assert all(source["parts"][1] == "" for source in (*props["others"], *props["nearest"]))


def test_unsupported_sentences_are_listed_with_their_reasons_instead_of_a_notice():
    text = "Zebras | eat *grass* [1]. And one [2]."
    unsupported = (UnsupportedSentence(0, 25, ("no_source", "number")),)
    props = source_props(turn_of(text=text, unsupported=unsupported, notices=("Oh.", UNSUPPORTED)))
    reason = "no passage says this; a number, date or code in it stands in no passage"
    assert props["unsupported"] == [{"text": "Zebras · eat *grass*.", "reason": reason, "letters": 15}]
    assert props["notices"] == ["Oh."]
    assert source_props(turn_of(text=text, notices=(UNSUPPORTED,)))["notices"] == [UNSUPPORTED]


def test_what_a_list_of_documents_names_can_be_opened_but_is_no_source():
    passage = Passage(Document("a.md", "A"), 0, "How it begins.")
    props = source_props(replace(turn_of("abstained"), outcome="replied", listed=(passage,)))
    assert [(each["number"], each["document"], "".join(each["parts"])) for each in props["listed"]] == [
        (1, "a.md", "How it begins.")
    ]
    assert sources(props) == []
