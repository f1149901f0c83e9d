"""Sentences that say the opposite: what one denies, and whether another one asserts it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, pairwise

from rag.grounding.words import FUNCTION_WORDS, PRONOUNS, all_words
from rag.text.analysis import fold


def _words(text: str) -> frozenset[str]:
    return frozenset(fold(text).split())


_NEGATIONS = _words(
    "no not n't cannot never none nothing nobody nor neither without "
    "nunca jamas ningun ninguna ninguno nada nadie tampoco sin "
    "não nem jamais nenhum nenhuma ninguém tampouco sem "
    "не нет нельзя никогда ничего никто ни никак без "
    "ne ni niso nisem nisi nismo niste nima nimajo nikoli nič nihče noben nobena nobeno brez nikakor"
)
_PORTUGUESE = _words("não um uma em ao aos são os você pelo pela seu sua")
"""Beside one of these "no" is "in the"."""
_ONLY = _words("only just merely solo solamente só apenas somente только лишь samo le")
_CONTRAST = re.compile(r"\b(?:but|sino|senao|mas|а|но|ampak|temvec)\b")
_LIMITS = _words(
    "up down off over under above below between before after until during more most до под над pred nad pod"
)
_LIGHT = (FUNCTION_WORDS | PRONOUNS | _words("ca sha wo ever можно bo bodo")) - _LIMITS
"""What a sentence may have or lack without saying anything else; "up to 25 MB are" is not "over 25 MB are"."""
_TOKEN = re.compile(r"n't\b|[^\W_]+?(?=n't\b)|[^\W_]+|[,;:.!?()–—]")
_REACH = 3
"""Content words behind a negation that it denies; as far as NegEx (Chapman et al., 2001) reaches, less its fillers."""
_CASE = re.compile(r"(?<=\w{4})(?:[oe][vm]|i[hm]|[aeiou])\Z")
"""Slovenian puts what is denied into another case: "računalnik", "ne zapusti računalnika"."""
_ALIKE = 0.85
"""Two sentences are about the same when one holds this share of the other's content."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence by what it asserts and what it denies."""

    asserted: frozenset[str]
    denials: tuple[tuple[str, ...], ...]
    """For each negation the terms that it denies; it stands before the first."""

    @property
    def denied(self) -> frozenset[str]:
        """The terms of all its denials."""
        return frozenset(chain.from_iterable(self.denials))

    @property
    def content(self) -> frozenset[str]:
        """All that it is about."""
        return self.asserted | self.denied

    def likeness(self, other: "Claim") -> float:
        """[0, 1]: the share of this one's content that the other one holds too; 0 for one about nothing."""
        return len(self.content & other.content) / len(self.content) if self.content else 0.0

    def opposes(self, other: "Claim") -> bool:
        """Whether one denies what the other one asserts."""
        return self._denies(other) or other._denies(self)

    def _denies(self, other: "Claim") -> bool:
        asserted, denied = other.asserted - other.denied, other.denied
        return any(denial[0] in asserted and denied.isdisjoint(denial) for denial in self.denials)


@lru_cache(maxsize=4_000)
def claim(sentence: str) -> Claim:
    """What a sentence asserts and denies; "not only X" and "not X, but Y" deny nothing."""
    folded = fold(sentence).replace("’", "'")
    tokens = _TOKEN.findall(folded)
    negations = _NEGATIONS - {"no"} if _PORTUGUESE & set(tokens) else _NEGATIONS
    denies = not _CONTRAST.search(folded)
    asserted: list[str] = []
    denials: list[list[str]] = []
    reach = 0
    for token, following in pairwise((*tokens, "")):
        if token in negations:
            reach = _REACH if denies and following not in _ONLY else 0
            denials.append([])
        elif not token[0].isalnum():
            reach = 0
        elif token not in _LIGHT and (terms := [_CASE.sub("", word.term) for word in all_words(token)]):
            (denials[-1] if reach else asserted).extend(terms)
            reach = max(0, reach - 1)
    return Claim(frozenset(asserted), tuple(tuple(denial) for denial in denials if denial))


def contradicted(own: Claim, others: Iterable[Claim]) -> bool:
    """Whether the sentences that are as good as the same say the opposite, and none of them agrees.

    A sentence of one content word is not compared.
    """
    alike = [other for other in others if own.likeness(other) >= _ALIKE] if len(own.content) > 1 else []
    return bool(alike) and all(own.opposes(other) for other in alike)
