"""What of a passage can stand in a summary: sentences that read alone, else the telling lines of a form or a table."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from rag.text.sentences import sentence_spans
from rag.types import Passage

MOST_CHARS = 400
"""A longer sentence is none that a summary has room for."""
_FEWEST_WORDS, _MOST_WORDS = 4, 45
_FEWEST_LETTERS = 0.7
"""Of the characters that are not white space; less is a line of a table or a formula."""
_CAPITALISED = 0.6
"""Of the words of a heading; German prose has about 0.35."""
_NARROW = 30
"""Characters a line; a stretch of shorter lines is an address or a form, not a paragraph."""

_CODE = re.compile(r"^ {0,3}(```|~~~).*?(?:^ {0,3}\1[^\n]*$|\Z)", re.DOTALL | re.MULTILINE)
_ROW = re.compile(r"^[ \t]*\|[^\n]*$", re.MULTILINE)
_BULLET = re.compile(r"(?:\s*(?:[-*+•>–~«✓]|\(?\d{1,3}[.)]|\.\d{1,3}|[a-z][.)])(?=\s)\s*)+")
_ENDED = re.compile(r"[.!?…。！？｡।॥။።؟۔](?:[\"'”’»)\]」』）*_]|\s?\[\d{1,3}\])*\Z")
_ANNOUNCES = re.compile(r"[:：][*_]*\Z")
_NUMBERED_END = re.compile(
    r"\b(?:item|part|section|no|note|article|chapter|law)\W{0,2} ?(?:\d+\w?)?[.]\Z", re.IGNORECASE
)
"""A sentence that was cut at the number of what it names, as in a table of contents."""
_ASKS = re.compile(r"[?!？！][\"'”’»)\]*_]*\Z")
_LINK = re.compile(r"\[([^\[\]]+)\]\([^()\s]*\)")
_OWN_MARKS = re.compile(r"[ \t]?\[\^?\d{1,3}(?:[,–-]\s?\d{1,3})*\]")
_MARK_BEGINS = re.compile(r"\[(?=\^?\d)")
"""A document's own references to its notes would read as marks of ours; an invisible non-joiner parts what is left."""
_OPENERS = "\"'“„«‘¿¡*_`["
_LOWER = re.compile(r"[\"'“„«(*_]*[^\W\d_]")
_WORD = re.compile(r"[^\W_]+")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_REFERS = re.compile(
    r"[\"'“„«(*_]*(?:its?|this|that|these|those|they|their|he|his|she|her|such"
    r"|est[eao]s?|es[eao]s?|ello|él|ellos|ellas?|sus?|iss[eo]|ist[oa]|eles?|elas?|seus?|suas?"
    r"|он[аои]?|это[тй]?|эт[аи]|его|её|ее|их|to|ta|te|ti|tega|temu|njegov\w*|njen\w*|njihov\w*"
    r"|dies\w*|er|sie|ihr\w*|ce|cet|cette|ces|ils?|elles?|leurs?)\b|[他她它这該该此]",
    re.IGNORECASE,
)
"""Begins with what a sentence before it names."""
_GOES_ON = re.compile(
    r"[\"'“„«(*_]*(?:however|but|and|also|thus|therefore|then|for (?:example|instance)|in addition|moreover|instead"
    r"|otherwise|please|(?:second|third|fourth|final)(?:ly)?,|sin embargo|pero|además|también|por (?:ejemplo|eso)"
    r"|en (?:segundo|tercer) lugar|porém|mas|além disso|também|por (?:exemplo|isso)|em (?:segundo|terceiro) lugar"
    r"|однако|но|также|кроме того|например|поэтому|во-вторых|в-третьих|vendar|ampak|toda|tudi|poleg tega|na primer|zato"
    r"|drugič|tretjič|jedoch|aber|auch|außerdem|zum beispiel|daher|deshalb|zweitens|drittens"
    r"|cependant|mais|aussi|en outre|par exemple|donc|deuxièmement|troisièmement)\b|但",
    re.IGNORECASE,
)
"""Goes on from the sentence before it, or turns from the text to the reader."""
_HANGING = 0.5
"""What such a sentence counts, since it does not read alone; the first of a passage refers to its heading."""
_INDICATES = re.compile(
    r"(?:(?:in|en|em|в|v|dans) )?(?:"
    r"(?:this|the present) (?:is|document|report|paper|article|(?:blog )?post|page|letter|guide|handbook|manual|policy"
    r"|agreement|contract|notice|book|study|file|note|chapter|directory)"
    r"|est[ea] (?:es|é|documento|informe|artículo|carta|guía|manual|política|contrato|acuerdo|libro|estudio|página"
    r"|relatório|artigo|guia|acordo|livro|estudo)|(?:neste|nesta|este é|esta é) \w+"
    r"|(?:эт(?:о|от|а|ом|ой)|данн\w+|настоящ\w+) (?:документ|отч[её]т|стать|письм|руководств|договор|книг|работ)\w*"
    r"|(?:ta|to|tem|tej) (?:je|dokument|poročil|član|pism|priročnik|pogodb|knjig|stran)\w*"
    r"|dies\w* (?:ist|dokument|bericht|artikel|brief|handbuch|vertrag|buch|arbeit|seite)\w*"
    r"|(?:ceci|ce|cet|cette) (?:est|document|rapport|article|lettre|guide|manuel|contrat|livre|étude|page)"
    r")\b",
    re.IGNORECASE,
)
"""An indicator phrase, "This report …": the sentence says what the document is (Paice, 1980)."""
_INDICATING = 1.5
"""What such a sentence counts."""
_BOILERPLATE = re.compile(
    r"<!--|©|\(c\) *\d{4}|\ball rights reserved|\bcookies?\b"
    r"|\bskip to (?:main )?content|\bterms of (?:use|service)|\.{4,}|…{2,}"
    r"|\bprivacy policy\b|\bclick here\b|\bsubscribe\b|\bsign (?:in|up)\b|\btable of contents\b|\bby check ?mark\b"
    r"|project gutenberg|\bregistered office|\bincorporated by reference"
    r"|todos los derechos|todos os direitos|все права защищены|vse pravice pridržane|alle rechte vorbehalten"
    r"|tous droits réservés|\blorem ipsum\b|\bpage \d+ of \d+",
    re.IGNORECASE,
)
"""Licences, navigation, tables of contents and page headers."""

