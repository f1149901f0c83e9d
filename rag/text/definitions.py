"""Questions that ask what something is, and sentences that say so, in seven languages."""

import re

from rag.text.analysis import fold

_ASKS = re.compile(
    r"(?:what(?:\s+(?:is|are|was|were|does)|['’]?s)|define|definition of|meaning of"
    r"|que\s+(?:es|son|significa[n]?)|o\s+que\s+(?:e|sao|significa[m]?)|que\s+quer\s+dizer|defin[ae]|definicion de"
    r"|definicao de|что\s+(?:такое|значит|означает)|что\s+это\s+такое|определение|kaj\s+(?:je|so|pomeni[jo]*)"
    r"|was\s+(?:ist|sind|bedeutet|bedeuten|heisst)|(?:qu['’]est[ -]ce\s+que?|c['’]est\s+quoi)(?:\s+c['’]est\s+que)?)"
    r"[\s:«„“\"'’]+(?P<term>\S.*)"
)
_ARTICLE = re.compile(
    r"(?:the|an?|el|la|los|las|una?|os?|as?|uma?|der|die|das|eine?|le|les|des|du|l['’]|exactly|exatamente|exactamente"
    r"|eigentlich|pravzaprav)[\s]+|l['’]"
)
_TAIL = re.compile(r"(?:\s+(?:mean|means|stand for|in short|exactly|de facto|tocno|genau|по сути))?[\s?¿!.»“”\"'’…]*\Z")
_BARE = re.compile(r"[^\s?]+(?:\s+[^\s?]+)?\s*\?+")
_MOST_WORDS = 6
"""Of a term; more are a description, whose words are looked up like those of any question."""

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
_OPENS = re.compile(r"[\s>*_#\"'“„«(+-]*")
_LONG_NAME = re.compile(r"(?:[^\s.;:(]+\s+){0,6}?[^\s.;:(]+(?:\s*\(|,)\s*")
"""What stands before an abbreviation: "Retrieval-augmented generation (RAG) is"."""
_CASES = 3
"""Letters at the end of a word that may be another case's: эскалация, эскалации."""


def defined_term(question: str) -> str:
    """The term that a question asks the meaning of, folded: "rag" for "What is RAG?" and for "RAG?"; else ""."""
    asked = " ".join(fold(question).split()).lstrip("¿¡«„“\"' ")
    match = _ASKS.match(asked)
    term = match["term"] if match else asked if _BARE.fullmatch(asked) else ""
    term = _ARTICLE.sub("", _TAIL.sub("", term), count=1) if _ARTICLE.match(term) else _TAIL.sub("", term)
    return term if 0 < len(term.split()) <= _MOST_WORDS else ""


def defines(sentence: str, term: str) -> int:
    """How far a sentence says what the term of `defined_term` is: 2 when it begins with the term, or its long name,
    and "is a", "means" or the like; 1 when another form of "is" follows, which need not define it; else 0."""
    begun = _begins(fold(sentence[:400]), term) if term else None
    if begun is None:
        return 0
    return 2 if _MEANS.match(begun) or _LABEL.match(begun) else int(bool(_IS.match(begun)))


def _begins(text: str, term: str) -> str | None:
    """What follows the term that a text begins with; None when it begins with another."""
    text = text[_OPENS.match(text).end() :]  # type: ignore[union-attr]  # it matches the empty text too
    words = [re.escape(_stem(word)) + r"[^\W\d_]{0,3}" for word in term.split()]
    named = re.compile(r"[*_`\"'“”»]*\s+".join(words) + r"(?![^\W_])[`\"'“”»]*\)?")
    for start in (0, _end(_ARTICLE, text), _end(_LONG_NAME, text)):
        if match := named.match(text, start):
            return text[match.end() :]
    return None


def _stem(word: str) -> str:
    return word[: max(4, len(word) - _CASES + 1)] if word.isalpha() and len(word) > 5 else word


def _end(pattern: re.Pattern[str], text: str) -> int:
    match = pattern.match(text)
    return match.end() if match else 0
