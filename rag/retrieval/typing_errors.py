"""How likely fingers and ears are to make one word of another."""

from itertools import product

from rapidfuzz.distance import OSA

TRANSPOSITION, NEIGHBOUR, SUBSTITUTION, FIRST_LETTER = 0.75, 1.0, 1.25, 0.5
"""Costs of single edits, where a letter too many or too few is 1, and what an error in the first letter costs more: two
letters in the wrong order are the plainest slip, the key beside the right one comes next, and people mostly get the
first letter right (Yannakoudakis and Fawthrop, 1983)."""

_KEYBOARDS = (
    ("qwertyuiop", "asdfghjkl", "zxcvbnm"),
    ("qwertzuiop", "asdfghjkl", "yxcvbnm"),
    ("azertyuiop", "qsdfghjklm", "wxcvbn"),
    ("йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю"),
)


def _neighbours(rows: tuple[str, ...]) -> set[tuple[str, str]]:
    keys = [(letter, row, column) for row, letters in enumerate(rows) for column, letter in enumerate(letters)]
    return {(a, b) for (a, y, x), (b, v, u) in product(keys, keys) if abs(y - v) <= 1 and abs(x - u) <= 1}


_NEIGHBOURS = set[tuple[str, str]]().union(*map(_neighbours, _KEYBOARDS))


def edit_cost(typed: str, meant: str) -> float:
    """How unlikely it is to type one folded word for the other, in edits: 0 for the same, 1 for a letter left out."""
    edits = float(OSA.distance(typed, meant))
    if edits == 1 and len(typed) == len(meant):
        differing = next((a, b) for a, b in zip(typed, meant, strict=True) if a != b)
        edits = _exchange(differing, swapped=sorted(typed) == sorted(meant))
    return edits + (FIRST_LETTER if typed[:1] != meant[:1] else 0)


def _exchange(letters: tuple[str, str], *, swapped: bool) -> float:
    if swapped:
        return TRANSPOSITION
    return NEIGHBOUR if letters in _NEIGHBOURS else SUBSTITUTION
