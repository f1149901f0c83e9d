"""What the lab's page asks of a model on the server, checked."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, cast

from pydantic import BaseModel, Field, ValidationError

from rag.errors import ModelNotFound, QuestionError
from rag.generation.model import GenerationLimits
from rag.generation.prompt import ChatMessage, Prompt, Verbatim

MOST_MESSAGES = 20
_BYTES_OF_A_CHARACTER = 12
"""Of JSON at most: two escapes such as "\\ud83d\\ude00"."""
_BYTES_AROUND = 4096
"""Of JSON that is not the messages' text."""


@dataclass(frozen=True, slots=True)
class RequestRules:
    """How much one request may want; the chat's own limits."""

    prompt_chars: int
    """Of all messages together."""
    max_tokens: int
    temperature: float
    """Where a request names none."""

    @property
    def body_bytes(self) -> int:
        """No request that keeps to the rules is longer."""
        return _BYTES_OF_A_CHARACTER * self.prompt_chars + _BYTES_AROUND


@dataclass(frozen=True, slots=True)
class Asked:
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


def parse(body: bytes, aliases: Collection[str], rules: RequestRules) -> Asked:
    """The request in a JSON body, for one of the models with these aliases.

    Raises:
        QuestionError: it is malformed, empty, or wants more than the rules allow.
        ModelNotFound: it names another model.
    """
    try:
        asked = _Body.model_validate(_json(body))
    except ValidationError as error:
        raise QuestionError(_told(error)) from None
    if asked.model not in aliases:
        has = f"It has {' and '.join(aliases)}." if aliases else "It has none at all."
        raise ModelNotFound(f"The lab has no model {asked.model[:80]!r} on the server. {has}")
    chars = sum(len(message.content) for message in asked.messages)
    if chars > rules.prompt_chars:
        raise QuestionError(
            f"This prompt is {chars:,} characters long with its passages, and the server takes {rules.prompt_chars:,}. "
            "Shorten the question."
        )
    if not any(message.content.strip() for message in asked.messages if message.role == "user"):
        raise QuestionError("There is no question in this prompt. Write one.")
    if asked.max_tokens is not None and asked.max_tokens > rules.max_tokens:
        raise QuestionError(f"An answer may have at most {rules.max_tokens:,} tokens here. Ask for fewer.")
    temperature = rules.temperature if asked.temperature is None else asked.temperature
    given = tuple(ChatMessage(role=message.role, content=message.content) for message in asked.messages)
    return Asked(
        asked.model, Verbatim("", given=given), GenerationLimits(asked.max_tokens or rules.max_tokens, temperature)
    )


def _json(body: bytes) -> object:
    try:
        return cast(object, json.loads(body))
    except (ValueError, RecursionError):
        return None


def _told(error: ValidationError) -> str:
    fault: Mapping[str, object] = dict(error.errors(include_url=False, include_input=False)[0])
    place = ".".join(str(part) for part in cast("tuple[object, ...]", fault["loc"])) or "the whole"
    return f"This is no request for a streamed chat completion: {place}: {fault['msg']}."
