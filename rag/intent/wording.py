"""A question's words by what they do: name a task, point at a document, count, join; and those that are its topic."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from rag.intent.word_sets import (
    COMPARE,
    COUNTING,
    DEFINITE,
    DOCUMENT,
    DOCUMENTS,
    FOLDER,
    FUNCTION,
    HOW_MANY,
    LANGUAGES,
    LAST,
    LIBRARY,
    ONE,
    ORDINALS,
    OTHER,
    PAGE,
    POINTING,
    SAYING,
    SEVERAL,
    TASKS,
    WHICH,
    Token,
    WordSet,
    words_of,
)
from rag.text.analysis import fold
from rag.types import WholeTask

_MOST_CHARS = 2_000
"""A longer question brings a text of its own, and asks about that."""
_MOST_SENTENCES = 30
_LENGTH = re.compile(
    r"\b(\d{1,2}|one|two|three|four|six|seven|eight|nine|ten|dos|tres|cuatro|cinco|diez|dois|cinco|dez|два|две|три|пять|"
    r"десять|dve|dva|tri|stirih|petih|desetih|zwei|drei|vier|funf|zehn|deux|trois|quatre|cinq|dix)\s+(?:\w+\s+)?"
    r"(?:bullets?|points?|sentences?|lines?|paragraphs?|puntos?|frases?|oraciones|pontos?|предложени\w*|пункт\w*|тезис\w*|"
    r"stavk\w*|tock\w*|satze\w*|punkte\w*|phrases?)\b"
)
_NUMBERS = {
    **dict.fromkeys(("one",), 1),
    **dict.fromkeys(("two", "dos", "dois", "два", "две", "dve", "dva", "zwei", "deux"), 2),
    **dict.fromkeys(("three", "tres", "три", "tri", "drei", "trois"), 3),
    **dict.fromkeys(("four", "cuatro", "stirih", "vier", "quatre"), 4),
    **dict.fromkeys(("cinco", "пять", "petih", "funf", "cinq"), 5),
    **dict.fromkeys(("ten", "diez", "dez", "десять", "desetih", "zehn", "dix"), 10),
    **{"six": 6, "seven": 7, "eight": 8, "nine": 9},
}


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages that a question names."""

    numbers: tuple[int, ...] = ()
    span: tuple[int, int] = (0, 0)
    """Where they stand in the folded question."""


