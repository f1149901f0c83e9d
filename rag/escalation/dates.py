"""The dates of a text, as they can be compared across languages and spellings."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rag.escalation.measures import MONTH, month_of

_DIGIT = re.compile(r"\d")
_TH = r"(?:st|nd|rd|th|o|a|\.)?"
_OF = r"(?:,|\.)?(?: (?:de|of|del|do))?"
_NO_MORE = r"(?!\d|[.,]\d)"
_YEAR = rf"(?P<y>\d{{4}}){_NO_MORE}"
_DATES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?<![\d.])(?P<y>\d{{4}})[-/.](?P<m>\d\d?)[-/.](?P<d>\d\d?){_NO_MORE}",
        r"(?P<y>\d{4})年(?P<m>\d\d?)月(?:(?P<d>\d\d?)日)?",
        rf"(?<![\d.])(?P<d>\d\d?)\. ?(?P<m>\d\d?)\. ?{_YEAR}",
        rf"(?<![\d.])(?P<one>\d\d?)[/-](?P<other>\d\d?)[/-]{_YEAR}",
        rf"(?<![\d.,])(?P<d>\d\d?){_TH}{_OF}[ -]?(?P<name>{MONTH})\b(?:{_OF}[ -]{_YEAR})?",
        rf"\b(?P<name>{MONTH})\.? (?P<d>\d\d?){_TH}{_NO_MORE}(?:,? {_YEAR})?",
        rf"\b(?P<name>{MONTH}){_OF} {_YEAR}",
    )
)


@dataclass(frozen=True, slots=True)
class Date:
    """A day, a month, or a day of any year."""

    year: int | None
    month: int
    day: int | None

    def agrees(self, other: "Date") -> bool:
        """Whether the other one says all that this one says, its year aside."""
        return self.month == other.month and self.day in (None, other.day)


def take_dates(folded: str) -> tuple[list[tuple[Date, ...]], str]:
    """The dates of a folded text, each with all that it can mean (1/5/2024: two days), and the text without them."""
    if not _DIGIT.search(folded):
        return [], folded
    found: list[tuple[Date, ...]] = []

    def taken(match: re.Match[str]) -> str:
        if meanings := tuple(_meanings(match.groupdict())):
            found.append(meanings)
            return " ; "
        return match[0]

    for pattern in _DATES:
        folded = pattern.sub(taken, folded)
    return found, folded


def _meanings(part: Mapping[str, str | None]) -> Iterator[Date]:
    year = _int(part.get("y"))
    if "one" in part:
        pairs = {(_int(part["one"]), _int(part["other"])), (_int(part["other"]), _int(part["one"]))}
    else:
        pairs = {(_int(part.get("d")), month_of(part["name"] or "") if "name" in part else _int(part["m"]))}
    for day, month in sorted(pairs, key=str):
        if month and month <= 12 and (day is None or 1 <= day <= 31):
            yield Date(year, month, day)


def _int(digits: str | None) -> int | None:
    return int(digits) if digits else None
