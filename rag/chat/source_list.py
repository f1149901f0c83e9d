"""The sources under an answer, as plain data for `public/elements/Sources.jsx`."""

from typing import Any

from rag.types import Citation, Hit, Turn

Props = dict[str, Any]


def source_props(turn: Turn, note: str = "") -> Props:
    """Cited passages with their supporting sentence, the others apart, who wrote the answer and why, and a note."""
    return {
        "cited": [_source(citation) for citation in turn.citations if citation.cited],
        "others": [_source(citation) for citation in turn.citations if not citation.cited],
        "nearest": [_passage(hit) for hit in turn.search.hits[:3]] if turn.outcome == "abstained" else [],
        "byline": byline(turn),
        "notices": [*turn.notices, *([note] if note and turn.outcome == "quoted" else [])],
        "offer_upload": turn.outcome == "abstained",
    }


def byline(turn: Turn) -> str:
    """One line: which model wrote the answer, and why that one."""
    if turn.outcome == "abstained":
        return ""
    if turn.outcome == "quoted":
        return "Quoted word for word; no model wrote this."
    if turn.outcome == "escalated":
        return f"Written by {turn.model}. {turn.decision.reason}"
    if turn.outcome == "kept_draft" and turn.escalated:
        return f"Written by {turn.model}; {turn.escalated.model} answered too, but less of it stood in your documents."
    if turn.decision.trigger:
        return f"Written by {turn.model}. {turn.decision.reason}"
    return f"Written by {turn.model}."


def _source(citation: Citation) -> Props:
    return {"number": citation.number, **_passage(citation.hit, citation.quote)}


def _passage(hit: Hit, quote: tuple[int, int] | None = None) -> Props:
    passage, document = hit.passage, hit.passage.document
    start, end = quote or (0, 0)
    return {
        "place": passage.place,
        "document": document.name,
        "title": document.title,
        "headings": list(passage.headings),
        "where": passage.where,
        "origin": document.origin,
        "collection": document.collection,
        "table_header": passage.header,
        "parts": [passage.text[:start], passage.text[start:end], passage.text[end:]],
        "strength": round(hit.normalised_score, 2),
    }
