"""The numbers of a text, each with its unit, as they can be compared across languages and spellings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from rag.escalation.measures import power_of, unit_of

_GROUPED = r"[1-9]\d{0,2}(?P<sep>[.,' ])\d{3}(?:(?P=sep)\d{3})*(?:[.,]\d+)?|[1-9]\d{0,2}(?:,\d\d)+,\d{3}"
"""25,000 · 25.000 · 25 000 · 1'234'567.5 · 1,00,000; what may also be a number with three decimals is taken as this."""
_NUMBER = re.compile(rf"(?<!\d)(?<!\d[.,:])(?:(?<![^\s(])[-−])?(?:(?P<grouped>{_GROUPED})(?!\d)|\d+(?:[.,:]\d+)*)")
_FRACTION = re.compile(r"[.,](\d+)\Z")
_BEHIND = re.compile(r"[ -]?([%€$£₽]|°?[^\W\d_]*)(?: ([^\W\d_]+))?(?: ([^\W\d_]+))?")
_BEFORE = re.compile(r"([$€£₽]|\b[a-z]{3}) ?\Z")
_CURRENCIES = frozenset(("eur", "usd", "gbp", "rub", "brl"))


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it is compared: "25000", "3.5", "9:30"."""

    value: str
    unit: str = ""
    """Such as "mb", "day", "percent", "eur"; "" for none that is known."""
    parts: tuple[str, ...] = ()
    """Of "25 000", which may also be two numbers."""


def numbers(folded: str) -> Iterator[Number]:
    """The numbers of a folded text, in order."""
    for match in _NUMBER.finditer(folded):
        behind = _BEHIND.match(folded, match.end())
        words: list[str] = [word for word in behind.groups() if word] if behind else []
        power = 0
        while words and power_of(words[0]):
            power += power_of(words.pop(0))
        parts = tuple(match[0].split(" ")) if match["sep"] == " " else ()
        yield Number(_value(match, power), _currency_before(folded, match.start()) or _unit(words), parts)


def _currency_before(folded: str, start: int) -> str:
    before = _BEFORE.search(folded, max(0, start - 5), start)
    unit = unit_of(before[1]) if before else ""
    return unit if unit in _CURRENCIES else ""


def _unit(words: list[str]) -> str:
    """Of the two words behind a number: "25 MB", "25 working days", "25 por ciento"."""
    candidates = (" ".join(words[:2]), *words[:2])
    return next((unit for each in candidates if (unit := unit_of(each))), "")


def _value(match: re.Match[str], power: int) -> str:
    """Without what is only spelling; times and versions such as 1.2.3 stay as they are written."""
    text = match[0].replace("−", "-")
    if match["grouped"]:
        fraction = _FRACTION.search(text)
        end = fraction.start() if fraction and match["sep"] not in (None, fraction[0][0]) else len(text)
        text = re.sub(r"[.,' ]", "", text[:end]) + text[end:]
    elif len(re.findall(r"[.,:]", text)) > 1 or ":" in text:
        return re.sub(r"\A0(?=\d)", "", text)
    value = Decimal(text.replace(",", "."))
    if power or value == value.to_integral_value():
        value = value.scaleb(power).normalize()
    return format(value, "f")
