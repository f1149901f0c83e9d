"""Early stop: watches a draft while it is generated, and ends one that cannot be trusted any more."""

import asyncio
from collections.abc import Sequence

from rag.escalation.confidence import Answerability, assess_draft
from rag.escalation.policy import Policy
from rag.grounding.citations import check
from rag.text.sentences import sentence_spans
from rag.types import Generation, Hit

LEAST_SENTENCES, LEAST_CHARS = 2, 120
"""Of whole sentences, before support is judged: a first sentence often repeats the question or leads in."""
COLLAPSED = 0.5
"""Below this share of the confidence threshold a draft is stopped; one that is merely doubtful may recover."""


class DraftMonitor:
    """Watches one draft."""

    def __init__(self, policy: Policy, found: Answerability, hits: Sequence[Hit]) -> None:
        """`hits` are the passages of its prompt."""
        self._policy, self._found, self._hits = policy, found, hits
        self._text = ""
        self._complete = 0
        self._start = self._before = 0  # where the last complete sentence begins, as a mark may follow; those before it

    async def should_stop(self, delta: str) -> bool:
        """Takes the next delta of the draft; True when it should be stopped. Assesses whole sentences, in a thread."""
        self._text += delta
        spans = list(sentence_spans(self._text[self._start :]))[:-1]
        if self._before + len(spans) <= self._complete:
            return False
        self._complete = self._before + len(spans)
        start, end = spans[-1]
        whole = self._text[: self._start + end]
        self._start, self._before = self._start + start, self._complete - 1
        return await asyncio.to_thread(self._is_hopeless, whole)

    def _is_hopeless(self, text: str) -> bool:
        assessment = assess_draft(self._found, Generation("", text), check(text, self._hits), self._policy.weights)
        if assessment.refuses:
            return True
        enough = self._complete >= LEAST_SENTENCES and len(text) >= LEAST_CHARS
        return enough and assessment.confidence < COLLAPSED * self._policy.confidence_threshold
