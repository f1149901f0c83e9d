"""Checks the [n] marks of an answer against the passages that they point at."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.text.analysis import Terms, analyse
from rag.text.sentences import line_spans, sentence_spans
from rag.text.untrusted import NUMBERS
from rag.types import Citation, Hit, UnsupportedSentence

_MARK = re.compile(
    r"(?:(?<![ \t])(?P<gap>[ \t]++))?"
    rf"(?:\[\^?(?P<square>{NUMBERS})\](?!\()|【(?P<lens>{NUMBERS})(?:†[^】]{{0,80}})?】)"
)
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]+`", re.DOTALL)
_BLOCK_QUOTE = re.compile(r"(?:^>.*(?:\n|\Z))+", re.MULTILINE)
_BOLD = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*")
_RANGE = re.compile(r"(\d+)\s*[–—-]\s*(\d+)")


@dataclass(frozen=True, slots=True)
class Checked:
    """An answer whose marks all point somewhere."""

    text: str
    """The answer with every mark as `[n]`, without those that point at no passage."""
    citations: tuple[Citation, ...]
    """One for each passage of the prompt, by number."""
    removed: int
    """How many marks pointed at no passage."""
    corrected: int = 0
    """Sentences whose marks were set right (`rag.grounding.attribution`)."""
    unsupported: tuple[UnsupportedSentence, ...] = ()
    """Sentences that no passage supports."""
    validity: float | None = None
    """[0, 1]: the share of the claims whose marks were right as they were written; None when it was not judged."""

    @property
    def cited(self) -> tuple[int, ...]:
        """The numbers that the answer uses."""
        return tuple(citation.number for citation in self.citations if citation.cited)


@dataclass(frozen=True, slots=True)
class CitedSentence:
    """A sentence of an answer."""

    text: str
    """As it is written."""
    claim: str
    """The same without its marks."""
    numbers: tuple[int, ...]
    """Those of its marks, whether or not there is such a passage."""
    start: int = 0
    """Where it begins in the answer."""


def check(answer: str, hits: Sequence[Hit]) -> Checked:
    """The answer with checked marks, and for each cited passage the sentence that supports its claim best.

    Marks come as `[1]`, `[1, 2]`, `[1-3]`, `[^1]` or `【1†…】` and leave as `[1]`, `[1][2]` …; code is left alone.
    """
    text, removed = _with_valid_marks(answer, len(hits))
    claims = claims_by_number(text)
    citations = (
        Citation(n, hit, n in claims, _best_sentence(hit.passage.text, claims[n]) if n in claims else None)
        for n, hit in enumerate(hits, 1)
    )
    return Checked(text, tuple(citations), removed)


def prose_without_marks(text: str) -> str:
    """The text without its marks; code stays as it is."""
    return "".join(part if code else without_marks(part) for part, code in _prose_and_code(text))


def without_marks(text: str) -> str:
    """The text as it reads aloud."""
    return _MARK.sub("", text)


def claims_by_number(text: str) -> dict[int, list[str]]:
    """For each cited number the sentences that carry its mark, without their marks; of a block quote what is bold."""
    claims: dict[int, list[str]] = defaultdict(list)
    for claim, numbers in _claims(text):
        for number in numbers:
            claims[number].append(claim)
    return dict(claims)


def _claims(text: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    """What is claimed with which marks: sentences, and block quotes whole, as they have one mark at their end."""
    end = 0
    for quote in _block_quotes(text):
        yield from ((each.claim, each.numbers) for each in cited_sentences(text[end : quote.start()]))
        parts = list(cited_sentences(quote[0]))
        bold = " ".join(_BOLD.findall(quote[0]))
        whole = " ".join(each.claim.removeprefix(">").strip() for each in parts)
        yield bold or whole, tuple(dict.fromkeys(number for each in parts for number in each.numbers))
        end = quote.end()
    yield from ((each.claim, each.numbers) for each in cited_sentences(text[end:]))


def cited_sentences(text: str) -> Iterator[CitedSentence]:
    """The sentences of a text in order; `x[1]` in code is no mark."""
    prose = _CODE.sub(lambda code: re.sub(r"[][【】]", " ", code.group()), text)
    for start, end in sentence_spans(prose):
        marks = _MARK.finditer(prose, start, end)
        numbers = (number for mark in marks for number in _expanded(mark["square"] or mark["lens"]))
        yield CitedSentence(text[start:end], without_marks(prose[start:end]), tuple(dict.fromkeys(numbers)), start)


def _with_valid_marks(text: str, passages: int) -> tuple[str, int]:
    """The text with its marks in order, and how many were taken out because they point at no passage."""
    removed = 0

    def checked(match: re.Match[str]) -> str:
        nonlocal removed
        numbers = list(_expanded(match["square"] or match["lens"]))
        valid = [n for n in numbers if 1 <= n <= passages]
        removed += len(numbers) - len(valid)
        return (match["gap"] or "") + "".join(f"[{n}]" for n in valid) if valid else ""

    before = ""
    while text != before:  # taking [9] out of "[1[9]7]" leaves another mark
        before, text = text, "".join(part if code else _MARK.sub(checked, part) for part, code in _prose_and_code(text))
    return text.strip(), removed


def fixed_spans(text: str) -> list[tuple[int, int]]:
    """The spans of block quotes and blocks of code, whose marks nobody changes."""
    blocks = [span for span in code_spans(text) if text.startswith("```", span[0])]
    return [*(quote.span() for quote in _block_quotes(text)), *blocks]


def _block_quotes(text: str) -> Iterator[re.Match[str]]:
    """The block quotes of a text, but for lines of code that look like one."""
    code = code_spans(text)
    for quote in _BLOCK_QUOTE.finditer(text):
        if not any(start < quote.start() < end for start, end in code):
            yield quote


def code_spans(text: str) -> list[tuple[int, int]]:
    """The spans of all code, in the line and in blocks."""
    return [code.span() for code in _CODE.finditer(text)]


def _prose_and_code(text: str) -> Iterator[tuple[str, bool]]:
    """The text cut into prose and code."""
    end = 0
    for match in _CODE.finditer(text):
        yield text[end : match.start()], False
        yield match.group(), True
        end = match.end()
    yield text[end:], False


def _expanded(numbers: str) -> Iterator[int]:
    """ "1, 3-5" as 1 3 4 5; a range of more than nine is taken as its ends."""
    for part in re.split(r"\s*(?:[,;]|and|y|e|и|in)\s*", numbers):
        ends = _RANGE.fullmatch(part.strip())
        if ends and 0 <= (span := int(ends[2]) - int(ends[1])) < 10:
            yield from range(int(ends[1]), int(ends[1]) + span + 1)
        else:
            yield from (int(n) for n in re.findall(r"\d+", part))


def _best_sentence(passage: str, claims: Sequence[str]) -> tuple[int, int] | None:
    """The span of the sentence that shares most with what is claimed; None when nothing is shared."""
    claimed = _all_terms(analyse("\n".join(claims)))
    best, best_score = None, 0.0
    for start, end in line_spans(passage):
        own = _all_terms(analyse(passage[start:end]))
        score = len(own & claimed) / (len(own) or 1) ** 0.5
        if score > best_score:
            best, best_score = (start, end), score
    return best


def _all_terms(terms: Terms) -> set[str]:
    return {*terms.words, *terms.grams}
