"""Citation precision and recall in the sense of ALCE (Gao et al., 2023), by words where the paper asks an NLI model.

Pure functions. A statement is a sentence of the answer; a block quote is one, because it carries one mark.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rag.grounding.citations import without_marks
from rag.grounding.support import support
from rag.text.sentences import sentences
from rag.types import Hit

SUPPORTED = 0.7
"""A passage supports a statement when it holds this share of its stems: other words for the same thing leave about a
quarter of them out, another subject leaves out most."""
_SHORTEST = 20
"""Characters; shorter texts, such as "Yes." or a heading, state nothing that needs a source."""
_MARK = re.compile(r"\[(\d{1,3})\]")
_QUOTE = re.compile(r"(?:^>.*(?:\n|\Z))+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence without its marks, and the passages that they point at."""

    text: str
    cited: tuple[int, ...]


def statements(answer: str) -> Iterator[Statement]:
    """What the answer states, in order."""
    for part in _parts(answer):
        text = without_marks(part.replace("\n>", "\n").removeprefix(">")).strip()
        if len(text) >= _SHORTEST:
            yield Statement(text, tuple(dict.fromkeys(int(number) for number in _MARK.findall(part))))


def recall(answer: str, passages: Mapping[int, Hit]) -> float | None:
    """[0, 1]: supported statements / statements, where the cited passages together support it; None for none.

    `passages` are those of the prompt by number.
    """
    supported = [_supported(each, each.cited, passages) for each in statements(answer)]
    return sum(supported) / len(supported) if supported else None


def precision(answer: str, passages: Mapping[int, Hit]) -> float | None:
    """[0, 1]: marks that matter / marks; None without marks.

    A mark matters when all marks of its statement together support it, and either its passage alone does or the others
    without it do not.
    """
    useful: list[bool] = []
    for each in statements(answer):
        whole = _supported(each, each.cited, passages)
        for number in each.cited:
            others = [other for other in each.cited if other != number]
            useful.append(whole and (_supported(each, [number], passages) or not _supported(each, others, passages)))
    return sum(useful) / len(useful) if useful else None


def _supported(statement: Statement, numbers: Sequence[int], passages: Mapping[int, Hit]) -> bool:
    hits = [passages[number] for number in numbers if number in passages]
    return bool(hits) and support(statement.text, hits) >= SUPPORTED


def _parts(answer: str) -> Iterator[str]:
    """Block quotes whole, the rest by sentence."""
    end = 0
    for quote in _QUOTE.finditer(answer):
        yield from sentences(answer[end : quote.start()])
        yield quote.group().strip()
        end = quote.end()
    yield from sentences(answer[end:])
