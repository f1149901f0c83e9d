"""What a run found, all frozen, and its form as JSON."""

import json
import math
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from rag.errors import BrokenFile
from rag.machine import Scalar
from rag.storage import adapter, of_json
from rag.types import Mode

SCHEMA = 1
"""Raised when an older file can no longer be read."""

CRITERIA = ("coherence", "factuality", "brevity")
"""Of a rubric, as its fields are called."""

Escalation = Literal["right", "wasted", "missed"]


@dataclass(frozen=True, slots=True)
class Rubric:
    """Points of a text from 1 to 5."""

    coherence: int
    factuality: int
    brevity: int
    by: str
    """Who gave them: a person, or a model's alias."""


@dataclass(frozen=True, slots=True)
class Scores:
    """How good a text is as the answer to a question; shares are in [0, 1], None is "does not apply"."""

    quality: float
    """The share of facts found, for a question that the documents answer; else 1 for a refusal and 0 for an answer."""
    facts: float | None
    citation_precision: float | None
    citation_recall: float | None
    support: float | None
    refused: bool


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one model wrote in a turn."""

    model: str
    text: str
    scores: Scores
    finish_reason: str = ""
    prompt_tokens: int | None = None
    """None when the server did not count."""
    completion_tokens: int | None = None
    reasoning_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One question and what came of it."""

    id: str
    question: str
    language: str
    answerable: bool
    follows: str
    outcome: str
    """As the turn's; "failed" when no turn came of the question."""
    model: str
    """Whose text the answer is; "" when there is none."""
    answer: str
    scores: Scores
    rank: int | None
    """Place of the first passage found that is of a right document, from 1; None without one or for no answer."""
    in_prompt: bool | None
    """Whether the prompt had a passage of a right document; None for a question without one."""
    refusal_right: bool
    confidence: float
    match: float
    missing: tuple[str, ...] = ()
    """The expected facts that the answer does not hold, each by its first alternative."""
    trigger: str = ""
    blocked_by: Annotated[str, Field(alias="held")] = ""
    escalation: Escalation | None = None
    """None where there was nothing to decide: no draft, or no larger model."""
    draft: Attempt | None = None
    large: Attempt | None = None
    cost: float = 0.0
    """In the unit of the prices; of all that was written for the turn."""
    rubric: Rubric | None = None
    ragas: dict[str, float] = field(default_factory=dict[str, float])
    notices: tuple[str, ...] = ()
    failure: str = ""

    def hit(self, k: float = math.inf) -> bool:
        """Whether a passage of a right document is among the first `k` found; among all of them without `k`."""
        return self.rank is not None and self.rank <= k


@dataclass(frozen=True, slots=True)
class Run:
    """What was measured with what, so that two runs can be compared."""

    mode: Mode
    models: tuple[str, ...]
    """Aliases, the small one first."""
    questions: str
    """The name of the file."""
    asked: int
    """How many questions were to be asked."""
    stopped: str = ""
    """Why the run ended before its last question; "" for a whole one."""
    settings: dict[str, Scalar] = field(default_factory=dict[str, Scalar])
    passages: int = 0
    """In the library."""
    versions: dict[str, str] = field(default_factory=dict[str, str])
    machine: dict[str, Scalar] = field(default_factory=dict[str, Scalar])
    date: str = ""
    """UTC, ISO 8601."""


@dataclass(frozen=True, slots=True)
class Results:
    """A whole run."""

    run: Run
    rows: tuple[Row, ...]
    times: dict[str, dict[str, float]]
    """For each question's id the milliseconds of each stage, and of the turn as "total". Apart from the rows, because
    only times differ between two runs of the same thing."""
    schema: int = SCHEMA

    @classmethod
    def of_json(cls, text: str, name: str) -> "Results":
        """What `to_json` wrote.

        Raises:
            BrokenFile: it is something else, or was written by a newer version.
        """
        results = of_json(text, cls, name)
        if results.schema != SCHEMA:
            raise BrokenFile(f"{name} was written by another version of `rag eval` (schema {results.schema}).")
        return results

    def to_json(self) -> str:
        """As a file whose lines change only where a result changed; each question's times are one line at the end."""
        values = adapter(Results).dump_python(self, mode="json", by_alias=True)
        head = {"schema": self.schema, "run": values["run"], "rows": values["rows"]}
        times = ",\n".join(f"  {json.dumps(id)}: {json.dumps(stages)}" for id, stages in self.times.items())
        body = json.dumps(head, ensure_ascii=False, indent=1).removesuffix("\n}")
        return f'{body},\n "times": {{\n{times}\n }}\n}}\n'
