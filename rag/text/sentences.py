"""Sentences of a text in any language, as spans; a line of a list or a row of a table counts as one."""

import re
from collections.abc import Iterator

_CITED = r"(?:[ \t]*\[\d{1,2}\]|\s+\[\d{1,2}\](?=[\[\]\d \t]*(?:\n|\Z)))*"
"""A mark like [1] after a sentence stays with it; on a later line only where nothing else stands there."""
_END = re.compile(
    rf"""
    (?<![.!?…])[.!?…]++["'”’»)\]]*{_CITED}(?=\s|$)     # Latin, Cyrillic, Greek …: a mark, then space
    | [。！？｡]+["'”’」』）]*{_CITED}                    # Chinese, Japanese: no space needed
    | [।॥။።؟۔]+{_CITED}(?=\s|$)                      # Hindi, Burmese, Amharic, Arabic, Urdu
    | \n(?=\s*(?:[-*+•|#>]|\d{{1,3}}[.)]\s)) | \n\s*\n   # list items, table rows, headings, paragraphs
    """,
    re.VERBOSE,
)
_LAST_WORD = re.compile(r"(?<![\w])([^\W\d_]{1,6})\.\Z")
_WINDOW = 8
"""Characters that hold the longest abbreviation with its full stop and the character before it."""
_LONGEST_LINE, _MEAN_LINE, _GOING_ON = 80, 45, 0.3
"""Of a form: characters of its longest line and of its lines on average, and the share of lines that may go on in small
letters; in wrapped prose nine of ten do."""
_LINE = re.compile(r"[^\n]*\n")
_GOES_ON = re.compile(r"[^\S\n]*+[a-zà-ÿа-яёα-ω\u3040-\u9fff\uac00-\ud7af]")
"""Begins with a small letter, or in a script without capitals."""
_NO_ENTRY = re.compile(r"[^\S\n]*+[\[`]")
"""A mark or code."""
_LIST_NUMBER = re.compile(r"\s*\d{1,3}\.\Z")
_FIRST_WORD = re.compile(r"\s*[\"'“„«(¿¡]*([^\W\d_]+)(?![\w.])")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BEFORE_A_NAME = _words(
    "dr dra mr mrs ms messrs prof profa st gen col lt capt sgt rev hon sen gov "  # English
    "sr sres sra sras srta ud uds vd lic ing arq dña exmo exma ilmo ilma eng av avda "  # Spanish, Portuguese
    "hr fr dipl "  # German
    "проф акад им гр ул просп гос тов "  # Russian
    "mag doc ga gdč"  # Slovenian
)
_ALSO_AT_AN_END = _words(
    "etc al inc ltd co corp jr vs cf viz ca approx est dept "
    "ej ex ee uu cía ltda sa sl admón aprox pág págs obs "
    "usw bzw ggf inkl bspw vgl evtl "
    "др пр г гг млн млрд тыс руб коп см рис стр табл напр "
    "npr itd ipd itn oz št str čl tj mio tel"
)
_BEFORE_A_NUMBER = _words(
    "no nos art arts sec secs fig figs vol vols ch chap p pp par para pt eq ed min max ext jan feb mar apr jun jul aug "
    "sep sept oct nov dec núm n cap apdo inc cl nr abs ziff kap ст п пп ч гл кв odst tč pogl sl ur"
)
_OPENERS = _words(
    "the this that these those it its he she they we you i a an in on at if when but and however there our your his "
    "her their for to as no not what who how after all each "
    "el la los las una un esta este esto estas estos en se su sus si pero cuando para por como y con al "
    "o os as um uma isto isso em não mas quando do da na ao é "
    "это этот эта эти он она оно они мы вы в во на и но а если когда для по с со к у при все как не его её их за "
    "to ta te ti v na je če ko ne za pri pa po ker se so ob vsi kdor "
    "der die das ein eine es er sie wir im wenn und aber für bei"
)
"""Words that often begin a sentence: "in the U.S. The rest" are two, "the U.S. Army" are not."""


def sentence_spans(text: str) -> Iterator[tuple[int, int]]:
    """Spans of the sentences, in order, without the white space around them; empty ones are left out."""
    start = 0
    for match in _END.finditer(text):
        end = match.end()
        if text[match.start()] == "." and _goes_on(text, start, end):
            continue
        yield from _trimmed(text, start, end)
        start = end
    yield from _trimmed(text, start, len(text))


def line_spans(text: str) -> Iterator[tuple[int, int]]:
    """The same, and in a form or a receipt ("Total: 3.50") each line is a sentence.

    A paragraph is one where the lines are short and few go on in small letters, as the lines of prose do.
    """
    for start, end in sentence_spans(text):
        for line in _LINE.finditer(text, start, end) if is_form(text[start:end]) else ():
            yield from _trimmed(text, *line.span())
            start = line.end()
        yield from _trimmed(text, start, end)


def is_form(text: str) -> bool:
    """Whether a text of several lines reads line by line, as a form or a receipt does."""
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) < 2 or max(map(len, lines)) > _LONGEST_LINE or sum(map(len, lines)) > _MEAN_LINE * len(lines):
        return False
    return sum(map(bool, map(_GOES_ON.match, lines))) < _GOING_ON * len(lines) and not any(map(_NO_ENTRY.match, lines))


def sentences(text: str) -> list[str]:
    """The sentences themselves."""
    return [text[start:end] for start, end in sentence_spans(text)]


def _goes_on(text: str, start: int, end: int) -> bool:
    """Whether the full stop that ends at `end` is an abbreviation's or a list number's, not a sentence's."""
    if text[end - 1] != ".":
        return False
    following = text[end : end + 2].strip()[:1]
    if following.islower() or (end - start <= _WINDOW and _LIST_NUMBER.match(text, start, end)):
        return True
    abbreviated = _LAST_WORD.search(text, max(start, end - _WINDOW), end)
    return bool(abbreviated) and _expects_more(abbreviated[1], text, end)


def _expects_more(word: str, text: str, end: int) -> bool:
    """Whether the sentence goes on behind this word and its full stop; a single letter is an initial."""
    folded = word.casefold()
    before_a_name, also_at_an_end = folded in _BEFORE_A_NAME, folded in _ALSO_AT_AN_END or len(word) == 1
    if text[end : end + 2].strip()[:1].isdigit():
        return before_a_name or also_at_an_end or folded in _BEFORE_A_NUMBER
    opener = _FIRST_WORD.match(text, end, end + 2 * _WINDOW)
    return before_a_name or (also_at_an_end and not (opener and opener[1].casefold() in _OPENERS))


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield start, end