class Wording:
    """A question, folded and sorted by words; pure, some microseconds."""

    def __init__(self, question: str) -> None:
        self.folded = fold(question[: _MOST_CHARS + 1])
        self.words: list[Token] = [] if len(question) > _MOST_CHARS else words_of(self.folded)
        self.pages = _pages(self.folded)
        self._length = _LENGTH.search(self.folded)

    def has(self, *kinds: WordSet) -> bool:
        """Whether any word is of one of these kinds."""
        return any(word.text in kind for word in self.words for kind in kinds)

    def topic(self, without: Sequence[tuple[int, int]] = ()) -> list[str]:
        """The words that are neither task, nor pointer, nor function; `without` are spans such as a document's name."""
        left_out = (*without, self.pages.span, self._length.span() if self._length else (0, 0))
        return [
            word.text
            for word in self.words
            if not any(start <= word.start and word.end <= end for start, end in left_out) and not _is_known(word.text)
        ]

    @property
    def is_a_letter(self) -> bool:
        """Whether it is a single letter or digit, which could be anything."""
        return len(self.words) == 1 and len(self.words[0].text) == 1

    @cached_property
    def task(self) -> WholeTask | None:
        """What it asks of a whole document; None where no word says so."""
        return next((task for task, words in TASKS.items() if self.has(words)), None)

    @cached_property
    def points(self) -> bool:
        """Whether it points at something that both know of: "this", "the report", "page 2"."""
        return bool(self.pages.numbers) or self.has(POINTING) or self._definite

    @property
    def _definite(self) -> bool:
        return any(first.text in DEFINITE and second.text in DOCUMENT for first, second in pairwise(self.words))

    @cached_property
    def says_which(self) -> bool:
        """Whether it calls what it points at a document: "these two files", "the report", "the other one"; not "it"."""
        pointers = [n for n, word in enumerate(self.words) if word.text in POINTING]
        near = (word.text for n in pointers for word in self.words[n + 1 : n + 3])
        named = any(word in DOCUMENT or word in DOCUMENTS for word in near)
        return named or self._definite or self.other or self.ordinal is not None or bool(self.pages.numbers)

    @cached_property
    def names_library(self) -> bool:
        """Whether it says where to look: in the library."""
        return self.has(LIBRARY)

    @cached_property
    def points_at_several(self) -> bool:
        """Whether what it points at are several."""
        return self.has(SEVERAL) or (self.points and self.has(DOCUMENTS))

    @cached_property
    def ordinal(self) -> int | None:
        """The position of the document that it names, from 0, or -1 for the last; None where it names none."""
        if not self.has(DOCUMENT, ONE):
            return None
        found = next((n for n, words in enumerate(ORDINALS) if self.has(words)), None)
        return -1 if found is None and self.has(LAST) else found

    @cached_property
    def other(self) -> bool:
        """Whether it asks about those that were not spoken of: "the other one"."""
        return self.has(OTHER) and (self.has(DOCUMENT, DOCUMENTS, ONE) or not self.topic())

    @cached_property
    def asks_what_there_is(self) -> bool:
        """Whether all of its words ask which documents there are, how many, or about what."""
        beside = (FUNCTION, COUNTING, DOCUMENTS, DEFINITE, TASKS["about"], SAYING, WHICH, HOW_MANY)
        return self.has(DOCUMENTS) and self.has(COUNTING, WHICH) and not self.points and self._is_made_of(*beside)

    @cached_property
    def asks_for_folders(self) -> bool:
        """Whether all of its words ask which folders there are, or how many."""
        kinds = (FOLDER, FUNCTION, COUNTING, DOCUMENTS, DEFINITE, WHICH, HOW_MANY)
        return self.has(FOLDER) and self.has(COUNTING, WHICH) and self._is_made_of(*kinds, LIBRARY)

    @cached_property
    def counts_on(self) -> bool:
        """Whether it asks for a number of what was spoken of, and nothing else: "how many are there"."""
        return self.has(HOW_MANY) and self._is_made_of(FUNCTION, COUNTING, DOCUMENTS, DEFINITE, HOW_MANY)

    def _is_made_of(self, *kinds: WordSet) -> bool:
        return all(any(word.text in kind for kind in kinds) for word in self.words)

    @cached_property
    def most_sentences(self) -> int | None:
        """How many sentences or points it asks for; None where it does not say."""
        if not self._length:
            return None
        number = self._length[1]
        return min(max(int(number) if number.isdigit() else _NUMBERS[number], 1), _MOST_SENTENCES)

    @cached_property
    def language(self) -> str:
        """The language that it asks for, as in "translate it into Spanish"; "" where it names none."""
        return next((code for code, words in LANGUAGES.items() if self.has(words)), "")


_WITHOUT_TOPIC = (
    *(FUNCTION, SAYING, COMPARE, POINTING, DEFINITE, DOCUMENT, DOCUMENTS, SEVERAL, ONE, OTHER, LAST, HOW_MANY, WHICH),
    *(*TASKS.values(), *ORDINALS, *LANGUAGES.values()),
)


def _is_known(word: str) -> bool:
    return word.isdigit() or any(word in kind for kind in _WITHOUT_TOPIC)


def _pages(folded: str) -> Pages:
    match = PAGE.search(folded)
    if not match:
        return Pages()
    first, last = int(match[1]), int(match[2] or match[1])
    return Pages(tuple(range(first, min(last, first + 50) + 1)) or (first,), match.span())
