"""What a bench run measured, all frozen: rounds, models, the machine; seconds, megabytes and tokens throughout."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from rag.machine import Machine


@dataclass(frozen=True, slots=True)
class Round:
    """One answer of one model to one prompt. Seconds run from the request."""

    headers_s: float
    """The server took the request; no token is there yet."""
    first_token_s: float | None
    """The first text or reasoning; None when there was none."""
    first_visible_s: float | None
    """The first text, which a person sees; later than the first token in a model that reasons."""
    total_s: float
    gaps_s: tuple[float, ...] = ()
    """Between one fragment of text and the next."""
    prompt_tokens: int | None = None
    """As the server counted them; None when it did not, here and below."""
    completion_tokens: int | None = None
    """Reasoning included."""
    reasoning_tokens: int | None = None
    finish_reason: str = ""

    @property
    def prefill_tps(self) -> float | None:
        """Prompt tokens per second, over the time from the headers to the first token."""
        reading = (self.first_token_s or 0) - self.headers_s
        return self.prompt_tokens / reading if self.prompt_tokens and reading > 0 else None

    @property
    def decode_tps(self) -> float | None:
        """Completion tokens after the first, over the time after the first token; never the prompt's."""
        writing = self.total_s - (self.first_token_s or self.total_s)
        tokens = (self.completion_tokens or 0) - 1
        return tokens / writing if tokens > 0 and writing > 0 else None


@dataclass(frozen=True, slots=True)
class Model:
    """A model that was measured, or could not be."""

    alias: str
    variant: str = ""
    """The exact id; "" when it is not known."""
    device: str = ""
    """Such as "CPU" or "GPU"; "" when it is not known."""
    where: Literal["runtime", "endpoint"] = "runtime"
    capabilities: tuple[str, ...] = ()
    disk_mb: float | None = None
    load_s: float | None = None
    """A cold load, into memory; None when it was loaded already, or on a server."""
    memory_before_mb: float | None = None
    """Resident memory of the runtime's process before the model is loaded."""
    memory_after_mb: float | None = None
    """The same after its first answer."""
    gpu_memory_mb: float | None = None
    price: tuple[float, float] | None = None
    """Of a million tokens, read and written."""
    failure: str = ""
    """Why it was skipped, in one sentence; "" when it was measured."""


@dataclass(frozen=True, slots=True)
class Series:
    """The rounds of one model with one prompt at one concurrency."""

    model: str
    """The alias."""
    prompt: str
    """Its name."""
    warm_up: tuple[Round, ...] = ()
    """Kept apart: the first answers of a model are slower."""
    rounds: tuple[Round, ...] = ()
    concurrency: int = 1
    wall_s: float | None = None
    """Of all rounds together; with several at once, what throughput is measured by."""
    wanted_prompt_tokens: int | None = None
    """How long the prompt was meant to be, in a series of prompt scaling."""
    watts: float | None = None
    """Mean power of the GPU while it ran; None where no reading exists."""
    failure: str = ""
    """Why it ended early, in one sentence; its rounds stay."""


@dataclass(frozen=True, slots=True)
class BenchRun:
    """One run of `rag bench`."""

    at: str
    """UTC, ISO 8601."""
    machine: Machine
    settings: Mapping[str, str | int | float | bool]
    """Rounds, temperature, longest answer and the like."""
    models: tuple[Model, ...] = ()
    series: tuple[Series, ...] = ()
    prompts: Mapping[str, str] = field(default_factory=dict[str, str])
    """The texts of the prompts, by name."""
    stopped: str = ""
    """Why it ended before its end, such as "stopped by hand"; "" when it did not."""
    own_s: float | None = None
    """What this program itself takes from a request to the first token, median; it is part of all times above."""
