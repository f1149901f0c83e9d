"""The difference between a draft and the larger model's answer, sentence by sentence."""

from collections.abc import Sequence

from rag.grounding.citations import without_marks
from rag.text.analysis import analyse, fold
from rag.text.sentences import sentences
from rag.types import SentenceChange

ALIKE = 0.5
"""The Dice coefficient from which on a sentence is the same one in other words."""


def changes(before: str, after: str) -> tuple[SentenceChange, ...]:
    """Each sentence of both texts once, in the order of `after`; a removed one stands where it stood.

    Marks, case and punctuation are no change. Of the sentences that are alike the most alike are paired first.
    """
    old, new = sentences(without_marks(before)), sentences(without_marks(after))
    partner = _pairs(old, new)
    found: list[SentenceChange] = []
    waiting = [n for n in range(len(old)) if n not in partner.values()]
    for n, sentence in enumerate(new):
        match = partner.get(n)
        if match is None:
            found.append(SentenceChange("added", after=sentence))
            continue
        while waiting and waiting[0] < match:
            found.append(SentenceChange("removed", before=old[waiting.pop(0)]))
        same = _plain(old[match]) == _plain(sentence)
        found.append(SentenceChange("kept" if same else "reworded", old[match], sentence))
    found += [SentenceChange("removed", before=old[n]) for n in waiting]
    return tuple(found)


def _pairs(old: Sequence[str], new: Sequence[str]) -> dict[int, int]:
    """For sentences of the new text the sentence of the old one that each goes back to."""
    before, after = [set(_terms(text)) for text in old], [set(_terms(text)) for text in new]
    likeness = [(_likeness(one, other), -n, -m) for n, one in enumerate(after) for m, other in enumerate(before)]
    pairs: dict[int, int] = {}
    for alike, n, m in sorted(likeness, reverse=True):
        if alike >= ALIKE and -n not in pairs and -m not in pairs.values():
            pairs[-n] = -m
    return pairs


def _likeness(one: set[str], other: set[str]) -> float:
    """[0, 1]: the Dice coefficient."""
    return 2 * len(one & other) / (len(one) + len(other)) if one or other else 0.0


def _terms(text: str) -> Sequence[str]:
    return analyse(text).units or (_plain(text),)


def _plain(text: str) -> str:
    return "".join(character for character in fold(text) if character.isalnum()) or text
