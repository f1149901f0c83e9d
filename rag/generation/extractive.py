"""No model at all: the best fragments of the best passages, word for word and cited, the decisive sentence marked."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import mean

from rag.generation.chat_model import Ended, GenerationLimits, ModelEvent, Opened, Requested, TextDelta
from rag.generation.fragments import Fragment, fragments_of
from rag.generation.prompt import Prompt
from rag.generation.quotes import Quote, as_markdown
from rag.retrieval.highlights import relevance
from rag.text.definitions import defined_term, defines
from rag.text.sentences import is_form, line_spans
from rag.types import Document, Hit, Passage, SearchResult

MOST_FRAGMENTS, MOST_PASSAGES = 4, 3
"""Sentences, lists, rows … that are chosen, and passages that they may come from."""
ENOUGH = 0.95
"""The probability to hold the answer at which no further fragment is quoted. What is quoted so holds it for 89 % of
squad's questions at 157 tokens, 95 % of xquad's in Spanish at 160 and 93 % in Russian at 152; one whole passage for
84 % of squad's at 199 (benchmarks/quoting)."""

_CONTEXT = 240
"""Characters of the sentence after the best one, which is quoted with it where it stands alone."""
_LINES_AROUND = 2
"""Of a form, before and after a line that is quoted."""
_SAME_TABLE = 0.3
"""A second row of a table or line of a form is quoted from this share of the best one's probability: that it stands
beside it is no reason there."""
_STANDS_OUT, _MARKED = 1.5, 1.15
"""How much likelier than the mean a line must be to be quoted without its form, and a sentence to be marked."""
_MOST_CHARS = 1200
"""Of a form, a list or a table that is quoted whole."""


class ExtractiveModel:
    """A `ChatModel` that generates nothing: each passage is a block quote with its mark, `> sentence [n]`."""

    alias = "quoting"
    generates = False

    async def stream(self, prompt: Prompt, limits: GenerationLimits) -> AsyncGenerator[ModelEvent]:
        """The quotes, one delta a passage, in the order of their best fragments."""
        yield Requested()
        search = SearchResult(prompt.hits, prompt.weights)
        chosen = await asyncio.to_thread(choose, search, prompt.question)
        yield Opened()
        for n, quote in enumerate(chosen):
            yield TextDelta(("\n\n" if n else "") + as_markdown(quote))
        yield Ended("stop")


def choose(search: SearchResult, question: str = "") -> list[Quote]:
    """What to quote, a quote for each passage, best first; none when nothing was found.

    A list comes with its introduction, a row with its table's header, a line of a form with the lines around it.
    """
    sources = [_Source(number, hit) for number, hit in enumerate(search.hits, 1)]
    chances = relevance(search, [source.readings for source in sources], question)
    certainty, count = 0.0, 0
    used: list[_Source] = []
    for source, index in _ranked(sources, chances, defined_term(question)):
        if count == MOST_FRAGMENTS or certainty >= ENOUGH:
            break
        row = chances[source.number - 1]
        if (not source.chosen and len(used) == MOST_PASSAGES) or not source.may_add(index, row):
            continue
        if not source.chosen:
            used.append(source)
        certainty += source.add(index, row)
        count += 1
    return [source.quote(search.weights, question, marked=n == 0) for n, source in enumerate(used)]


def _ranked(
    sources: Sequence["_Source"], chances: Sequence[Sequence[float]], term: str
) -> Iterator[tuple["_Source", int]]:
    """All fragments by their probability; only those that best define the term where it is asked for and some do."""
    every = [(source, index) for source in sources for index in range(len(source.fragments))]
    defining = [defines(source.readings[index][-1], term) for source, index in every]
    best = max(defining, default=0)
    eligible = (each for each, level in zip(every, defining, strict=True) if level == best)
    return iter(sorted(eligible, key=lambda each: -chances[each[0].number - 1][each[1]]))


