"""Hits that do not say the same: near-duplicates left out, neighbours joined."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from rag.text.analysis import analyse_again
from rag.types import Hit, Passage

NEAR_DUPLICATE = 0.8
"""Share of two passages' words, of all that they have, above which the lower one is left out."""

ALIKE = 2 / 3
"""Two neighbours are joined when the lower one scores so much of the other: both match then. On squad and xquad, cut
anew, this changes the prompts' length by 4 % and their recall not at all; joining all costs 16 to 30 %."""

_BLANK = 4
"""Characters: so much white space, no heading, may stand between two neighbours."""


def deduplicate(hits: Iterable[Hit]) -> Iterator[Hit]:
    """Those whose words are not nearly the words of one before."""
    seen: set[str] = set()
    kept: list[frozenset[str]] = []
    for hit in hits:
        if hit.passage.text in seen:
            continue
        seen.add(hit.passage.text)
        own = frozenset(analyse_again(hit.passage.text).units or [hit.passage.id])
        if not any(len(own & other) > NEAR_DUPLICATE * len(own | other) for other in kept):
            kept.append(own)
            yield hit


def group_neighbours(hits: Iterable[Hit], limit: int) -> list[tuple[Hit, ...]]:
    """The first hits in so many places; two whose passages are neighbours share one, in the document's order."""
    found: list[tuple[Hit, ...]] = []
    for hit in hits:
        beside = next((n for n, place in enumerate(found) if _neighbours(place, hit)), None)
        if beside is not None:
            found[beside] = tuple(sorted((*found[beside], hit), key=lambda each: each.passage.ordinal))
        elif len(found) < limit:
            found.append((hit,))
        else:
            break
    return found


def merge_neighbours(place: tuple[Hit, ...]) -> Hit:
    """One hit for one place: as strong as the stronger one of two, with the text of both."""
    first, last = place[0], place[-1]
    if first is last:
        return first
    return Hit(
        _joined(first.passage, last.passage),
        max(first.score, last.score),
        max(first.normalised_score, last.normalised_score),
    )


def _neighbours(place: tuple[Hit, ...], hit: Hit) -> bool:
    """Whether a hit matches about as well as the only one of a place, and its passage goes on where that one ends.

    Tables are left as they are: their rows are counted, and need the header above them.
    """
    first, second = sorted((place[0].passage, hit.passage), key=lambda passage: passage.ordinal)
    lower, higher = sorted((place[0].score, hit.score))
    return (
        len(place) == 1
        and lower >= ALIKE * higher
        and first.document.id == second.document.id
        and first.ordinal + 1 == second.ordinal
        and (first.headings, first.page) == (second.headings, second.page)
        and 0 < first.end <= second.start <= first.end + _BLANK
        and not (first.rows or second.rows or first.header or second.header)
    )


def _joined(first: Passage, second: Passage) -> Passage:
    """Both as one, under the first one's id."""
    between = "\n" * min(second.start - first.end, 2)
    return replace(first, text=f"{first.text}{between}{second.text}", end=second.end)
