"""What else is known of a draft: its marks, its wording, how it ended; named numbers in [0, 1]. Pure functions."""

import re

from rag.citations import Checked, without_marks
from rag.decisions import Signal
from rag.escalation.logprobs import logprob_signals
from rag.escalation.wording import hedges, refuses
from rag.records import Generation
from rag.sentences import sentences

ORDINARY_CHARS = 600
"""A longer draft leaves the passages more often; beyond the same length, by default, it is refined."""

_CLAIM_CHARS = 20
"""A shorter sentence, such as "Yes.", claims nothing by itself."""
_MARK = re.compile(r"\[\d+\]")


def draft_signals(draft: Generation, checked: Checked) -> tuple[Signal, ...]:
    """The signals of a draft that no passage is needed for; the public sets have neither marks nor ends to judge by."""
    text = without_marks(checked.text)
    return (
        Signal("citations", citation_validity(checked), "How many sentences cite a passage that is there"),
        Signal("certainty", 1.0 - hedges(text), "Less for every sentence with a word like perhaps"),
        Signal("commitment", 0.0 if refuses(text) else 1.0, "0 when the draft says that it cannot answer", 1.0),
        Signal("length", min(1.0, ORDINARY_CHARS / (len(text) or 1)), "Less than 1 for a draft over 600 characters"),
        Signal("complete", 0.0 if draft.finish_reason == "length" else 1.0, "0 when the token limit cut it off", 1.0),
        *logprob_signals(draft.logprobs),
    )


def citation_validity(checked: Checked) -> float:
    """[0, 1]: share of the sentences that carry a valid mark, less for marks that pointed nowhere."""
    written = [sentence for sentence in sentences(checked.text) if len(sentence) > _CLAIM_CHARS]
    marked = sum(bool(_MARK.search(sentence)) for sentence in written)
    share = marked / len(written) if written else float(bool(checked.cited))
    valid = sum(len(_MARK.findall(sentence)) for sentence in written)
    return share * (valid / (valid + checked.removed) if checked.removed else 1.0)