@dataclass
class _Source:
    """A hit's text in fragments, and which of them are chosen."""

    number: int
    hit: Hit
    fragments: list[Fragment] = field(init=False)
    chosen: list[int] = field(default_factory=list[int])
    """Best first."""
    shown: set[int] = field(default_factory=set[int])
    """Those and what they need."""

    def __post_init__(self) -> None:
        self.fragments = _with_lines(self.hit.passage.text)

    @property
    def readings(self) -> list[tuple[str, ...]]:
        """Each fragment with the one that it depends on."""
        return [
            (self._text(each),) if each.lead is None else (self._text(self.fragments[each.lead]), self._text(each))
            for each in self.fragments
        ]

    def may_add(self, index: int, chances: Sequence[float]) -> bool:
        """Whether it has something of its own: no header without rows, no row that stands only beside a better one."""
        each = self.fragments[index]
        if index in self.shown:
            return False
        if each.kind == "header":
            return not any(self.fragments[other].lead == index for other in self.chosen) and bool(self._led_by(index))
        alike = [other for other in self.chosen if self.fragments[other].kind == each.kind in ("table", "line")]
        return all(chances[index] >= _SAME_TABLE * chances[other] for other in alike)

    def add(self, index: int, chances: Sequence[float]) -> float:
        """Chooses a fragment; returns the probability that what is shown now holds the answer and was not before."""
        before = set(self.shown)
        self.chosen.append(index)
        self.shown |= {index, *self._needed(index, chances)}
        return sum(chances[each] for each in self.shown - before)

    def quote(self, weights: Mapping[str, float], question: str, *, marked: bool) -> Quote:
        """The quote of all that is shown, with its decisive sentence when it is to be marked."""
        if len(self.shown) == 1:
            self._add_context()
        shown = [self.fragments[index] for index in sorted(self.shown)]
        decisive = self._decisive(weights, question) if marked else None
        return Quote(self.number, self.hit.passage, tuple(shown), decisive)

    def _needed(self, index: int, chances: Sequence[float]) -> set[int]:
        each = self.fragments[index]
        if each.kind == "line":
            return self._form_around(index, chances)
        led = self._led_by(index)
        lead = set[int]() if each.lead is None else {each.lead}
        return lead | self._fitting(led) if each.kind == "header" or self._text(each).endswith((":", "：")) else lead

    def _led_by(self, index: int) -> list[int]:
        return [n for n, each in enumerate(self.fragments) if each.lead == index and n > index]

    def _fitting(self, indices: Sequence[int]) -> set[int]:
        """As many of these as may be quoted together."""
        room, found = _MOST_CHARS, set[int]()
        for index in indices:
            room -= len(self._text(self.fragments[index]))
            if room < 0:
                break
            found.add(index)
        return found

    def _form_around(self, index: int, chances: Sequence[float]) -> set[int]:
        """The lines before and after one of a form; the whole form where the best of its lines does not stand out."""
        first = last = index
        while first and self.fragments[first - 1].kind == "line":
            first -= 1
        while last + 1 < len(self.fragments) and self.fragments[last + 1].kind == "line":
            last += 1
        if len(self.chosen) == 1 and chances[index] < _STANDS_OUT * mean(chances[first : last + 1]):
            return self._fitting(range(first, last + 1))
        return set(range(max(first, index - _LINES_AROUND), min(last, index + _LINES_AROUND) + 1))

    def _add_context(self) -> None:
        """The sentence after the only one that is shown, in the same paragraph."""
        (index,) = self.shown
        here, after = (self.fragments[index : index + 2] * 2)[:2]
        is_near = "\n\n" not in self.hit.passage.text[here.end : after.start] and after.end - after.start <= _CONTEXT
        if here.kind == after.kind == "prose" and is_near:
            self.shown.add(min(index + 1, len(self.fragments) - 1))

    def _decisive(self, weights: Mapping[str, float], question: str) -> tuple[int, int] | None:
        """The span of the sentence, item or row to mark, by its own words; None when it is all there is or none stands
        out."""
        text = self.hit.passage.text
        spans = [span for index in sorted(self.shown) for span in self._markable(self.fragments[index])]
        if self.fragments[self.chosen[0]].kind in ("header", "code"):
            return None
        if len(self.shown) == 1 and len(spans) < 2:
            return None
        alone = SearchResult((replace(self.hit, passage=Passage(Document("", ""), 0, text)),), weights)
        (chances,) = relevance(alone, [[(text[start:end],) for start, end in spans]], question)
        likeliest = max(range(len(spans)), key=lambda n: (chances[n], -n), default=None)
        if likeliest is None or (len(spans) > 1 and chances[likeliest] < _MARKED * mean(chances)):
            return None
        return spans[likeliest]

    def _markable(self, fragment: Fragment) -> list[tuple[int, int]]:
        """Its sentences, items or row; no code, no header, nothing that only announces."""
        text, start = self.hit.passage.text, fragment.start
        if fragment.kind in ("code", "header"):
            return []
        spans = [(start + first, start + last) for first, last in line_spans(text[start : fragment.end])]
        return [each for each in spans if not text[slice(*each)].rstrip("*_").endswith((":", "："))]

    def _text(self, fragment: Fragment) -> str:
        return self.hit.passage.text[fragment.start : fragment.end]


def _with_lines(text: str) -> list[Fragment]:
    """The fragments of a text, a form line by line."""
    found: list[Fragment] = []
    moved: dict[int, int] = {}
    for index, each in enumerate(fragments_of(text)):
        moved[index] = len(found)
        stretch = text[each.start : each.end]
        spans = list(line_spans(stretch)) if each.kind == "prose" and is_form(stretch) else []
        if len(spans) > 2:
            found += [Fragment(each.start + start, each.start + end, None, "line") for start, end in spans]
        else:
            lead = None if each.lead is None else moved[each.lead]
            found.append(Fragment(each.start, each.end, lead, each.kind))
    return found
