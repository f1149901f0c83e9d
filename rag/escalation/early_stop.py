"""Listens to a draft while it is written, and tells when there is no hope for it."""

from collections.abc import Sequence

from rag.escalation.confidence import Answerability, assess_draft
from rag.escalation.policy import Policy
from rag.grounding.citations import check
from rag.text.sentences import sentences
from rag.types import Generation, Hit

LEAST_SENTENCES, LEAST_CHARS = 2, 120
"""So much is heard first, whole sentences only: a first sentence often repeats the question or leads in."""
COLLAPSED = 0.5
"""Below this share of the confidence that is wanted a draft is given up; one that is merely doubtful may recover."""


class DraftMonitor:
    """Hears one draft."""

    def __init__(self, policy: Policy, found: Answerability, hits: Sequence[Hit]) -> None:
        """`hits` are the passages of its prompt."""
        self._policy, self._found, self._hits = policy, found, hits
        self._text, self._heard = "", 0

    def should_stop(self, delta: str) -> bool:
        """Takes the next piece of the draft; True when it should be given up."""
        self._text += delta
        whole = sentences(self._text)[:-1]
        if len(whole) <= self._heard:
            return False
        self._heard = len(whole)
        return self._hopeless(self._text[: self._text.rindex(whole[-1]) + len(whole[-1])])

    def _hopeless(self, text: str) -> bool:
        judgement = assess_draft(self._found, Generation("", text), check(text, self._hits), self._policy.weights)
        if judgement.refuses:
            return True
        enough = self._heard >= LEAST_SENTENCES and len(text) >= LEAST_CHARS
        return enough and judgement.confidence < COLLAPSED * self._policy.confidence_threshold
