"""Is the answer in the passages? Named numbers in [0, 1] of a search alone, before a word is written; pure functions.

An answer mostly stands beside the words of its question. They are looked for, therefore, not only somewhere in a
passage but in a window: two adjacent sentences with their heading context. What a term counts is its
weight in the search, into which its idf went.

Each signal's docstring says how well it alone tells squad's answerable questions from the same ones with their article
removed from the library, and with their paragraph removed (AUROC, benchmarks/confidence).
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from itertools import chain, pairwise

from rag.retrieval.fields import heading_context
from rag.retrieval.history import points_back
from rag.retrieval.query import is_gram
from rag.retrieval.scoring import rarest
from rag.retrieval.spelling import apply_corrections
from rag.text.analysis import GRAM_PREFIX, GRAM_WEIGHT, WORD_START, Terms, analyse, analyse_again, fold, spaced_parts
from rag.text.function_words import function_words, words_of
from rag.text.sentences import sentences
from rag.types import Hit, SearchResult, Signal

ANSWERABLE = ("strength", "evidence", "specifics", "margin")
"""The signals that the head `answerable` of the weights is fitted on; the others add nothing to these four."""

FEW_WORDS, ENOUGH_WORDS = 2.0, 4.0
"""Rarest words, or more that are less rare: the least evidence that is required, because one word can match by chance,
and the most, because a long question is not answered word by word."""

BACKGROUND = 5
"""Passages that may share an answer; the next one shows how well any text of this library fits the question."""

CAPITALISING = 0.3
"""Where more of the passages' words than this begin with a capital, as in German, capitals do not mark names: .32 to
.48 in the searches of xquad de, below .29 in 95 % of those in English, Spanish and Russian."""
_A_FEW_NAMES = 8
"""Capitals that one or two sentences may have in any language."""

WHOLE = 0.9
"""Two sentences that hold this share of a question hold all of it: no further word could be required, nor does it
matter how many other passages do. One question in 1,000 of squad reaches it without its article, 95 with it; words like
"energy", and what a library is all about, do every time."""

FEW_NAMED = 3
"""So few words of a question that name something may stand for all of it. With more of them, or without a bound, the
paragraph that is missing is seen less well: AUROC .864 instead of .871."""

ABSENT = 0.5
"""What a word of a question without capitals counts as a name, when no passage that was found has it: it may be a name,
or a word that the library does not use. In lower case squad's questions are then refused and caught as often as with
their capitals (.060 and .865, .071 and .879); without it .032 and .758 (every third question)."""

_COVERED = 0.99
"""Share of a question's words, or of their synonyms, above which none is missing."""

_Window = Set[str]
"""The query's terms in two sentences and their heading context."""
_WORD = re.compile(r"[^\W_]{2,}|\d")
_LETTERS = re.compile(r"[^\W\d_]{2,}")


def search_signals(search: SearchResult, question: str) -> tuple[Signal, ...]:
    """The signals of a search with all of its hits: 0 where there is none, 1 where the person chose the passages.

    `question` is what the person wrote; what was searched for instead, if anything was, takes its place.
    """
    weights = {term: weight for term, weight in search.weights.items() if term not in search.replaced}
    search = replace(search, weights=weights)  # what a synonym stands for is not missing
    asked = apply_corrections(search.question or question, search.corrections)
    windows = [window for hit in search.hits for window in _windows(hit, search.weights)]
    chosen = any(not hit.score for hit in search.hits)  # they came with a question whose words did not find them
    close = closeness(search, windows)
    whole = close >= WHOLE or _holds_all_named(search, windows, asked)
    names = specifics(search, windows, asked)
    found = (
        ("strength", search.normalised_score, "How much of the question the best passage holds"),
        ("closeness", close, "How much of the question stands in two sentences side by side"),
        ("evidence", 1.0 if whole else evidence(search, windows), "How much two sentences have in common with it"),
        ("specifics", names, "How many of its names and numbers stand there"),
        ("margin", 1.0 if whole else margin(search.hits), "How far the best passage stands out from the others"),
    )
    return tuple(Signal(name, 1.0 if chosen else value, meaning) for name, value, meaning in found)


def closeness(search: SearchResult, windows: Iterable[_Window]) -> float:
    """[0, 1]: the greatest share of the query's mass in one window; AUROC .957 and .846."""
    return _most(search.weights, windows) / (sum(search.weights.values()) or 1.0)


def evidence(search: SearchResult, windows: Iterable[_Window]) -> float:
    """[0, 1]: the query's words in one window over those it has, at least `FEW_WORDS`, at most `ENOUGH_WORDS`.

    Each counts by its idf over the greatest there is; a bigram of a script without spaces is half a word. AUROC
    .935 and .839.
    """
    units = {term: weight for term, weight in search.weights.items() if not is_gram(term)}
    units |= {term: weight / GRAM_WEIGHT / 2 for term, weight in search.weights.items() if _is_pair(term)}
    whole = rarest(search.searched)
    asked = min(ENOUGH_WORDS, max(FEW_WORDS, sum(units.values()) / whole))
    return min(1.0, _most(units, windows) / whole / asked)