_LINE = re.compile(r"\S(?:.*\S)?")
_RULE = re.compile(r"\n[ \t]*\|[ :|-]*(?:\n|\Z)")
"""The line below a table's header."""
_AMOUNT = re.compile(r"[$€£¥₽]\s?-?\d|\d[\d.,]*\s?(?:[$€£¥₽]|EUR|USD|GBP|руб|R\$)|\d{1,3}(?:[., ]\d{3})*[.,]\d{2}\b")
_DATE = re.compile(
    r"\b(?:19|20)\d{2}[-/.]\d{1,2}[-/.]\d{1,2}|\b\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)?\d{2}\b"
    r"|\b\d{1,2}(?:st|nd|rd|th|\.)? [^\W\d_]{3,}\.?,? (?:de )?(?:19|20)\d{2}|\b[^\W\d_]{3,} \d{1,2}, (?:19|20)\d{2}"
)
_LABELLED = re.compile(r"[^\W\d_][^:：\n]{1,30}[:：#]\s*\S")
_TOTAL = re.compile(
    r"\b(?:grand total|total|sum|amount due|balance|importe|suma|soma|valor|итого|всего|сумма|skupaj|znesek|gesamt\w*"
    r"|summe|betrag|montant|somme)\b|合計|总计|總計",
    re.IGNORECASE,
)
_CAPITALS = re.compile(r"[^\W\d_a-z]{2,}(?:[ &-]+[^\W\d_a-z]{2,})+")
_ADDRESS_ONLY = re.compile(r"\s*(?:https?://\S+|www\.\S+|\S+@\S+|[\d() +-]{7,})\s*")


@dataclass(frozen=True, slots=True)
class Extract:
    """A sentence or a line of a passage, `passage.text[start:end]`."""

    passage: Passage
    start: int
    end: int
    weight: float
    """How well it reads in a summary, above 0."""

    @property
    def text(self) -> str:
        """On one line, as a person reads it, without links and notes; the cells of a table's row stand side by side."""
        text = self.passage.text[self.start : self.end]
        if text.lstrip().startswith("|"):
            text = " · ".join(filter(None, (cell.strip() for cell in re.split(r"(?<!\\)\|", text))))
        text = _OWN_MARKS.sub("", _LINK.sub(r"\1", text)).replace("【", "(").replace("】", ")")
        return " ".join(_MARK_BEGINS.sub("[\u200c", text).split())


