"""The facts of a text that are written in digits, and whether the passages hold them; rephrasing leaves them alone."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rag.grounding.quantities import NUMBER_WORDS, Date, Number, numbers, take_dates
from rag.grounding.words import all_words
from rag.text.analysis import fold

_LETTER = r"[a-z\u0370-\u052f]"
_CODE = re.compile(rf"(?<![^\W_]){_LETTER}+(?:[-_./]{_LETTER}+)*[-_./]?\d[\w-]*")
"""gpt-oss-20b, A4, ISO-9001: their digits are no amounts."""
_LIST_NUMBER = re.compile(r"^\s*\d{1,3}[.)]\s", re.MULTILINE)
_VERB_MAY = re.compile(r"\bmay\b")
"""In small letters it is hardly the month: "up to 25 may be sent"."""
_FOREIGN_DIGIT = re.compile(r"(?![0-9])\d")
_LETTERS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of a draft."""

    numbers: tuple[Number, ...]
    """Without those of dates, codes and lists."""
    dates: tuple[tuple[Date, ...], ...]
    """Each with all that it can mean."""
    codes: tuple[str, ...]
    """The terms with digits of names such as gpt-oss-20b."""

    @classmethod
    def of(cls, text: str) -> "Facts":
        """All that stands there in digits."""
        dates, rest = take_dates(_folded(_LIST_NUMBER.sub("", text)))
        terms = (word.term for code in _CODE.findall(rest) for word in all_words(code))
        codes = (term for term in terms if any(character.isdigit() for character in term))
        return cls(tuple(numbers(_CODE.sub(" ", rest))), tuple(dates), tuple(codes))


@dataclass(frozen=True, slots=True)
class Known:
    """The facts of passages, for looking up."""

    units: Mapping[str, frozenset[str]]
    """For each number the units that it has somewhere, "" for none."""
    dates: frozenset[Date]
    terms: frozenset[str]

    @classmethod
    def of(cls, text: str) -> "Known":
        """All numbers and dates of a text, also the parts of its dates and the words from two to twelve."""
        folded = _folded(text)
        words = (Number(NUMBER_WORDS[word]) for word in NUMBER_WORDS.keys() & set(_LETTERS.findall(folded)))
        units: dict[str, set[str]] = {}
        own = Facts.of(text)
        for number in (*numbers(folded), *own.numbers, *words):
            units.setdefault(number.value, set()).add(number.unit)
            for part in number.parts:
                units.setdefault(part, set()).add("")
        dates = frozenset(date for meanings in take_dates(folded)[0] for date in meanings)
        known = {value: frozenset(each) for value, each in units.items()}
        return cls(known, dates, frozenset((*own.codes, *(word.term for word in all_words(text)))))

    @classmethod
    def together(cls, parts: Iterable["Known"]) -> "Known":
        """What all of them hold."""
        units: dict[str, frozenset[str]] = {}
        dates: set[Date] = set()
        terms: set[str] = set()
        for part in parts:
            units |= {value: units.get(value, frozenset()) | each for value, each in part.units.items()}
            dates |= part.dates
            terms |= part.terms
        return cls(units, frozenset(dates), frozenset(terms))

    def missing(self, facts: Facts) -> int:
        """How many of the numbers, dates and codes stand nowhere."""
        return (
            sum(not self.has_number(number) for number in facts.numbers)
            + sum(not self.has_date(meanings) for meanings in facts.dates)
            + sum(code not in self.terms and code not in self.units for code in facts.codes)
        )

    def has_number(self, number: Number) -> bool:
        """Whether it stands somewhere, and with its unit where the texts give that number one."""
        parts = bool(number.parts) and all(self._has(part, "") for part in number.parts)
        return parts or self._has(number.value, number.unit)

    def has_date(self, meanings: Iterable[Date]) -> bool:
        """Whether some date agrees with one of the meanings; a year may stand apart from its day."""
        return any(own.agrees(date) and self._has_year(own, date) for own in meanings for date in self.dates)

    def _has(self, value: str, unit: str) -> bool:
        units = self.units.get(value) or self.units.get(f"-{value}")
        return units is not None and (not unit or unit in units or not any(units))

    def _has_year(self, own: Date, date: Date) -> bool:
        return own.year in (None, date.year) or (date.year is None and str(own.year) in self.units)


def _folded(text: str) -> str:
    """Folded, with Western digits, and without the English verb "may"."""
    folded = fold(_VERB_MAY.sub("_", text)).replace("’", "'")
    return _FOREIGN_DIGIT.sub(lambda digit: str(unicodedata.digit(digit[0])), folded)
