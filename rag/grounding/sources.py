"""The passages of an answer, read once for all signals."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from rag.grounding.facts import Known
from rag.grounding.names import behind_names
from rag.grounding.negation import Claim, claim
from rag.grounding.words import FUNCTION_WORD_WEIGHT, Word, all_words
from rag.text.sentences import sentences
from rag.types import Passage


@dataclass(frozen=True, slots=True)
class Source:
    """What one passage holds, with its title, headings, place and table header."""

    terms: frozenset[str]
    """Of all its words, function words among them."""
    grams: frozenset[str]
    sentences: tuple[frozenset[str], ...]
    """The terms of each sentence together with those of title, headings and header."""
    claims: tuple[Claim, ...]
    facts: Known
    behind_names: frozenset[str]
    spellings: Mapping[str, tuple[int, ...]]
    """For each gram the words that have it, by number."""

    def nearest(self, word: Word) -> float:
        """[0, 1]: the share of the word's grams that the one word has that is spelled most like it."""
        shared: dict[int, int] = {}  # a Counter takes twice as long, and this is most of the work
        for gram in word.grams:
            for n in self.spellings.get(gram, ()):
                shared[n] = shared.get(n, 0) + 1
        return max(shared.values()) / len(word.grams) if shared else 0.0


@dataclass(frozen=True, slots=True)
class Sources:
    """What the passages hold together."""

    each: tuple[Source, ...]
    terms: frozenset[str]
    grams: frozenset[str]
    facts: Known

    @classmethod
    def of(cls, passages: Iterable[Passage]) -> "Sources":
        """All that stands in the passages."""
        read = tuple(map(_read, passages))
        return cls(
            read,
            frozenset(chain.from_iterable(source.terms for source in read)),
            frozenset(chain.from_iterable(source.grams for source in read)),
            Known.together(source.facts for source in read),
        )

    def novelty(self, word: Word) -> float:
        """[0, 1]: how far the word is new: 0 when it stands there, less than 1 when one is spelled like it."""
        if word.term in self.terms:
            return 0.0
        return word.weight * (1 - max((source.nearest(word) for source in self.each), default=0.0))

    def in_one_sentence(self, sentence: Sequence[Word]) -> float:
        """The weight of those words that one sentence has, of the sentence where it is highest."""
        content = [word.term for word in sentence if word.is_content]
        function_words = [word.term for word in sentence if not word.is_content]

        def weight(terms: frozenset[str]) -> float:
            has = terms.__contains__
            return sum(map(has, content)) + FUNCTION_WORD_WEIGHT * sum(map(has, function_words))

        return max((weight(terms) for source in self.each for terms in source.sentences), default=0.0)

    @property
    def claims(self) -> list[Claim]:
        """What their sentences assert and deny."""
        return [claim for source in self.each for claim in source.claims]


@lru_cache(maxsize=500)
def _read(passage: Passage) -> Source:
    heading = "\n".join((passage.document.title, passage.place, passage.header))
    written = sentences(passage.text)
    context, *body = [all_words(text) for text in (heading, *written)]
    every = {*context, *chain.from_iterable(body)}
    return Source(
        _terms(every),
        frozenset(chain.from_iterable(word.grams for word in every)),
        (_terms(context), *(_terms((*context, *sentence)) for sentence in body)),
        tuple(map(claim, written)),
        Known.of(f"{heading}\n{passage.text}"),
        behind_names(passage.text),
        _spellings(every),
    )


def _terms(of: Iterable[Word]) -> frozenset[str]:
    return frozenset(word.term for word in of)


def _spellings(of: Iterable[Word]) -> Mapping[str, tuple[int, ...]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    for n, word in enumerate(of):
        for gram in word.grams:
            found[gram].append(n)
    return {gram: tuple(numbers) for gram, numbers in found.items()}
