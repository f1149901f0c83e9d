"""What a server's failure means to the person who asked: one `ModelError` with plain sentences."""

import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

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

_OVERFULL = re.compile(r"context[ _](?:length|size|window|the overflows)|`max_new_tokens` must be", re.IGNORECASE)
"""Foundry Local, OpenAI, vLLM and SGLang say "context length", llama.cpp "context size", llama-cpp-python "context
window", LM Studio "when context the overflows", TGI "`inputs` tokens + `max_new_tokens` must be <= 4096"."""
_QUOTED_MAX_CHARS = 200


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is spoken to, as far as a message may tell."""

    alias: str
    address: str
    """Without credentials."""
    secret: str = field(default="", repr=False)
    """The key, so that it can be struck out of what the server says."""


def explain(error: Exception, peer: Peer, *, opened: bool) -> ModelError:
    """The error to show for one of the openai client, of reading the stream, or of the idle time-out.

    `opened` tells a broken answer from a server that could not be reached.
    """
    words = _words(error, peer.secret)
    said = f" It says: {_shortened(words)}" if words else ""
    if _OVERFULL.search(words) or getattr(error, "code", None) == "context_length_exceeded":
        return ContextTooSmall(
            f"The question and its passages are longer than {peer.alias} can read at once. "
            "Ask a shorter question, or start a new chat."
        )
    match error:
        case TimeoutError():
            return ModelStalled(f"{peer.alias} at {peer.address} sent nothing for too long. Ask again.")
        case openai.APIStatusError():
            return _refusal(error.status_code, peer, said)
        case openai.APIConnectionError() | httpx2.RequestError() if opened:
            return ModelUnavailable(f"The connection to {peer.address} broke off in the middle. Ask again.")
        case openai.APIConnectionError() | httpx2.RequestError():
            return _unreachable(error, peer)
        case openai.APIError():
            return ModelError(f"{peer.alias} stopped with an error.{said or ' Ask again.'}")
        case _:
            return ModelError(f"The server at {peer.address} sent something that is not an answer. Check the address.")


def wait_asked(error: BaseException | None) -> float | None:
    """The seconds of the answer's Retry-After header; None without one, or with a date in it."""
    if not isinstance(error, openai.APIStatusError):
        return None
    seconds = error.response.headers.get("retry-after", "")
    return float(seconds) if re.fullmatch(r"\d{1,9}(\.\d+)?", seconds) else None


def _refusal(status: int, peer: Peer, said: str) -> ModelError:
    if 300 <= status < 400:
        return ModelUnavailable(f"{peer.address} sends on to another address. Enter that one in the settings.")
    if status in (401, 403):
        return ModelRefused(f"The server at {peer.address} refused the key. Check the API key in the settings.")
    if status == 404:
        return ModelNotFound(f"The server at {peer.address} does not know {peer.alias}. Check name and address.")
    if status == 429 or status >= 500:
        return ModelBusy(f"The server at {peer.address} is busy or has a fault. Ask again in a moment.{said}")
    if "not loaded" in said:
        return ModelNotReady(f"{peer.alias} is not loaded at {peer.address}. Load it there, then ask again.")
    return ModelRefused(f"The server at {peer.address} refused the request.{said}")


def _unreachable(error: Exception, peer: Peer) -> ModelUnavailable:
    causes = tuple(_causes(error))
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return ModelUnavailable(f"The name in {peer.address} cannot be found. Check the address and the network.")
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return ModelUnavailable(
            f"No secure connection to {peer.address}. Check its certificate, and whether it is http or https."
        )
    return ModelUnavailable(
        f"No model server answers at {peer.address}. Check that it runs, and its address in the settings."
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The errors underneath, nearest first."""
    while below := error.__cause__ or error.__context__:
        yield below
        error = below


def _words(error: Exception, secret: str) -> str:
    """What the server said about it, as one line without the key; "" when it sent nothing or a web page."""
    if not isinstance(error, openai.APIError) or isinstance(error, openai.APIConnectionError):
        return ""
    said = error.body
    if isinstance(said, dict):
        body = cast("dict[str, object]", said)
        said = body.get("message") or body.get("detail") or body.get("error") or body
    if not said or said is True or str(said).lstrip().startswith("<"):
        return ""
    line = " ".join(str(said).split())
    return line.replace(secret, "…") if secret else line


def _shortened(line: str) -> str:
    return line if len(line) <= _QUOTED_MAX_CHARS else line[: _QUOTED_MAX_CHARS - 1] + "…"
