"""Misspelt words of a question, corrected to words that the searched documents are written with.

A word is corrected only where no document has it, in any of its endings, and its language does not either. Candidates
are the words of the documents one edit away (two for long words), where an edit inserts, leaves out or replaces a
letter or exchanges two neighbours: of such edits are four of five errors (Damerau, 1964). The one with the greatest
log(passages with it) - cost of its edits is taken, a noisy channel (Kernighan, Church and Gale, 1990).
"""

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import process
from rapidfuzz.distance import OSA, Prefix

from rag.retrieval.index import PassageIndex, Statistics
from rag.retrieval.typing_errors import edit_cost
from rag.retrieval.vocabulary import BACKWARDS, LONGEST, Spelling, spelling_of
from rag.text.analysis import STOP_WORDS, analyse, fold, written_words
from rag.text.function_words import FUNCTION_WORDS, likely_languages
from rag.text.lexicon import LISTED, lexicon

SHORTEST, TWO_EDITS = 4, 9
"""Letters of a word that is corrected, and of one that may have two errors. Words of three letters are corrected to
function words only."""

SHORT_WORD, SHORT_NAME = 4, 5
"""Letters of words and of names that have many neighbours."""
ALMOST_RIGHT, MOST_COST = 1.0, 2.0
"""What the edits of such a word may cost, and those of another one."""

EDIT_COST = 4.0
"""Nats of frequency that an edit costs; hit@5 of benchmarks/typos is flat between 2 and 8."""

RARER = 1_000
"""A word that the language has is an error all the same where the other one is so many times as common: "wat" is a
temple, but "what" was meant."""

JUDGED, FOREIGN = 50, 0.002
"""In a library of this many passages a function word that fewer of them have is foreign; so is a question with most of
its function words foreign, whose words are not corrected."""

SELDOM = 0.01
"""The share of passages that may have a word of three letters which is an error all the same: "teh" is Slovenian. A
longer word that any passage has is never corrected: correcting the rare ones cost up to .008 of hit@5 on questions
without errors (stackfaq, squad), and won nothing."""

_LONGEST_ACRONYM, _ENDING = 5, 2
_MOST_LISTED = 20_000
"""Words of an index, by frequency, that are looked at for one half of a word."""

