"""A server's failure as one `ModelError`: plain sentences for the person, fields for programs."""

import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar, cast

import httpx2
import openai

from rag.errors import (
    ContextTooSmall,
    ModelBusy,
    ModelError,
    ModelNotFound,
    ModelNotReady,
    ModelRefused,
    ModelStalled,
    ModelUnavailable,
)

_TOO_LONG = re.compile(r"context[ _](?:length|size|window|the overflows)|`max_new_tokens` must be", re.IGNORECASE)
"""Foundry Local, OpenAI, vLLM and SGLang say "context length", llama.cpp "context size", llama-cpp-python "context
window", LM Studio "when context the overflows", TGI "`inputs` tokens + `max_new_tokens` must be <= 4096"."""
_TOKENS = re.compile(r"(?:context[ _](?:length|size|window)(?: is| of|)|must be <=) ?\(?(\d+)", re.IGNORECASE)
"""The number of tokens that the same servers name with it."""
_QUOTED_MAX_CHARS = 200

Error = TypeVar("Error", bound=ModelError)


@dataclass(frozen=True, slots=True)
class Peer:
    """The model and the server that are spoken to, as far as a message may name them."""

    alias: str
    address: str
    """Without credentials."""
    secret: str = field(default="", repr=False)
    """The key, so that it can be struck out of what the server says."""

    def error(
        self, kind: type[Error], sentence: str, *, status: int | None = None, limit: float | None = None
    ) -> Error:
        """The error, with this model and address in its fields."""
        return kind(sentence, model=self.alias, address=self.address, status=status, limit=limit)


def explain(error: Exception, peer: Peer, *, opened: bool, idle_timeout_s: float | None = None) -> ModelError:
    """The error to show for one of the openai client, of reading the stream, or of the idle time-out.

    `opened` tells a broken answer from a server that could not be reached.
    """
    words = _words(error, peer.secret)
    if _TOO_LONG.search(words) or getattr(error, "code", None) == "context_length_exceeded":
        return _context_too_small(error, words, peer)
    quote = f" It says: {_shortened(words)}" if words else ""
    match error:
        case TimeoutError():
            stalled = f"{peer.alias} at {peer.address} sent nothing for too long. Ask again."
            return peer.error(ModelStalled, stalled, limit=idle_timeout_s)
        case openai.APIStatusError():
            return _refusal(error.status_code, peer, quote)
        case openai.APIConnectionError() | httpx2.RequestError() if opened:
            broken_off = f"The connection to {peer.address} broke off in the middle. Ask again."
            return peer.error(ModelUnavailable, broken_off)
        case openai.APIConnectionError() | httpx2.RequestError():
            return _unreachable(error, peer)
        case openai.APIError():
            return peer.error(ModelError, f"{peer.alias} stopped with an error.{quote or ' Ask again.'}")
        case _:
            no_answer = f"The server at {peer.address} sent something that is not an answer. Check the address."
            return peer.error(ModelError, no_answer)


def wait_asked(error: BaseException | None) -> float | None:
    """The seconds of the answer's Retry-After header; None without one, or with a date in it."""
    if not isinstance(error, openai.APIStatusError):
        return None
    seconds = error.response.headers.get("retry-after", "")
    return float(seconds) if re.fullmatch(r"\d{1,9}(\.\d+)?", seconds) else None


def _context_too_small(error: Exception, words: str, peer: Peer) -> ContextTooSmall:
    tokens = _TOKENS.search(words)
    return peer.error(
        ContextTooSmall,
        f"The question and its passages are longer than {peer.alias} can read at once. "
        "Ask a shorter question, or start a new chat.",
        status=error.status_code if isinstance(error, openai.APIStatusError) else None,
        limit=int(tokens[1]) if tokens else None,
    )


def _refusal(status: int, peer: Peer, quote: str) -> ModelError:
    kind, sentence = _refusal_sentence(status, peer, quote)
    return peer.error(kind, sentence, status=status)


def _refusal_sentence(status: int, peer: Peer, quote: str) -> tuple[type[ModelError], str]:
    alias, address = peer.alias, peer.address
    if 300 <= status < 400:
        return ModelUnavailable, f"{address} sends on to another address. Enter that one in the settings."
    if status in (401, 403):
        return ModelRefused, f"The server at {address} refused the key. Check the API key in the settings."
    if status == 404:
        return ModelNotFound, f"The server at {address} does not know {alias}. Check name and address."
    if status == 429 or status >= 500:
        return ModelBusy, f"The server at {address} is busy or has a fault. Ask again in a moment.{quote}"
    if "not loaded" in quote:
        return ModelNotReady, f"{alias} is not loaded at {address}. Load it there, then ask again."
    return ModelRefused, f"The server at {address} refused the request.{quote}"


def _unreachable(error: Exception, peer: Peer) -> ModelUnavailable:
    causes = tuple(_causes(error))
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        sentence = f"The name in {peer.address} cannot be found. Check the address and the network."
    elif any(isinstance(cause, ssl.SSLError) for cause in causes):
        sentence = f"No secure connection to {peer.address}. Check its certificate, and whether it is http or https."
    else:
        sentence = f"No model server answers at {peer.address}. Check that it runs, and its address in the settings."
    return peer.error(ModelUnavailable, sentence)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The errors underneath, nearest first."""
    while below := error.__cause__ or error.__context__:
        yield below
        error = below


def _words(error: Exception, secret: str) -> str:
    """What the server said about it, as one line without the key; "" when it sent nothing or a web page."""
    if not isinstance(error, openai.APIError) or isinstance(error, openai.APIConnectionError):
        return ""
    text = error.body
    if isinstance(text, dict):
        body = cast("dict[str, object]", text)
        text = body.get("message") or body.get("detail") or body.get("error") or body
    if not text or text is True or str(text).lstrip().startswith("<"):
        return ""
    line = " ".join(str(text).split())
    return line.replace(secret, "…") if secret else line


def _shortened(line: str) -> str:
    return line if len(line) <= _QUOTED_MAX_CHARS else line[: _QUOTED_MAX_CHARS - 1] + "…"
