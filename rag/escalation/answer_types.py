"""Answers that a text shows without the word for them: a date without "date", goods with prices without "bought".

What looks like an answer of the type that a question's word names is weak evidence for it (expected answer types: Li
and Roth, "Learning Question Classifiers", 2002). Question words ("who", "when", "how much") are not among them: a
person, a date or an amount stands in nearly every text, and whether one does tells nothing (AUROC .52 on squad).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rag.text.analysis import fold

_MONTH = (
    "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|ene|abr|ago|dic|fev|mai|set|out|dez|mär|okt|fév|avr|juin|juil|aoû|déc"
    "|янв|фев|мар|апр|май|мая|июн|июл|авг|сен|окт|ноя|дек|avg"
)
_DATE = (
    rf"\b\d{{1,4}}[./-]\d{{1,2}}[./-]\d{{1,4}}\b|\b(?:1[5-9]|20)\d\d\b|\b(?:{_MONTH})\w*\.?\s+\d|\d\.?\s+(?:{_MONTH})"
)
_MONEY = r"(?:[$€£¥₽]\s?-?\d|\d\s?[$€£¥₽]|\d[.,]\d\d\b|\d\s?(?:usd|eur|gbp|chf|aed|brl|rub|руб|dollar|dólar|dirham))"


_PROGRAMMING = (
    r"(?<![\w.])(?:python|java|javascript|typescript|kotlin|swift|rust|golang|ruby|php|perl|scala|haskell|fortran|cobol|"
    r"matlab|julia|sql|bash|html|css|c\+\+|c#|visual basic)(?![\w])"
)
_COLOUR = (
    r"\b(?:white|black|red|blue|green|yellow|gr[ae]y|silver|brown|orange|purple|pink|beige|blanc\w|negr\w|roj\w|azul|verde|"
    r"amarill\w|gris|marrón|branc\w|pret\w|vermelh\w|amarel\w|cinz\w+|weiß|schwarz|rot|blau|grün|gelb|grau|blanc|noir|rouge|"
    r"bleu|vert|jaune|бел\w+|черн\w+|чёрн\w+|красн\w+|син\w+|зелён\w+|зелен\w+|серы\w|bel\w?|črn\w?|rdeč\w?|mod\w?r\w?|zelen\w?)\b"
)


@dataclass(frozen=True, slots=True)
class AnswerType:
    """A kind of answer."""

    name: str
    words: re.Pattern[str]
    """Folded words that name it."""
    looks: re.Pattern[str]
    """What it looks like in a text."""

    def stands_in(self, text: str) -> bool:
        """Whether the text has something that looks so."""
        return self.looks.search(text) is not None


def _type(name: str, beginnings: str, looks: str) -> AnswerType:
    words = "|".join(map(fold, beginnings.split()))
    return AnswerType(name, re.compile(rf"(?:{words})\w{{0,4}}"), re.compile(looks, re.IGNORECASE))


TYPES = (
    _type("date", "date year fecha datum jahr annee дата дату leto letnic", _DATE),
    _type(
        "amount",
        "price cost amount total paid precio costo coste cuesta importe preco custo custou valor preis betrag kost prix"
        " cout montant цен стоимост стоит сумм итог cena znesek znesk stane skupaj skupn",
        _MONEY,
    ),
    _type(
        "goods with prices",
        "buy bought purchas item product order compr articul artigo produt kauf gekauft artikel achet produit куп товар"
        " покуп kupi nakup izdel",
        rf"{_MONEY}[^\n]{{0,80}}\n(?:[^\n]{{0,80}}\n){{0,4}}?[^\n]{{0,80}}{_MONEY}",
    ),
    _type("e-mail address", "mail email correo почт", r"[\w.+-]+@[\w-]+\.\w"),
    _type(
        "telephone number",
        "phone telephone mobile telefon movil celular telemovel handynummer телефон",
        r"\(?\+?\d{2,4}\)?[\s./-]\d{2,4}[\s./-]\d{2,4}",
    ),
    _type("number", "number numero nummer номер stevilk", r"\d"),
    _type(
        "programming language",
        "programming coding programacion programacao programmier programmation программирован programiran",
        _PROGRAMMING,
    ),
    _type("colour", "color colour cor cores couleur farb цвет barv", _COLOUR),
    _type("web address", "website url homepage web sitio сайт spletn", r"https?://|www\."),
)


def types_named(word: str) -> Iterator[AnswerType]:
    """The types of answers that a folded word names."""
    return (kind for kind in TYPES if kind.words.fullmatch(word))
