"""Questions that ask what something is, and sentences and passages that say so, in seven languages."""

import re

from rag.text.analysis import fold
from rag.text.function_words import function_words, words_of

_ARTICLE = r"(?:an?|the|el|la|los|las|una?|os?|as|uma?|der|die|das|eine?|le|les|des|du|une|l['’]?)"
_AFTER_ARTICLE = re.compile(rf"{_ARTICLE}\s+|l['’]")
_ASKS = re.compile(
    "(?:"
    "what(?: is| s|s| are| was| were)(?: meant by)?|define|(?:definition|meaning) of"
    "|que (?:es|son|significan?)|definicion de"
    "|(?:o )?que (?:e|sao|significam?|quer dizer)|defina|definicao de"
    "|(?:что|кто) (?:это )?(?:такое|такой|такая|такие|это|значит|означает)|определение"
    "|kaj (?:je|so|sta|pomeni(?:jo)?)"
    "|was (?:ist|sind|bedeutet|bedeuten|heisst)"
    "|qu est ce qu[ei]?(?: c est)?(?: que)?|c est quoi"
    ") (?P<term>.+)|what do(?:es)? (?P<meant>.+)(?: mean| stand for)"
)
_TAIL = re.compile(r" (?:means?|stand for|in short|exactly|de facto|bedeutet|genau|tocno|по сути)$")
_BEFORE_TERM = re.compile(
    r"\A(?:(?:an?|the|el|la|los|las|una?|os?|as|uma?|der|die|das|eine?|les?|l|une|exactly|exactamente|exatamente"
    r"|eigentlich|pravzaprav) )+"
)
_MOST_WORDS, _MOST_BARE = 4, 2
"""Of a term, and of one that is all of a question; what is longer is described rather than named."""

_APART = r"(?:\s+|\s*\([^()]{1,60}\)\s*,?\s*|\s*,[^,.;:]{1,60},\s*|\s+for short\s*,\s*)"
_IS = re.compile(
    _APART + r"(?:is|are|was|were|es|son|fue|e|sao|foi|ist|sind|war|est|sont|etait|consists? of|se refiere[n]? a"
    r"|consiste[n]? en|refere[m]?-se a|consiste[m]? em|steht fur|describes?)\s"
)
"""Folded copulas; what follows may define the term or only say something of it: "is open"."""
_MEANS = re.compile(
    _APART + r"(?:(?:(?:is|are)\s(?:an?|one of|any|the)|means?|refers? to|stands? for|denotes?"
    r"|(?:es|son|fue)\s(?:una?|unos|unas|el|la|los|las)|significa[n]?|(?:e|sao|foi)\s(?:uma?|uns|umas|os?|as?)"
    r"|является|являются|означает|значит|это|je|so|pomeni[jo]*|oznacuje[jo]*"
    r"|(?:ist|sind)\s(?:eine?|der|die|das)|bedeutet|bezeichnet|(?:est|sont)\s(?:une?|des|le|la|les)|signifie|designe)"
    r"\s|[—–-]\s+\S)"
)
_LABEL = re.compile(r"(?:\s*\([^()]{1,60}\))?\s*(?:[*_]{1,2}\s*[:.—–-]|[:.]\s*[*_]{1,2}|\s[—–]\s|:\s)[*_\s]*\S")
"""An entry of a glossary: "**Term.** Text", "Term: text"."""
_MARKS = r"[ \"'“”„«»*_`]{0,6}"
_SAYS = "is|are|means|stands for|es|son|significa|e|sao|это|означает|je|so|pomeni|ist|sind|bedeutet|est|sont|designe"
_OPENS = re.compile(r"[\s>*_#\"'“„«(+-]*")
_LONG_NAME = re.compile(r"(?:[^\s.;:(]+\s+){0,6}?[^\s.;:(]+(?:\s*\(|,)\s*")
"""What stands before an abbreviation: "Retrieval-augmented generation (RAG) is"."""
_CASES = 3
"""Letters at the end of a word that may be another case's: эскалация, эскалации."""


def defined_term(question: str) -> str:
    """The term that a question asks the meaning of, folded, its words apart: "rag" for "What is RAG?" and for "RAG?".

    "" where it asks for something else.
    """
    words = words_of(question)
    asked = _ASKS.fullmatch(" ".join(words))
    term = _BEFORE_TERM.sub("", _TAIL.sub("", asked["term"] or asked["meant"]), count=1).split() if asked else words
    functions = function_words(words)
    most = _MOST_WORDS if asked else _MOST_BARE
    return " ".join(term) if 0 < len(term) <= most and not functions.intersection(term) else ""


def defines(sentence: str, term: str) -> int:
    """How far a sentence says what the term of `defined_term` is: 2 when it begins with the term, or its long name,
    and "is a", "means" or the like; 1 when another form of "is" follows, which need not define it; else 0."""
    begun = _begins(fold(sentence[:400]), term) if term else None
    if begun is None:
        return 0
    return 2 if _MEANS.match(begun) or _LABEL.match(begun) else int(bool(_IS.match(begun)))


def defining_passage(term: str) -> re.Pattern[str]:
    """Finds, in the folded text of a passage with its headings, where it says what the folded term is.

    A heading of its own, a sentence that begins with it and goes on with "is" in a shipped language, a colon or a dash,
    or the long form of an abbreviation before it in brackets.
    """
    name = r"[\W_]+".join(map(re.escape, term.split()))
    start = rf"(?:^|[.!?]\s|[-*•#|] ){_MARKS}(?:{_ARTICLE} )?{name}\b{_MARKS}"
    aside = rf"(?:\([^()\n]{{1,60}}\){_MARKS}|,[^,.\n]{{1,60}},\s)?"
    label = rf"^[-*# ]{{0,6}}\*\*(?:[^*\n]{{1,30}}, )?{name}\b[^*\n]{{0,30}}\*\*"
    return re.compile(
        rf"^{_MARKS}{name}{_MARKS}$|{label}|{start}{aside}(?:(?:{_SAYS})\b|[:–—])"
        rf"|[^\W\d_]\W*\({name}\)|\b{name} for short",
        re.MULTILINE,
    )


def _begins(text: str, term: str) -> str | None:
    """What follows the term that a text begins with; None when it begins with another."""
    text = text[_OPENS.match(text).end() :]  # type: ignore[union-attr]  # it matches the empty text too
    words = [re.escape(_stem(word)) + r"[^\W\d_]{0,3}" for word in term.split()]
    named = re.compile(r"[\W_]+".join(words) + r"(?![^\W_])[`\"'“”»]*\)?")
    for start in (0, _end(_AFTER_ARTICLE, text), _end(_LONG_NAME, text)):
        if match := named.match(text, start):
            return text[match.end() :]
    return None


def _stem(word: str) -> str:
    return word[: max(4, len(word) - _CASES + 1)] if word.isalpha() and len(word) > 5 else word


def _end(pattern: re.Pattern[str], text: str) -> int:
    match = pattern.match(text)
    return match.end() if match else 0