def specifics(search: SearchResult, windows: Iterable[_Window], question: str) -> float:
    """[0, 1]: the greatest share of the mass of its names and numbers in one window; AUROC .817 and .638.

    What a question is about is mostly called by a name, and passages about another one are no answer. 1 where the
    question has none, or the passages are of a language that begins any noun with a capital. A question without
    capitals has the names that the passages write with one, and perhaps those that they do not write at all.
    """
    if not search.hits:
        return 0.0
    capitals = not _capitalises(search.hits)
    if question not in (question.lower(), question.upper()):
        return _share(search.weights, windows, _names(question, capitals=capitals))
    names, absent = _unmarked_names(question, search.hits) if capitals else ([], [])
    numbers = list(_names(question, capitals=False))
    known = [*numbers, *names]
    sure, certain, perhaps = (_share(search.weights, windows, each) for each in (numbers, known, [*known, *absent]))
    absence = 0.0 if search.coverage > _COVERED else 1.0 - perhaps  # a synonym may stand there in its place
    return min(sure, certain, 1.0 - ABSENT * absence)


def _share(weights: Mapping[str, float], windows: Iterable[_Window], words: Iterable[str]) -> float:
    """[0, 1]: the greatest share of the mass of these words in one window; 1 without any."""
    terms = {term for word in words for term in analyse(word).units}
    masses = {term: weight for term, weight in weights.items() if term in terms}
    return _most(masses, windows) / sum(masses.values()) if masses else 1.0


def _unmarked_names(question: str, hits: Sequence[Hit]) -> tuple[list[str], list[str]]:
    """Words of a question that passages mostly write with a capital inside a sentence, and those that none has."""
    inside = [word for hit in hits for each in sentences(hit.passage.text) for word in _WORD.findall(each)[1:]]
    counts = Counter(fold(word) for word in inside)
    capitals = Counter(fold(word) for word in inside if word[0].isupper())
    words = [word for word in words_of(question) if word != word.upper()]  # others have no capitals to tell by
    named = [word for word in words if word not in function_words(words)]
    return [word for word in named if 2 * capitals[word] > counts[word]], [word for word in named if not counts[word]]


def margin(hits: Sequence[Hit]) -> float:
    """[0, 1]: the best hit's normalised score over that of the first after `BACKGROUND` others; .920 and .842.

    0 stands for hits that are not there, so that a library of one page does not count against it.
    """
    ranked = sorted((hit.normalised_score for hit in hits), reverse=True)
    return ranked[0] - (ranked[BACKGROUND] if len(ranked) > BACKGROUND else 0.0) if ranked else 0.0


def _holds_all_named(search: SearchResult, windows: Iterable[_Window], question: str) -> bool:
    """Whether a window holds all that a question of few words names; not where it points back at earlier ones."""
    words = words_of(question)
    functions = function_words(words)
    if len(words) - sum(word in functions for word in words) > FEW_NAMED or points_back(question):
        return False
    asking = set(_terms(functions)) - set(_terms(word for word in words if word not in functions))
    named = {term: weight for term, weight in search.weights.items() if term not in asking}
    return bool(named) and closeness(replace(search, weights=named), windows) >= WHOLE


def _terms(words: Iterable[str]) -> tuple[str, ...]:
    terms = analyse(" ".join(words))
    return (*terms.words, *terms.grams)


def _windows(hit: Hit, weights: Mapping[str, float]) -> Iterator[_Window]:
    """Those of a hit; at least one."""
    context = _query_terms(analyse_again(heading_context(hit.passage)), weights)
    found = [_query_terms(analyse(sentence), weights) for sentence in sentences(hit.passage.text)]
    for first, second in pairwise((*found, frozenset[str]())):
        yield context | first | second


def _query_terms(terms: Terms, weights: Mapping[str, float]) -> frozenset[str]:
    return frozenset(term for term in (*terms.words, *terms.grams) if term in weights)


def _most(masses: Mapping[str, float], windows: Iterable[_Window]) -> float:
    """The greatest mass that one window holds."""
    return max((sum(mass for term, mass in masses.items() if term in window) for window in windows), default=0.0)


def _is_pair(term: str) -> bool:
    """Whether it is two characters of a script without spaces."""
    characters = term.removeprefix(GRAM_PREFIX)
    return is_gram(term) and len(characters) == 2 and characters[0] != WORD_START


def _capitalises(hits: Sequence[Hit]) -> bool:
    """Whether the passages begin any noun with a capital."""
    words = [word for hit in hits for word in _LETTERS.findall(hit.passage.text)]
    return sum(word[0].isupper() for word in words) > CAPITALISING * len(words) + _A_FEW_NAMES


def _names(question: str, *, capitals: bool) -> Iterator[str]:
    """Words with a digit, and, with `capitals`, those that have a capital which does not only begin a sentence."""
    capitals = capitals and not question.isupper()
    for sentence in sentences(question):
        for n, word in enumerate(chain.from_iterable(map(spaced_parts, _WORD.findall(sentence)))):
            seen = word if n else word[1:]
            if any(c.isdigit() for c in word) or (capitals and any(c.isupper() for c in seen)):
                yield word
