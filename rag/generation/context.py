"""The context of a prompt: from many hits the fragments that most likely hold the answer, within a token budget."""

from dataclasses import dataclass

from rag.generation.fragments import Fragment, fragments_of
from rag.retrieval.highlights import relevance
from rag.types import Hit, SearchResult

ENOUGH = 0.995
"""The probability that the answer is in the prompt at which nothing more is added. With 800 tokens at most, squad's
answers stand in .954 of the prompts, of 432 tokens on average, and in .937 of five whole passages, 1,086 tokens; at .98
it is .951 for 352, but .006 less in Spanish (benchmarks/context)."""

_FRAME, _GAP = 6, 2
"""Tokens of a passage's number and line ends, and of the mark where something is left out."""


def estimate_tokens(text: str) -> int:
    """About how many tokens a text costs: four ASCII characters each, two of other alphabets, one of CJK.

    A rule of thumb that errs to the high side for byte-pair vocabularies of 100,000 entries and more; a prompt that
    is too long all the same is answered by the server's 400 and sent again with one passage less.
    """
    ascii_, cjk = 0, 0
    for character in text:
        if character < "\x80":
            ascii_ += 1
        elif character >= "\u2e80":
            cjk += 1
    return (ascii_ + 3) // 4 + (len(text) - ascii_ - cjk + 1) // 2 + cjk


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What a prompt shows of a passage."""

    hit: Hit
    spans: tuple[tuple[int, int], ...]
    """Stretches of the passage's text, in order, with something left out between any two."""

    @classmethod
    def whole(cls, hit: Hit) -> "Excerpt":
        """All of the passage."""
        return cls(hit, ((0, len(hit.passage.text)),))

    @property
    def text(self) -> str:
        """The stretches with an ellipsis at each gap, under the table's header where they begin with its rows."""
        passage = self.hit.passage
        parts = [passage.header, "\n"] if passage.header and passage.text.startswith("|", self.spans[0][0]) else []
        end_before = self.spans[0][0]
        for start, end in self.spans:
            parts += [_gap(passage.text[end_before:start]), passage.text[start:end]]
            end_before = end
        return "".join(parts)


def select_excerpts(search: SearchResult, *, tokens: int, passages: int, question: str = "") -> tuple[Excerpt, ...]:
    """Excerpts of at most `passages` hits that together cost at most `tokens`, in the order of the hits.

    The most relevant fragment is always among them, whatever it costs. Fragments are added by their probability to
    hold the answer, until that is all but certain: an easy question gets a short prompt, a hard one the whole budget.
    With the `question` a definition that it asks for comes first.
    """
    selections = [_Selection(hit) for hit in search.hits]
    chances = relevance(search, [selection.readings() for selection in selections], question)
    ranked = sorted(
        ((chance, number, index) for number, row in enumerate(chances) for index, chance in enumerate(row)),
        key=lambda each: -each[0],
    )
    certainty, used = 0.0, 0
    for _, number, index in ranked:
        selection = selections[number]
        cost = selection.cost_of(index)
        if used and (cost > tokens or (not selection.selected and used == passages)):
            continue
        used += not selection.selected
        tokens -= cost
        certainty += sum(chances[number][each] for each in selection.add(index))
        if certainty >= ENOUGH:
            break
    return tuple(selection.excerpt() for selection in selections if selection.selected)


class _Selection:
    """A hit's text in fragments, and which of them are selected."""

    def __init__(self, hit: Hit) -> None:
        self._hit, self._text = hit, hit.passage.text
        self._fragments = fragments_of(self._text) if hit.score else _whole(self._text)
        self.selected: set[int] = set()

    def readings(self) -> list[tuple[str, ...]]:
        """Each fragment with the one that it depends on."""
        texts = [self._text[fragment.start : fragment.end] for fragment in self._fragments]
        return [
            (own,) if fragment.lead is None else (texts[fragment.lead], own)
            for fragment, own in zip(self._fragments, texts, strict=True)
        ]

    def cost_of(self, index: int) -> int:
        """Tokens that selecting this fragment adds."""
        passage = self._hit.passage
        frame = 0 if self.selected else _FRAME + estimate_tokens(passage.place) + estimate_tokens(passage.header)
        return frame + sum(self._cost(each) for each in self._missing(index))

    def add(self, index: int) -> set[int]:
        """Selects a fragment with the one that it depends on; returns those that were not selected before."""
        new = self._missing(index)
        self.selected |= new
        return new

    def excerpt(self) -> Excerpt:
        """What is selected, as stretches that begin and end with a fragment."""
        spans: list[tuple[int, int]] = []
        previous = -1
        for index in sorted(self.selected):
            fragment = self._fragments[index]
            adjacent = spans and index == previous + 1
            start = spans.pop()[0] if adjacent else fragment.start
            spans.append((start, fragment.end))
            previous = index
        return Excerpt(self._hit, tuple(spans))

    def _missing(self, index: int) -> set[int]:
        lead = self._fragments[index].lead
        return {index} - self.selected if lead is None else {lead, index} - self.selected

    def _cost(self, index: int) -> int:
        following = index + 1
        end = self._fragments[following].start if following < len(self._fragments) else len(self._text)
        return estimate_tokens(self._text[self._fragments[index].start : end]) + _GAP


def _whole(text: str) -> list[Fragment]:
    """A passage that was found by no word, because its file was pointed at, as one fragment."""
    return [Fragment(0, len(text))] if text.strip() else []


def _gap(left_out: str) -> str:
    """What stands in place of text that is left out."""
    if not left_out:
        return ""
    return "\n…\n" if left_out.rstrip(" \t").endswith("\n") else " … "