def sentences_of(passage: Passage) -> Iterator[Extract]:
    """The sentences that can be read without the text around them, in order; none of code, tables or navigation."""
    prose = _ROW.sub(_blank, _CODE.sub(_blank, passage.text))
    is_first = True
    for start, end in sentence_spans(prose):
        start = _after_titles(prose, start, end)
        if bullet := _BULLET.match(prose, start, end):
            start = bullet.end()
        if start < end and (weight := _readability(prose[start:end])):
            yield Extract(passage, start, end, weight * _independence(prose[start:end], is_first=is_first))
            is_first = False


def lines_of(passage: Passage) -> Iterator[Extract]:
    """The lines of a form, a table or code, the telling ones with the greater weights: totals, dates, amounts, labelled
    values and names in capitals, which people look for on a bill."""
    for line in _LINE.finditer(passage.text):
        text = line.group()
        if not 3 <= len(text) <= MOST_CHARS or not any(map(str.isalnum, text)):
            continue
        if text.startswith(("```", "~~~")) or _BOILERPLATE.search(text) or _ADDRESS_ONLY.fullmatch(text):
            continue
        is_header = bool(_RULE.match(passage.text, line.end()))
        yield Extract(passage, line.start(), line.end(), _tellingness(text) + 2 * is_header)


def count_words(text: str) -> int:
    """How many words; two characters of a script without spaces are one."""
    unspaced = len(_UNSPACED.findall(text))
    return (unspaced + 1) // 2 if unspaced else len(_WORD.findall(text))


def _independence(text: str, *, is_first: bool) -> float:
    """Less for a sentence that needs the one before, more for one that says what the document is."""
    if _INDICATES.match(text):
        return _INDICATING
    hangs = _GOES_ON.match(text) or (not is_first and _REFERS.match(text))
    return _HANGING if hangs else 1.0


def _after_titles(text: str, start: int, end: int) -> int:
    """Where the sentence begins, after short lines above it: titles of a PDF, which no blank line parts from it."""
    if start and text[start - 1] != "\n":
        return start
    while (line_end := text.find("\n", start, end)) > 0 and line_end - start < _NARROW:
        following = line_end + 1
        if _LOWER.match(text, following, end) and text[following].islower():
            break
        start = following
    return start


def _readability(text: str) -> float:
    """0 for what is no sentence, 1 for a whole one; less for one that asks, announces, is very long, or has no end."""
    text = _LINK.sub(r"\1", text)
    words = count_words(text)
    lines = text.splitlines()
    if len(text) > MOST_CHARS or _reads_like_a_title(text) or words < _FEWEST_WORDS or _BOILERPLATE.search(text):
        return 0.0
    if _share_of_letters(text) < _FEWEST_LETTERS or (len(lines) > 1 and _mean_length(lines[:-1]) < _NARROW):
        return 0.0
    first = _LOWER.match(text)
    if first and first.group()[-1].islower():
        return 0.0
    ended = bool(_ENDED.search(text))
    announces = bool(_ANNOUNCES.search(text))
    if (len(lines) > 1 and not (ended or announces)) or _NUMBERED_END.search(text):
        return 0.0
    whole = 0.5 if _ASKS.search(text) else 1.0 if ended else 0.2 if announces else 0.4
    whole *= 1.0 if text[0].isalnum() or text[0] in _OPENERS else 0.5
    return whole * min(1.0, _MOST_WORDS / words)


def _reads_like_a_title(text: str) -> bool:
    """Whether most words begin with a capital, as in headings, names in a row, and tables of contents."""
    words = _WORD.findall(text)
    return sum(word[0].isupper() for word in words) > _CAPITALISED * len(words)


def _tellingness(text: str) -> float:
    signs = (_LABELLED.match(text), _DATE.search(text), _AMOUNT.search(text), _CAPITALS.fullmatch(text))
    return 0.2 + sum(map(bool, signs)) + 2 * bool(_TOTAL.match(text))


def _share_of_letters(text: str) -> float:
    solid = [character for character in text if not character.isspace()]
    return sum(unicodedata.category(character)[0] in "LM" for character in solid) / len(solid)


def _mean_length(lines: list[str]) -> float:
    return sum(map(len, lines)) / len(lines)


def _blank(match: re.Match[str]) -> str:
    """White space of the same length, with the line ends."""
    return re.sub(r"[^\n]", " ", match.group())
