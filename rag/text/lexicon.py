"""How common a word is in a language, from pyspellchecker's lists (MIT): counts in film subtitles, no misspellings.

A list is read when a word is first looked up in it, in the caller's thread, and takes 16 bytes a word from then on.
"""

from functools import cache

import numpy as np
from spellchecker import SpellChecker

from rag.text.analysis import fold, stem, stemmer

LISTED = ("de", "en", "es", "fr", "pt", "ru")
"""The shipped languages that have a list, as ISO codes; Slovenian has none."""
_STEMMERS = {"de": "german", "es": "spanish", "fr": "french", "pt": "portuguese"}
"""The others' are those of their scripts."""


class Lexicon:
    """The words of one language with their counts, by their stems: a list need not have all endings."""

    def __init__(self, language: str) -> None:
        self._language = language
        listed = SpellChecker(language).word_frequency.dictionary
        hashes = np.fromiter((hash(self._stem(fold(word))) for word in listed), np.int64, len(listed))
        self._hashes, words = np.unique(hashes, return_inverse=True)
        self._counts = np.bincount(words, list(listed.values())).astype(np.int64)

    def count(self, word: str) -> int:
        """How often a folded word was seen, with any ending; 0 for what is no word of the language."""
        at = int(np.searchsorted(self._hashes, wanted := hash(self._stem(word))))
        return int(self._counts[at]) if at < len(self._hashes) and self._hashes[at] == wanted else 0

    def _stem(self, word: str) -> str:
        return stemmer(_STEMMERS[self._language])(word) if self._language in _STEMMERS else stem(word)


lexicon = cache(Lexicon)
"""The lexicon of a language in `LISTED`; it stays in memory."""
