"""Questions for what something is, in the shipped languages, and passages that say it."""

import re

from rag.text.function_words import function_words, words_of

DEFINES = 3.0
"""What a passage that defines the term counts beside another one that holds it."""

MOST_WORDS = 4
"""Of a term; what is longer is described rather than named."""

MOST_BARE = 2
"""Of a question that is nothing but the term."""

_ARTICLE = r"(?:an?|the|el|la|los|las|una?|os?|as|uma?|der|die|das|eine?|le|les|une|l) "
_ASKS = (
    r"what(?: is|s| s)(?: meant by)?|what are|define|definition of|meaning of",
    r"que (?:es|son|significa)|(?:o )?que (?:e|sao|significa)",
    r"(?:что|кто) (?:такое|такой|такая|такие|это|значит|означает)",
    r"kaj (?:je|so|sta|pomeni(?:jo)?)",
    r"was (?:ist|sind|bedeutet|heisst)",
    r"qu est ce qu(?:e|i)?(?: c est)?(?: que)?|c est quoi",
)
_DEFINITION = re.compile(
    rf"(?:{'|'.join(_ASKS)}) (?:{_ARTICLE})?(?P<term>.+)|what (?:does|do) (?P<meant>.+?) (?:mean|stand for)"
)
_MARKS = r"[ \"'“”„«»*_`]{0,6}"
_SAYS = "is|are|means|stands for|es|son|significa|e|sao|это|означает|je|so|pomeni|ist|sind|bedeutet|est|sont|designe"


def defined_term(question: str) -> str:
    """What the question wants defined, folded: "what is RAG", "BM25?"; "" when it asks for something else."""
    words = words_of(question)
    asked = _DEFINITION.fullmatch(" ".join(words))
    term = (asked["term"] or asked["meant"]).split() if asked else words
    short = 0 < len(term) <= (MOST_WORDS if asked else MOST_BARE)
    return " ".join(term) if short and not function_words(words).intersection(term) else ""


def definition(term: str) -> re.Pattern[str]:
    """Finds, in the folded text of a passage with its headings, where it says what the folded term is.

    A heading of its own, a sentence that begins with it and goes on with "is" in a shipped language, a colon or a dash,
    or the long form of an abbreviation before it in brackets.
    """
    name = r"[\W_]+".join(map(re.escape, term.split()))
    start = rf"(?:^|[.!?]\s|[-*•#|] ){_MARKS}(?:{_ARTICLE})?{name}\b{_MARKS}"
    aside = rf"(?:\([^()\n]{{1,60}}\){_MARKS}|,[^,.\n]{{1,60}},\s)?"
    label = rf"^[-*# ]{{0,6}}\*\*(?:[^*\n]{{1,30}}, )?{name}\b[^*\n]{{0,30}}\*\*"
    return re.compile(
        rf"^{_MARKS}{name}{_MARKS}$|{label}|{start}{aside}(?:(?:{_SAYS})\b|[:–—])"
        rf"|[^\W\d_]\W*\({name}\)|\b{name} for short",
        re.MULTILINE,
    )
