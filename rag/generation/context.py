"""Hits to the excerpts of a prompt: the pieces of many passages that most likely hold the answer, and no more."""

from dataclasses import dataclass

from rag.generation.fragments import Fragment, fragments_of
from rag.generation.tokens import estimate_tokens
from rag.retrieval.highlights import relevance
from rag.types import Hit, SearchResult

ENOUGH = 0.995
"""The chance that the answer is in the prompt at which nothing more is added. With 800 tokens at most, squad's answers
stand in .954 of the prompts, of 432 tokens on average, and in .937 of five whole passages, 1,086 tokens; at .98 it is
.951 for 352, but .006 less in Spanish (benchmarks/context)."""

_FRAME, _GAP = 6, 2
"""Tokens of a passage's number and line ends, and of the mark where something is left out."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What a prompt shows of a passage."""

    hit: Hit
    spans: tuple[tuple[int, int], ...]
    """Stretches of the passage's text, in order, with something left out between any two."""

    @property
    def text(self) -> str:
        """The stretches with an ellipsis at each gap, under the table's header where they begin with its rows."""
        passage = self.hit.passage
        parts = [passage.header, "\n"] if passage.header and passage.text.startswith("|", self.spans[0][0]) else []
        shown = self.spans[0][0]
        for start, end in self.spans:
            parts += [_gap(passage.text[shown:start]), passage.text[start:end]]
            shown = end
        return "".join(parts)


def pack(search: SearchResult, *, tokens: int, passages: int) -> tuple[Excerpt, ...]:
    """The excerpts of at most so many passages that together cost at most so many tokens, in the order of the hits.

    The likeliest piece is always among them, whatever it costs. Pieces are added by their chance to hold the answer,
    until that is all but certain: an easy question gets a short prompt, a hard one all the room that there is.
    """
    texts = [_Text(hit) for hit in search.hits]
    shares = relevance(search, [text.readings() for text in texts])
    ranked = sorted(
        ((chance, number, index) for number, row in enumerate(shares) for index, chance in enumerate(row)),
        key=lambda each: -each[0],
    )
    certainty, opened = 0.0, 0
    for _, number, index in ranked:
        text = texts[number]
        cost = text.cost_of(index)
        if opened and (cost > tokens or (not text.shown and opened == passages)):
            continue
        opened += not text.shown
        tokens -= cost
        certainty += sum(shares[number][each] for each in text.show(index))
        if certainty >= ENOUGH:
            break
    return tuple(text.excerpt() for text in texts if text.shown)


class _Text:
    """A hit's text in pieces, and which of them are shown."""

    def __init__(self, hit: Hit) -> None:
        self._hit, self._text = hit, hit.passage.text
        self._pieces = fragments_of(self._text) if hit.score else _whole(self._text)
        self.shown: set[int] = set()

    def readings(self) -> list[tuple[str, ...]]:
        """Each piece with the one that it cannot do without."""
        said = [self._text[fragment.start : fragment.end] for fragment in self._pieces]
        return [
            (own,) if fragment.lead is None else (said[fragment.lead], own)
            for fragment, own in zip(self._pieces, said, strict=True)
        ]

    def cost_of(self, index: int) -> int:
        """Tokens that showing this piece adds."""
        passage = self._hit.passage
        frame = 0 if self.shown else _FRAME + estimate_tokens(passage.place) + estimate_tokens(passage.header)
        return frame + sum(self._cost(each) for each in self._needed(index))

    def show(self, index: int) -> set[int]:
        """Shows a piece with what it cannot do without; those that were not shown before."""
        new = self._needed(index)
        self.shown |= new
        return new

    def excerpt(self) -> Excerpt:
        """What is shown, as stretches that begin and end with a piece."""
        spans: list[tuple[int, int]] = []
        before = -1
        for index in sorted(self.shown):
            fragment = self._pieces[index]
            beside = spans and index == before + 1
            start = spans.pop()[0] if beside else fragment.start
            spans.append((start, fragment.end))
            before = index
        return Excerpt(self._hit, tuple(spans))

    def _needed(self, index: int) -> set[int]:
        lead = self._pieces[index].lead
        return {index} - self.shown if lead is None else {lead, index} - self.shown

    def _cost(self, index: int) -> int:
        following = index + 1
        end = self._pieces[following].start if following < len(self._pieces) else len(self._text)
        return estimate_tokens(self._text[self._pieces[index].start : end]) + _GAP


def _whole(text: str) -> list[Fragment]:
    """Of a passage that was found by no word, because its file was pointed at: all of it."""
    return [Fragment(0, len(text))] if text.strip() else []


def _gap(left_out: str) -> str:
    """What stands in the place of text that is left out."""
    if not left_out:
        return ""
    return "\n…\n" if left_out.rstrip(" \t").endswith("\n") else " … "
