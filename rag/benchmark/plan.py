"""What a run is to measure: models, prompts, rounds, concurrency."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from rag.errors import SettingsError
from rag.generation.chat_model import GenerationLimits
from rag.generation.model_facts import ModelEntry
from rag.storage import NonEmpty, read_named, read_text

Device = Literal["CPU", "GPU"]
Price = tuple[float, float]
_MOST_ROUNDS = 1_000
_MOST_AT_ONCE = 256
_LONGEST_PROMPT = 1_000_000
_LONGEST_ANSWER = 32_000
_PROMPTS_FILE = Path("prompts.json")
"""In the working directory it is taken without being named."""
_PROMPTS = TypeAdapter(dict[NonEmpty, NonEmpty])


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model that is to be measured."""

    alias: str
    endpoint: str = ""
    """The server that it is on; "" for the runtime of this machine."""
    entry: ModelEntry = field(default_factory=ModelEntry)
    price: Price | None = None
    """Of a million tokens: read, written."""
    variant: str = ""
    """The id of the variant that is wanted; "" for the one that the runtime takes."""

    @property
    def name(self) -> str:
        """What it goes by in the runtime's catalogue."""
        return self.variant or self.alias


@dataclass(frozen=True, slots=True)
class Scenario:
    """One prompt at one concurrency, in all rounds."""

    prompt: str
    """Its name."""
    text: str = ""
    """Empty for a prompt that is made for its length."""
    concurrency: int = 1
    prompt_tokens: int | None = None
    """That length."""
    warm_up: int = 1
    rounds: int = 3
    """Of each of the requests at once."""

    @property
    def answers(self) -> int:
        """How many there are, warm-up included."""
        return self.warm_up + self.rounds * self.concurrency


@dataclass(frozen=True, slots=True)
class BenchPlan:
    """A whole run; a wrong number does not get past here.

    Raises:
        SettingsError: nothing to measure, or a number that is not allowed; the text names it.
    """

    specs: tuple[ModelSpec, ...]
    prompts: Mapping[str, str]
    """By name."""
    rounds: int = 3
    warm_up: int = 1
    concurrency: tuple[int, ...] = (1,)
    prompt_tokens: tuple[int, ...] = ()
    max_tokens: int = 256
    temperature: float = 0.0
    stream: bool = True
    """Whether answers come as they are written, as in the chat; else only their whole time can be measured."""
    devices: tuple[Device, ...] = ()
    """Which variants of each alias in the runtime; empty for the one that the runtime takes by itself."""

    def __post_init__(self) -> None:
        if not (self.specs and self.prompts and self.concurrency):
            raise SettingsError("There is nothing to measure. Name at least one model, prompt and concurrency.")
        _check("rounds", self.rounds, 1, _MOST_ROUNDS)
        _check("warm-up rounds", self.warm_up, 0, _MOST_ROUNDS)
        _check("longest answer in tokens", self.max_tokens, 1, _LONGEST_ANSWER)
        _check("temperature", self.temperature, 0, 2)
        for at_once in self.concurrency:
            _check("concurrency", at_once, 1, _MOST_AT_ONCE)
        for length in self.prompt_tokens:
            _check("prompt tokens", length, 1, _LONGEST_PROMPT)

    @property
    def limits(self) -> GenerationLimits:
        """Of every answer."""
        return GenerationLimits(self.max_tokens, self.temperature, stream=self.stream)

    @property
    def scenarios(self) -> tuple[Scenario, ...]:
        """What each model goes through, in this order."""
        return tuple(self._scenarios())

    def settings(self) -> dict[str, str | int | float | bool]:
        """What was set, for a comparison of two runs; without what was left empty."""
        set_: dict[str, str | int | float | bool] = {
            "rounds": self.rounds,
            "warm_up": self.warm_up,
            "concurrency": ",".join(map(str, self.concurrency)),
            "prompt_tokens": ",".join(map(str, self.prompt_tokens)),
            "max_tokens": self.max_tokens,
            "temperature": self.temperature,
            "devices": ",".join(self.devices),
            "stream": self.stream,
        }
        return {name: value for name, value in set_.items() if value != ""}

    def _scenarios(self) -> Iterator[Scenario]:
        """A prompt that was just asked is warm: only the first of its scenarios warms up."""
        for name, text in self.prompts.items():
            for nth, at_once in enumerate(self.concurrency):
                yield Scenario(name, text, at_once, warm_up=0 if nth else self.warm_up, rounds=self.rounds)
        for length in self.prompt_tokens:
            yield Scenario(f"{length:,} tokens", prompt_tokens=length, warm_up=self.warm_up, rounds=self.rounds)


def specs(
    models: Mapping[str, ModelEntry],
    *,
    endpoint: str,
    endpoints: Mapping[str, str],
    prices: Mapping[str, Price],
) -> tuple[ModelSpec, ...]:
    """The models with where each is: its own entry's server, else the alias's, else the `endpoint` of all others.

    `prices` hold for an alias whose entry has none; (0, 0) is no price.
    """
    return tuple(
        ModelSpec(
            alias,
            entry.endpoint or endpoints.get(alias) or endpoint,
            entry,
            entry.price or (prices[alias] if any(prices.get(alias, ())) else None),
        )
        for alias, entry in models.items()
    )


def numbers(text: str, name: str) -> tuple[int, ...]:
    """The whole numbers of "1,2,4", each once, in their order.

    Raises:
        SettingsError: a part is none; the text names it.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    try:
        return tuple(dict.fromkeys(int(part) for part in parts))
    except ValueError:
        raise SettingsError(f"{name}: {text!r} is no list of whole numbers such as 1,2,4.") from None


def words(text: str) -> tuple[str, ...]:
    """The parts of "a,b", each once, in their order."""
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def _check(what: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise SettingsError(f"The {what} must be from {least:g} to {most:,g}, not {value:g}.")


def devices(*, cpu: bool, gpu: bool) -> tuple[Device, ...]:
    """Which variants the switches ask for."""
    wanted: Sequence[tuple[Device, bool]] = (("CPU", cpu), ("GPU", gpu))
    return tuple(device for device, on in wanted if on)


def read_prompts(path: Path) -> dict[str, str]:
    """The prompts of a file by name, in its order.

    Raises:
        StorageError: it cannot be opened.
        BrokenFile: it is no UTF-8 text, no JSON, names no prompt, or holds something else; the text has line and key.
    """
    return read_named(_PROMPTS, read_text(path), str(path))


def standard_prompts() -> dict[str, str]:
    """The four prompts that ship."""
    return read_named(
        _PROMPTS, files("rag.benchmark").joinpath("prompts.json").read_text(encoding="utf-8"), "prompts.json"
    )


def given_prompts(prompt: str, file: Path | None) -> Mapping[str, str]:
    """The one prompt, else those of the file, else of a `prompts.json` in the working directory, else those that ship.

    Raises:
        StorageError: the file cannot be opened.
        BrokenFile: it holds something else.
    """
    if prompt.strip():
        return {"prompt": prompt}
    return read_prompts(file or _PROMPTS_FILE) if file or _PROMPTS_FILE.exists() else standard_prompts()
