"""The numbers of a text, each with its unit, as they can be compared across languages and spellings."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from rag.text.analysis import fold

_MONTHS = (
    "january|jan|enero|ene|janeiro|январ[ьяе]|янв|januar(?:ja|ju|jem)?",
    "february|feb|febrero|fevereiro|fev|феврал[ьяе]|фев|februar(?:ja|ju|jem)?",
    "march|mar|marzo|marco|март[ае]?|мар|mar(?:ec|ca|cu|cem)",
    "april|apr|abril|abr|апрел[ьяе]|апр|april(?:a|u|om)",
    "may|mayo|maio|ма[ияе]|maj(?:a|u|em)?",
    "june|jun|junio|junho|июн[ьяе]|июн|junij(?:a|u|em)?",
    "july|jul|julio|julho|июл[ьяе]|июл|julij(?:a|u|em)?",
    "august|aug|agosto|август[ае]?|авг|avgust(?:a|u|om)?",
    "september|sept|sep|septiembre|setiembre|setembro|сентябр[ьяе]|сен|september|septemb(?:ra|ru|rom)",
    "october|oct|octubre|outubro|октябр[ьяе]|окт|oktober|oktob(?:ra|ru|rom)|okt",
    "november|nov|noviembre|novembro|ноябр[ьяе]|ноя|novemb(?:ra|ru|rom)",
    "december|dec|diciembre|dic|dezembro|dez|декабр[ьяе]|дек|decemb(?:ra|ru|rom)",
)
MONTH = "|".join(fold(names) for names in _MONTHS)
"""A pattern for the name of any month."""
_EACH_MONTH = [re.compile(fold(names)) for names in _MONTHS]

_UNITS = {
    "byte": "bytes?|байт(?:а|ов)?|bajt(?:a|i|ov)?",
    "kb": "kb|kib|кб|kilobytes?|килобайт(?:а|ов)?|kilobajt(?:a|i|ov)?",
    "mb": "mb|mib|мб|megabytes?|мегабайт(?:а|ов)?|megabajt(?:a|i|ov)?",
    "gb": "gb|gib|гб|gigabytes?|гигабайт(?:а|ов)?|gigabajt(?:a|i|ov)?",
    "tb": "tb|tib|тб|terabytes?|терабайт(?:а|ов)?|terabajt(?:a|i|ov)?",
    "millisecond": "ms|мс|milliseconds?|milisegundos?|миллисекунд[аыу]?|milisekund[aei]?",
    "second": "sec|secs|seconds?|segundos?|сек|секунд[аыу]?|sekund[aeio]?",
    "minute": "min|mins|minutes?|minutos?|мин|минут[аыу]?|minut[aeio]?",
    "hour": "hours?|horas?|час(?:а|ов)?|ur[aeio]?",
    "day": "days?|dias?|день|дня|дней|dan|dni|dneva|dnevi|dnevov",
    "week": "weeks?|semanas?|недел[ьяюи]|teden|tedn[aeiu]|tednov",
    "month": "months?|mes|meses|месяц(?:а|ев)?|mesec[aei]?|mesecev",
    "year": "years?|anos?|год|года|лет|let[aio]?",
    "mm": "mm|мм|millimet(?:er|re)s?|milimetros?",
    "cm": "cm|см|centimet(?:er|re)s?|centimetros?",
    "metre": "met(?:er|re)s?|metros?|метр(?:а|ов)?|met(?:er|ra|re|ri|rov)",
    "km": "km|км|kilomet(?:er|re)s?|quilometros?|kilometros?|километр(?:а|ов)?|kilomet(?:er|ra|re|ri|rov)",
    "mile": "miles?|millas?|milhas?",
    "kg": "kg|кг|kilograms?|kilos?|kilogramos?|quilos?|quilogramas?|килограмм(?:а|ов)?|kilogram(?:a|i|ov)?",
    "gram": "grams?|gramos?|gramas?|грамм(?:а|ов)?|gram(?:a|i|ov)",
    "litre": "lit(?:er|re)s?|litros?|литр(?:а|ов)?|lit(?:er|ra|re|ri|rov)",
    "kwh": "kwh|квтч",
    "watt": "watts?|vatios?|ватт",
    "°c": "°c",
    "°f": "°f",
    "percent": "%|percent|por ciento|por cento|процент(?:а|ов)?|odstotk(?:a|e|i|ov)|odstotek",
    "eur": "€|eur|euros?|евро|evr(?:o|a|e|i|ov)",
    "usd": r"\$|usd|dollars?|dolares|доллар(?:а|ов)?|dolar(?:ja|je|ji|jev)",
    "gbp": "£|gbp|pounds?|libras?|funt(?:a|e|i|ov)",
    "rub": "₽|rub|руб|рубл[ьяеи]|рублей",
    "brl": "brl|reais",
    "token": "tokens?|токен(?:а|ов)?|zeton(?:a|e|i|ov)",
}
_UNIT = re.compile("|".join(f"(?P<u{n}>{fold(names)})" for n, names in enumerate(_UNITS.values())))
_UNIT_NAMES = tuple(_UNITS)

_POWERS = (
    ("thousand|mil|тыс|тысяч[аи]?|tisoc", 3),
    ("million|millions|millon|millones|milhao|milhoes|млн|миллион(?:а|ов)?|milijon(?:a|e|i|ov)?", 6),
    ("billion|billions|bilhao|bilhoes|млрд|миллиард(?:а|ов)?|milijard[aei]?", 9),
)

_SMALL = (
    "two dos dois duas два две dva dve",
    "three tres три tri",
    "four cuatro quatro четыре stiri",
    "five cinco пять",
    "six seis шесть sest",
    "seven siete sete семь sedem",
    "eight ocho oito восемь osem",
    "nine nueve nove девять devet",
    "ten diez dez десять deset",
    "eleven одиннадцать enajst",
    "twelve doce doze двенадцать dvanajst",
)
NUMBER_WORDS = {fold(word): str(n) for n, words in enumerate(_SMALL, 2) for word in words.split()}
"""What a passage may say for a digit of the draft; without words that mean something else in another of the languages,
such as "once" and "pet"."""


def month_of(name: str) -> int:
    """1 to 12 for the folded name of a month; 0 for any other word."""
    return next((n for n, names in enumerate(_EACH_MONTH, 1) if names.fullmatch(name)), 0)


def unit_of(word: str) -> str:
    """The unit that a folded word or sign stands for, such as "mb" for "megabytes"; "" for none."""
    match = _UNIT.fullmatch(word)
    return _UNIT_NAMES[int((match.lastgroup or "u0")[1:])] if match else ""


def power_of(word: str) -> int:
    """The power of ten of a folded word such as "million"; 0 for none."""
    return next((power for names, power in _POWERS if re.fullmatch(names, word)), 0)


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
