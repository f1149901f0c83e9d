"""Words around numbers in the five interface languages: months, units, multipliers, small numbers; for folded text."""

import re

from rag.retrieval.analysis import fold

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