_CODE = re.compile(r"\S*(?:[\d_@/\\]|\w[.:]\w)\S*")
"""What has a digit or the signs of a path, an address or a name in code inside."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    form: str
    cost: float
    containing: int

    @property
    def score(self) -> float:
        return math.log(self.containing) - EDIT_COST * self.cost


def find_corrections(question: str, indexes: Sequence[PassageIndex]) -> dict[str, str]:
    """The misspelt words of a question as they stand there, each with the word that is meant; mostly none."""
    text = unicodedata.normalize("NFKC", question)
    asked = [fold(match[0]) for match in written_words(text)]
    languages = likely_languages(asked) or ["en"]
    checked = {word: fold(word) for word in _checked_words(text) if fold(word) not in _function_words(languages)}
    statistics = _statistics([*checked.values(), *asked], indexes)
    unknown = [word for word, folded in checked.items() if _is_unknown(folded, statistics)]
    if not unknown or _is_foreign(asked, languages, statistics):
        return {}
    found = {word: _correction(word, indexes, languages) for word in unknown}
    return {word: _with_case_of(word, form) for word, form in found.items() if form}


def apply_corrections(text: str, corrections: Mapping[str, str]) -> str:
    """The text with these words in the place of what was typed."""
    if not corrections:
        return text
    pieces, end = list[str](), 0
    text = unicodedata.normalize("NFKC", text)
    for match in written_words(text):
        pieces += text[end : match.start()], corrections.get(match[0], match[0])
        end = match.end()
    return "".join((*pieces, text[end:]))


def _checked_words(text: str) -> Iterator[str]:
    """The words of a question that could be misspelt: no codes, no acronyms."""
    codes = [match.span() for match in _CODE.finditer(text)]
    for match in written_words(text):
        word = match[0]
        acronym = word.isupper() and len(word) <= _LONGEST_ACRONYM and not text.isupper()
        coded = any(start <= match.start() < end for start, end in codes)
        if 3 <= len(word) <= LONGEST and not (acronym or coded):
            yield word


def _statistics(words: Sequence[str], indexes: Sequence[PassageIndex]) -> Statistics:
    terms = {term for word in words for term in analyse(word).words}
    return sum((index.statistics(terms) for index in indexes), Statistics())


def _containing(word: str, statistics: Statistics) -> int:
    """How many passages have a word; all, if it is not searched for."""
    terms = analyse(word).words
    return max((statistics.containing.get(term, 0) for term in terms), default=statistics.passages or 1)


def _is_unknown(word: str, statistics: Statistics) -> bool:
    """Whether no passage has a word; of the short ones, which other languages have too, next to none."""
    return _containing(word, statistics) <= (SELDOM * statistics.passages if len(word) < SHORTEST else 0)


def _function_words(languages: Sequence[str]) -> frozenset[str]:
    return frozenset[str]().union(*(FUNCTION_WORDS[language] for language in languages))


def _is_foreign(asked: Sequence[str], languages: Sequence[str], statistics: Statistics) -> bool:
    """Whether a question is in a language that the documents are not in."""
    joining = [word for word in asked if len(word) > 2 and word in _function_words(languages) - STOP_WORDS]
    foreign = [word for word in joining if _containing(word, statistics) < FOREIGN * statistics.passages]
    return statistics.passages >= JUDGED and 2 * len(foreign) > len(joining)


def _correction(typed: str, indexes: Sequence[PassageIndex], languages: Sequence[str]) -> str:
    """The form of the best candidate; "" where there is none, or where the word may be meant as it is."""
    word, short = fold(typed), len(typed) <= (SHORT_NAME if typed[0].isupper() else SHORT_WORD)
    most = ALMOST_RIGHT if short else MOST_COST
    candidates = (each for each in _candidates(word, indexes, languages) if each.cost <= most)
    best = max(candidates, key=lambda candidate: candidate.score, default=None)
    if not best or _is_word(word, best.form, languages) or ("en" not in languages and _is_ending(word, best.form)):
        return ""
    return best.form


def _is_ending(word: str, other: str) -> bool:
    """Whether two words differ in their ending alone: inflected languages have more of them than any text shows."""
    return Prefix.distance(word, fold(other)) <= _ENDING


def _is_word(word: str, rather: str, languages: Sequence[str]) -> bool:
    """Whether a word is English or of these languages, and not next to never used beside the other one."""
    lexicons = [lexicon(language) for language in {"en", *languages}.intersection(LISTED)]
    return any(count * RARER > each.count(fold(rather)) for each in lexicons if (count := each.count(word)))


def _candidates(word: str, indexes: Sequence[PassageIndex], languages: Sequence[str]) -> Iterator[_Candidate]:
    """Similar words, those of one stem as one, by the form that is nearest."""
    families: dict[tuple[str, ...], list[_Candidate]] = defaultdict(list)
    for (folded, form), containing in _similar(word, indexes, languages).items():
        family = families[analyse(folded).words or (folded,)]
        family.append(_Candidate(form, edit_cost(word, folded), containing))
    for family in families.values():
        nearest = max(family, key=lambda each: each.score)
        yield _Candidate(nearest.form, nearest.cost, sum(each.containing for each in family))


def _similar(word: str, indexes: Sequence[PassageIndex], languages: Sequence[str]) -> dict[Spelling, int]:
    """Words one or two edits away, with the number of passages that have them."""
    edits = 2 if len(word) >= TWO_EDITS else 1
    known = {(each, each): 1 for each in _function_words(languages) if len(each) >= min(3, len(word))}
    for index in indexes if len(word) >= SHORTEST else ():
        for spelling, containing in _listed(word, edits, index).items():
            known[spelling] = known.get(spelling, 0) + containing
    words = {spelling: spelling[0] for spelling in known}
    near = process.extract(word, words, scorer=OSA.distance, score_cutoff=edits, limit=None)
    return {spelling: known[spelling] for _, _, spelling in near}


def _listed(word: str, edits: int, index: PassageIndex) -> dict[Spelling, int]:
    """Words of an index that begin or end as this one, with the number of passages that have them.

    With one edit either the first half is right or the second, without the letter between them.
    """
    head, tail = len(word) // (edits + 1), (len(word) - 1) // (edits + 1)
    prefixes = word[:head], BACKWARDS + word[::-1][:tail]
    terms = (each for prefix in prefixes for each in index.spellings(prefix, _MOST_LISTED))
    return {spelling_of(term): containing for term, containing in terms}


def _with_case_of(typed: str, form: str) -> str:
    if typed.isupper():
        return form.upper()
    return form.capitalize() if any(map(str.isupper, typed[:2])) else form
