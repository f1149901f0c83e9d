"""Words for the same thing: everyday ones that are shipped, and the organisation's own, from a file written by hand.

    # one group a line, the words and phrases of it separated by commas
    PTO, paid time off, vacation
    年假, annual leave
    # what is shipped for these words does not hold here; "! *" stands for all of it
    ! mileage, film

A phrase is found in a question by its analysed words: case, accents and endings make no difference.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from rag.errors import SettingsError
from rag.text.analysis import Terms, analyse

_Units = tuple[str, ...]
_COMMENT = re.compile(r"(?:^|\s)#")
"""Not in the middle of a word: "C#" is none."""
_DISABLED, _ALL = "!", "*"


@dataclass(frozen=True, slots=True)
class Expansion:
    """A phrase of a question, and its synonyms."""

    asked: Terms
    others: tuple[Terms, ...]


class Synonyms:
    """A thesaurus; without groups it expands nothing."""

    def __init__(
        self, groups: Iterable[Sequence[str]] = (), skipped: Sequence[str] = (), disabled: Sequence[str] = ()
    ) -> None:
        """`disabled` are the phrases whose shipped synonyms are not to be used, "*" for all."""
        self.skipped = tuple(skipped)
        """For each line that was left out, or a part of it, a sentence that says why."""
        self._disabled = frozenset(analyse(phrase).units or (phrase,) for phrase in disabled)
        self._others: dict[_Units, dict[_Units, Terms]] = {}
        for group in groups:
            self._add([analyse(phrase) for phrase in group])
        self._longest = max(map(len, self._others), default=0)

    @classmethod
    def read(cls, path: Path) -> "Synonyms":
        """The thesaurus in a file; an empty one where there is no file.

        A line that cannot be used, or a word of it, is left out, and `skipped` says so.

        Raises:
            SettingsError: the file cannot be read, or is no text in UTF-8.
        """
        try:
            return cls.parsed(path.read_text(encoding="utf-8-sig"), path.name)
        except FileNotFoundError:
            return cls()
        except UnicodeDecodeError as error:
            raise SettingsError(f"{path.name} is not in UTF-8. Save it as UTF-8 text and start again.") from error
        except OSError as error:
            raise SettingsError(f"{path.name} cannot be read: {error.strerror}. Check its permissions.") from error

    def with_shipped(self) -> "Synonyms":
        """These and the shipped ones, but for those that are disabled here."""
        both = Synonyms((), self.skipped)
        if (_ALL,) not in self._disabled:
            for phrase, others in shipped_synonyms()._others.items():
                if phrase not in self._disabled:
                    both._others[phrase] = {key: t for key, t in others.items() if key not in self._disabled}
        for phrase, others in self._others.items():
            both._others.setdefault(phrase, {}).update(others)
        both._longest = max(map(len, both._others), default=0)
        return both

    @classmethod
    def parsed(cls, text: str, name: str) -> "Synonyms":
        """The thesaurus in a text; `name` is that of its file, for `skipped`."""
        groups, skipped, disabled = list[list[str]](), list[str](), list[str]()
        for number, line in enumerate(text.splitlines(), 1):
            content = _COMMENT.split(line)[0].strip()
            phrases = [phrase for part in content.lstrip(_DISABLED).split(",") if (phrase := part.strip())]
            if content.startswith(_DISABLED):
                disabled += phrases
                continue
            searched = [phrase for phrase in phrases if analyse(phrase).units]
            if len(searched) > 1:
                groups.append(searched)
            if reason := _why_skipped(phrases, searched):
                skipped.append(f"Line {number} of {name} is left out{reason}")
        return cls(groups, skipped, disabled)

    def expand(self, question: str) -> list[Expansion]:
        """The phrases of a question that have synonyms, in order; of those that overlap, the first and longest."""
        units = analyse(question).units if self._others else ()
        return [
            Expansion(
                self._others[phrase][phrase], tuple(t for key, t in self._others[phrase].items() if key != phrase)
            )
            for phrase in self._phrases(units)
        ]

    def _add(self, group: Sequence[Terms]) -> None:
        for terms in group:
            known = self._others.setdefault(terms.units, {})
            known.update({other.units: other for other in group})

    def _phrases(self, units: _Units) -> Iterator[_Units]:
        start = 0
        while start < len(units):
            lengths = range(min(self._longest, len(units) - start), 0, -1)
            found = next((units[start : start + n] for n in lengths if units[start : start + n] in self._others), None)
            if found:
                yield found
            start += len(found or "1")


@cache
def shipped_synonyms() -> Synonyms:
    """The everyday and business words that come with the app, in seven languages, from `shipped_synonyms.txt`."""
    name = "shipped_synonyms.txt"
    return Synonyms.parsed(files("rag.retrieval").joinpath(name).read_text(encoding="utf-8"), name)


def _why_skipped(phrases: Sequence[str], searched: Sequence[str]) -> str:
    """What follows "is left out" for what cannot be used of a line; "" where all can."""
    common = ", ".join(repr(phrase) for phrase in phrases if phrase not in searched)
    named = f" (not searched for: {common})" if common else ""
    if phrases and len(searched) < 2:
        return f": it needs two words or phrases, separated by a comma{named}."
    return f" in part{named}." if common else ""
