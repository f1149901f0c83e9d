"""Does a question point back at what was asked before it, or does it stand alone? In the shipped languages."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.text.function_words import function_words, likely_languages, words_of
from rag.text.sentences import sentences

ANTECEDENT = 2
"""So many words that name something stand for what a pronoun behind them in the same sentence means: "How old was
Peyton Manning when he played?" needs no earlier question, "How much memory does it need?" does."""


@dataclass(frozen=True, slots=True)
class _Words:
    """What points back in a language, folded."""

    openings: frozenset[str]
    """How a question begins that goes on with the one before."""
    pointers: frozenset[str]
    """Pronouns and adjectives that stand for something that was named."""
    measures: frozenset[str]
    """What may follow "how" in a question that names nothing: "how long?"."""


def _words(openings: str, pointers: str, measures: str) -> _Words:
    return _Words(*(frozenset(each.split()) for each in (openings, pointers, measures)))


_LANGUAGES = {
    "en": _words(
        "and but or also so then no yes really ok okay what_about how_about what_else",
        "it its they them their theirs he him his she her hers this that these those such same other others another "
        "one ones former latter both else then more mentioned earlier previous similar",
        "long much many often far fast big old large soon",
    ),
    "es": _words(
        "y e pero o entonces tambien",
        "ello ellos ella ellas eso esto aquello ese esa esos esas este esta estos estas su sus mismo misma otro "
        "otra otros otras alli entonces ambos ambas",
        "tiempo",
    ),
    "pt": _words(
        "e mas ou entao tambem",
        "ele ela eles elas dele dela deles delas isso isto aquilo esse essa esses essas este esta disso disto nisso "
        "desse dessa deste desta seu sua seus suas mesmo mesma outro outra outros outras ambos",
        "tempo",
    ),
    "ru": _words(
        "а и но или тогда также тоже",
        "он она оно они его ее их им ими ему ей нем них этот эта эти этого этой этому этим этих тот та те того той "
        "такой такие там тогда другой другая другие другое оба обе еще",
        "долго часто дорого",
    ),
    "sl": _words(
        "in pa ampak toda potem tudi kaj_pa kako_pa kje_pa koliko_pa",
        "ga jo jih jim njega njej njo njem njim njih njegov njegova njegovo njen njena njeno njihov njihova to ta "
        "te tega temu tem teh tisti tista tisto tam takrat isti ista isto drugi druga drugo oba",
        "dolgo pogosto casa",
    ),
    "de": _words(
        "und aber oder dann auch",
        "er sie es ihn ihm ihnen ihr ihre sein seine seinen dieser diese dieses diesem diesen davon dafur dazu "
        "damit darin das dort dann solche selbe andere anderen anderer beide",
        "lange oft teuer viel",
    ),
    "fr": _words(
        "et mais ou alors aussi",
        "il elle ils elles lui leur leurs son sa ses ce cet cette ces cela ca celui celle ceux autre autres meme memes",
        "temps",
    ),
}
_UNSPACED = re.compile("[它他她这這那該该此其]|[それこ]れ")


def points_back(question: str) -> bool:
    """Whether a question needs those before it: it goes on with them, stands for something with a pronoun, or is bare.

    In a language that does not ship, only a question without a word of its own does.
    """
    words = words_of(question)
    functions = function_words(words)
    if functions.issuperset(words) or _UNSPACED.search(question):
        return True
    return any(_refers(question, words, functions, _LANGUAGES[language]) for language in likely_languages(words))


def _refers(question: str, words: Sequence[str], functions: frozenset[str], known: _Words) -> bool:
    if known.openings.intersection((words[0], "_".join(words[:2]))):
        return True
    if known.measures.issuperset(word for word in words if word not in functions):
        return True
    return any(True for sentence in sentences(question) for _ in _pointers(words_of(sentence), functions, known))


def _pointers(words: Sequence[str], functions: frozenset[str], known: _Words) -> Iterator[str]:
    """The words of a sentence that stand for something which is not named before them in it."""
    named = 0
    for before, word, after in zip(("", *words), words, (*words[1:], ""), strict=False):
        if word not in known.pointers:
            named += word not in functions
        elif named < ANTECEDENT and not _has_another_use(before, word, after, functions):
            yield word


def _has_another_use(before: str, word: str, after: str, functions: frozenset[str]) -> bool:
    """The relative "that" behind a noun, "it is possible", "other than", the article "das", "es gibt"."""
    return (
        (word == "that" and bool(before) and before not in functions)
        or (word in ("other", "more") and after == "than")
        or (word == "it" and after in ("possible", "take", "takes"))
        or (word == "das" and bool(after))
        or (word == "es" and "gibt" in (before, after))
    )
