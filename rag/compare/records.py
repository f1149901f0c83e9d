"""What a comparison measured, all frozen: each prompt answered in each way; seconds and tokens."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rag.bench.records import Machine
from rag.evaluation.results import Rubric

SMALL, LARGE, REFINE, ESCALATE = "small", "large", "refine", "escalate"
WAYS: Mapping[str, str] = {
    SMALL: "the small model alone",
    LARGE: "the larger model alone",
    REFINE: "every draft refined by the larger model",
    ESCALATE: "the larger model when the draft calls for it",
}


@dataclass(frozen=True, slots=True)
class ModelShare:
    """What one model did for an answer."""

    model: str
    seconds: float
    read: int | None
    """Prompt tokens, as the server counted them; None when it did not say, here and below."""
    written: int | None
    """Completion tokens, reasoning included."""
    larger: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """One prompt, answered in one way, in one round."""

    id: str
    """Of the text, for points given by hand: "privacy/refine/1"."""
    prompt: str
    """Its name."""
    way: str
    text: str
    first_word_s: float | None
    """To the first word that a person sees; None when there was none."""
    total_s: float
    shares: tuple[ModelShare, ...] = ()
    reason: str = ""
    """Why the draft was kept or not, in one sentence; "" where nothing was decided."""
    failure: str = ""
    """Why there is no answer, in one sentence."""

    @property
    def called_larger(self) -> bool:
        """Whether the larger model wrote any of it."""
        return any(share.larger for share in self.shares)


@dataclass(frozen=True, slots=True)
class CompareRun:
    """One run of `rag compare`."""

    at: str
    """UTC, ISO 8601."""
    machine: Machine
    settings: Mapping[str, str | int | float | bool]
    small: str
    """The alias."""
    large: str
    """The alias; "" when there is no larger model."""
    prompts: Mapping[str, str]
    """Their texts, by name."""
    answers: tuple[Answer, ...] = ()
    rubrics: Mapping[str, Rubric] = field(default_factory=dict[str, Rubric])
    """Points by the ids of answers."""
    stopped: str = ""
    """Why it ended before its end; "" when it did not."""
