"""Sets the marks of an answer right, each by its own passage, and finds the sentences that no passage supports."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rag.grounding.check import LEAST_SHARE, SentenceGrounding, check_grounding
from rag.grounding.citations import (
    Checked,
    CitedSentence,
    check,
    cited_sentences,
    code_spans,
    fixed_spans,
    prose_without_marks,
)
from rag.grounding.hedging import refuses
from rag.text.sentences import sentences
from rag.types import Hit, Problem, UnsupportedSentence

FLAGGED_SHARE = 0.6
"""A sentence is flagged when each passage holds less than this share of its content words, or a fact in it is wrong. Of
every third draft of BEGIN (wow / cmu) that flags .66 / .85 of those that are not attributable and .06 / .00 of those
that are; at .7 it would be .72 / .92 and .10 / .07."""
_USELESS_SHARE = LEAST_SHARE / 2
"""A mark beside a right one goes when its passage holds less than this of the sentence."""
_SHORTEST = 20
"""Characters; a shorter sentence, such as "Yes.", claims nothing by itself."""
_MOST_SENTENCES = 200
"""A longer answer is left as it is: a model that repeats itself must not hold everybody up."""

_REASONS: dict[Problem, str] = {
    "number": "a number, date or code in it stands in no passage",
    "name": "a name in it stands in no passage",
    "negation": "a passage says the opposite",
    "no_source": "no passage says this",
}
_NO_CLAIM = re.compile(r"\s*(?:#{1,6}\s|>|```|~~~|\|[\s|:-]*\Z)")
"""Headings, quotes, code and the rule of a table."""
_EMPTY_LINE = re.compile(r"\n\s*\n")
"""Where a mark stood alone; no sentence has one otherwise, and it would make two of it."""
_ANNOUNCES = (":", "：", "?", "？", "```", "~~~", "¿")
_CLOSES = " \t.!?…。！？।؟۔\"'”’»)*_|"
"""What stands behind a mark: full stops, and what ends a quotation, bold text or a table's cell."""


@dataclass(frozen=True, slots=True)
class _Verdict:
    """A claim of the answer, the marks that it should have, and what is wrong with it."""

    sentence: CitedSentence
    numbers: tuple[int, ...]
    problems: tuple[Problem, ...]
    cites_source: bool
    """Whether the passages support it that its own marks point at."""

    @property
    def changed(self) -> bool:
        """Whether its marks are to be changed."""
        return self.numbers != self.sentence.numbers

    @property
    def text(self) -> str:
        """The sentence with the marks that it should have."""
        return _marked(self.sentence.text, self.numbers) if self.changed else self.sentence.text


def attribute(answer: str, hits: Sequence[Hit]) -> Checked:
    """The answer with its marks set right, and the sentences that no passage supports.

    A claim that stands in [2] and is marked [1] gets [2]; one without a mark gets that of the passage that supports it
    best; of several marks those go whose passages have nothing of it. Sentences that no passage supports keep their
    marks and are listed. Headings, questions, refusals, quotes and code are left alone. It is lexical, as
    `check_grounding` is.
    """
    checked = check(answer, hits)
    verdicts = list(_verdicts(checked.text, hits))
    text, unsupported = _rewritten(checked.text, verdicts)
    claims = len(verdicts) + checked.removed
    return replace(
        check(text, hits),
        removed=checked.removed,
        corrected=sum(each.changed for each in verdicts),
        unsupported=tuple(unsupported),
        validity=sum(each.cites_source and not each.changed for each in verdicts) / claims if claims else None,
    )


def reason(sentence: UnsupportedSentence) -> str:
    """What is wrong with it, for a person: "a name in it stands in no passage"."""
    return "; ".join(_REASONS[problem] for problem in sentence.problems)


def _verdicts(text: str, hits: Sequence[Hit]) -> Iterator[_Verdict]:
    """One for each claim; none without passages, or for an answer that is too long."""
    written = list(cited_sentences(text))
    if not hits or len(written) > _MOST_SENTENCES:
        return
    fixed, code = fixed_spans(text), code_spans(text)
    report = check_grounding(text, [hit.passage for hit in hits]).sentences
    for sentence, found in zip(written, report, strict=True):
        end = sentence.start + len(sentence.text)
        free = not any(sentence.start < last and first < end for first, last in fixed)
        whole = not any(first < sentence.start < last or first < end < last for first, last in code)
        if found.shares and free and whole and _is_claim(sentence):
            numbers = _right_numbers(found)
            if len(sentences(_marked(sentence.text, numbers))) > 1:  # a mark at the start of a line held it together
                numbers = sentence.numbers
            yield _Verdict(sentence, numbers, _problems(found), found.cites_source)


def _is_claim(sentence: CitedSentence) -> bool:
    claim = sentence.claim.strip()
    if _NO_CLAIM.match(claim) or claim.rstrip(" *_\"'”»)").endswith(_ANNOUNCES) or refuses(claim):
        return False
    return bool(sentence.numbers) or len(claim) >= _SHORTEST


def _right_numbers(found: SentenceGrounding) -> tuple[int, ...]:
    if found.cites_source:
        useful = (n for n in found.citations if n in found.sources or found.shares[n - 1] >= _USELESS_SHARE)
        return tuple(useful) or found.citations
    return found.sources[:1] or found.citations


def _problems(found: SentenceGrounding) -> tuple[Problem, ...]:
    """What is wrong with a sentence that is to be flagged; () for one that is not."""
    if found.sources or found.cites_source:
        return ()
    enough = max(found.shares) >= FLAGGED_SHARE
    return tuple(problem for problem in found.problems if problem != "no_source" or not enough)


def _rewritten(text: str, verdicts: Sequence[_Verdict]) -> tuple[str, list[UnsupportedSentence]]:
    """The text with the right marks, and where the sentences stand in it that no passage supports.

    White space at its start goes, which a mark that stood there leaves behind.
    """
    written, end = "", 0
    unsupported: list[UnsupportedSentence] = []
    for each in verdicts:
        written += text[end : each.sentence.start]
        if each.problems:
            unsupported.append(UnsupportedSentence(len(written), len(written) + len(each.text), each.problems))
        written += each.text
        end = each.sentence.start + len(each.sentence.text)
    written += text[end:]
    left = len(written) - len(written.lstrip())
    return written[left:], [replace(each, start=each.start - left, end=each.end - left) for each in unsupported]


def _marked(sentence: str, numbers: Sequence[int]) -> str:
    """The sentence with these marks instead of its own, before its full stop."""
    plain = _EMPTY_LINE.sub("\n", prose_without_marks(sentence)).rstrip()
    words = plain.rstrip(_CLOSES) or plain
    return f"{words} {''.join(f'[{n}]' for n in numbers)}{plain[len(words) :]}"
