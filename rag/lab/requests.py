"""Requests of the lab's page to a model on the server: parsed, checked, and limited in number."""

import json
from collections import Counter, deque
from collections.abc import Callable, Collection, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, cast

from pydantic import BaseModel, Field, ValidationError

from rag.errors import ModelBusy, ModelNotFound, QuestionError
from rag.generation.chat_model import GenerationLimits
from rag.generation.prompt import ChatMessage, Prompt

MOST_MESSAGES = 20
AT_A_TIME = 4
"""Answers that one address may be given at once: two side by side, in two tabs."""
_MINUTE_S = 60.0
_BYTES_OF_A_CHARACTER = 12
"""Of JSON at most: two escapes such as "\\ud83d\\ude00"."""
_BYTES_AROUND = 4096
"""Of JSON that is not the messages' text."""


@dataclass(frozen=True, slots=True)
class RequestRules:
    """How much one request may ask for; the chat's own limits."""

    prompt_chars: int
    """Of all messages together."""
    max_tokens: int
    temperature: float
    """For a request that names none."""

    @property
    def body_bytes(self) -> int:
        """No request that keeps to the rules is longer."""
        return _BYTES_OF_A_CHARACTER * self.prompt_chars + _BYTES_AROUND


@dataclass(frozen=True, slots=True)
class LabRequest:
    """A request that may be answered."""

    alias: str
    prompt: Prompt
    limits: GenerationLimits


class _Message(BaseModel):
    role: Literal["system", "user", "assistant"]
    content: str


class _Body(BaseModel):
    """The part of a chat completion's request that the lab knows; what else a client sends is left out."""

    model: str
    messages: list[_Message] = Field(min_length=1, max_length=MOST_MESSAGES)
    max_tokens: int | None = Field(default=None, ge=1)
    temperature: float | None = Field(default=None, ge=0, le=2)
    stream: Literal[True]


def parse(body: bytes, aliases: Collection[str], rules: RequestRules) -> LabRequest:
    """The request in a JSON body, for one of the models with these aliases.

    Raises:
        QuestionError: it is malformed, empty, or wants more than the rules allow.
        ModelNotFound: it names another model.
    """
    try:
        asked = _Body.model_validate(_json(body))
    except ValidationError as error:
        raise QuestionError(_fault(error)) from None
    if asked.model not in aliases:
        has = f"It has {' and '.join(aliases)}." if aliases else "It has none at all."
        raise ModelNotFound(f"The lab has no model {asked.model[:80]!r} on the server. {has}")
    chars = sum(len(message.content) for message in asked.messages)
    if chars > rules.prompt_chars:
        raise QuestionError(
            f"This prompt is {chars:,} characters long with its passages, and the server takes {rules.prompt_chars:,}. "
            "Shorten the question.",
            size=chars,
            limit=rules.prompt_chars,
        )
    if not any(message.content.strip() for message in asked.messages if message.role == "user"):
        raise QuestionError("There is no question in this prompt. Write one.")
    if asked.max_tokens is not None and asked.max_tokens > rules.max_tokens:
        raise QuestionError(
            f"An answer may have at most {rules.max_tokens:,} tokens here. Ask for fewer.",
            size=asked.max_tokens,
            limit=rules.max_tokens,
        )
    temperature = rules.temperature if asked.temperature is None else asked.temperature
    given = tuple(ChatMessage(role=message.role, content=message.content) for message in asked.messages)
    return LabRequest(asked.model, Prompt(given), GenerationLimits(asked.max_tokens or rules.max_tokens, temperature))


def _json(body: bytes) -> object:
    try:
        return cast(object, json.loads(body))
    except (ValueError, RecursionError):
        return None


def _fault(error: ValidationError) -> str:
    fault: Mapping[str, object] = dict(error.errors(include_url=False, include_input=False)[0])
    place = ".".join(str(part) for part in cast("tuple[object, ...]", fault["loc"])) or "the whole"
    return f"This is no request for a streamed chat completion: {place}: {fault['msg']}."


class TooManyRequests(ModelBusy):
    """One address asks too often."""

    def __init__(self, sentence: str = "", *, wait_s: float = 1.0) -> None:
        super().__init__(sentence, status=429)
        self.wait_s = wait_s
        """Seconds until the next request is taken."""


class RequestLimiter:
    """Counts the requests of the last minute by address. Belongs to one event loop."""

    def __init__(self, per_minute: int, clock: Callable[[], float]) -> None:
        """`clock`: seconds from any zero."""
        self._per_minute, self._clock = per_minute, clock
        self._times: dict[str, deque[float]] = {}
        self._running = Counter[str]()

    @contextmanager
    def admit(self, address: str) -> Generator[None]:
        """One request from that address, for as long as the block lasts.

        Raises:
            TooManyRequests: it has asked too often, or has too many answers under way; with the seconds to wait.
        """
        now = self._clock()
        self._forget(now)
        times = self._times.setdefault(address, deque())
        if self._running[address] >= AT_A_TIME:
            raise TooManyRequests("Too many answers are being written for you at once. Wait until one ends.")
        if len(times) >= self._per_minute:
            wait_s = times[0] + _MINUTE_S - now
            raise TooManyRequests(
                f"The lab takes {self._per_minute} prompts a minute from one place. Try again in {wait_s:.0f} s.",
                wait_s=wait_s,
            )
        times.append(now)
        self._running[address] += 1
        try:
            yield
        finally:
            self._running[address] -= 1
            if not self._running[address]:
                del self._running[address]

    def _forget(self, now: float) -> None:
        """Drops what is older than a minute, and addresses that have nothing left."""
        for address, times in list(self._times.items()):
            while times and times[0] <= now - _MINUTE_S:
                times.popleft()
            if not times:
                del self._times[address]
