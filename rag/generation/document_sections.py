"""Long documents as sections that a model reads one by one, and which of them to read when there are too many."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise, takewhile

import numpy as np

from rag.generation.context import estimate_tokens
from rag.generation.sentence_ranking import rank
from rag.types import Passage

_CHAPTER = 1.5
"""What a section counts more that begins a chapter."""
_BEGINNING = 2
"""Sections at the beginning that are always read."""
_MOST_RANKED = 300
"""Sections that are compared with each other; of more, each one after as many others."""
_COMPARED = 1500
"""Characters of a section by which it is compared."""


def sections_of(passages: Sequence[Passage], tokens: int) -> list[Passage]:
    """The document in order as sections of at most about so many tokens, or of one passage.

    A section is a passage that holds the text of several, with the headings between them; its id, page and offsets are
    those of its parts.
    """
    return [_joined(group) for group in _groups(passages, tokens)]


def representative(sections: Sequence[Passage], most: int) -> list[Passage]:
    """At most `most` of the sections, in order: those at the beginning, then the most central that are not alike.

    Where too many are alike, others at even distances take their place.
    """
    if len(sections) <= most:
        return list(sections)
    ranked = _BEGINNING + np.asarray(_central(sections[_BEGINNING:], most, sections[0].document.title), int)
    spread = np.linspace(0, len(sections) - 1, most).astype(int)
    order = dict.fromkeys([*range(_BEGINNING), *ranked.tolist(), *spread.tolist(), *range(len(sections))])
    return [sections[n] for n in sorted(list(order)[:most])]


def _central(sections: Sequence[Passage], most: int, title: str) -> list[int]:
    """The indexes of the most central sections, the best first; of very many, those at even distances are compared."""
    step = -(-len(sections) // _MOST_RANKED)
    compared = sections[::step]
    begins = [True, *(each.headings[:1] != before.headings[:1] for before, each in pairwise(compared))]
    weights = [_CHAPTER if chapter else 1.0 for chapter in begins]
    ranking = rank([each.text[:_COMPARED] for each in compared], weights, title=title)
    return [step * n for n in ranking.choose(most)]


def _groups(passages: Sequence[Passage], tokens: int) -> Iterator[list[Passage]]:
    """Neighbours that fit; a chapter begins a new group where the last one is half full."""
    group: list[Passage] = []
    used = 0
    for passage in passages:
        cost = estimate_tokens(passage.shown)
        is_chapter = bool(group) and passage.headings[:1] != group[-1].headings[:1]
        if group and (used + cost > tokens or (is_chapter and used > tokens / 2)):
            yield group
            group, used = [], 0
        group.append(passage)
        used += cost
    if group:
        yield group


def _joined(group: Sequence[Passage]) -> Passage:
    """One passage of the group: with the headings that all of it has."""
    first, last = group[0], group[-1]
    if first is last:
        return first
    levels = takewhile(lambda level: len(set(level)) == 1, zip(*(each.headings for each in group), strict=False))
    headings = tuple(level[0] for level in levels)
    parts = [first.shown if first.headings == headings else _titled(first)]
    for before, each in pairwise(group):
        parts.append(each.shown if each.headings == before.headings else _titled(each))
    rows = (first.rows[0], last.rows[1]) if first.rows and last.rows else None
    return replace(first, text="\n\n".join(parts), headings=headings, end=last.end, header="", rows=rows)


def _titled(passage: Passage) -> str:
    return "\n".join((*passage.headings[-1:], passage.shown))
