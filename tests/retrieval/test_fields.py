"""What of a passage is searched, and what counts for how much."""

import pytest

from rag.retrieval.fields import FIELDS, field_terms, heading_context, searched_text
from rag.retrieval.memory_index import MemoryIndex
from rag.retrieval.search import Searcher
from rag.text.analysis import analyse
from rag.types import Document, Passage

GUIDE = Document("guide.md", "Travel guide")
PASSAGE = Passage(GUIDE, 0, "| 1 | Oslo |", ("Travel guide", "Cities", "Prices"), header="| No | City |")


def test_title_headings_and_table_header_stand_above_the_text():
    assert heading_context(PASSAGE) == "Travel guide\nCities\nPrices\n| No | City |"
    assert searched_text(PASSAGE) == f"{heading_context(PASSAGE)}\n| 1 | Oslo |"


def test_every_field_has_its_terms():
    terms = field_terms(PASSAGE)
    assert terms.keys() == {field.name for field in FIELDS}
    assert terms["words"] == analyse(searched_text(PASSAGE)).words
    assert terms["grams"] == analyse(searched_text(PASSAGE)).grams
    assert terms["title"] == ("travel", "guid")
    assert terms["headings"] == ("citi", "price")
    assert terms["names"] == ("^tg", "guid", "travel", "travelguid")


def test_a_passage_without_title_and_headings_has_empty_fields():
    terms = field_terms(Passage(Document("a.txt", ""), 0, "Uploads."))
    assert (terms["words"], terms["title"], terms["headings"]) == (("upload",), (), ())


@pytest.mark.parametrize(
    ("title", "headings"),
    [("Parking permits", ()), ("Handbook", ("Handbook", "Parking permits"))],
    ids=("title", "headings"),
)
def test_what_a_text_is_called_counts_more_than_what_it_mentions(title: str, headings: tuple[str, ...]):
    index = MemoryIndex()
    called, mentions = Document("called.md", title), Document("mentions.md", "")
    index.put(mentions, [Passage(mentions, 0, "Parking permits: ask at the desk, please bring your plate.")])
    index.put(called, [Passage(called, 0, "Ask at the desk, bring your plate number.", headings)])
    hits = Searcher(index).search("parking permits", limit=2).hits
    assert [hit.passage.document for hit in hits] == [called, mentions]
