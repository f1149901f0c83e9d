"""The messages between the app and its Foundry Local child: one a line, in JSON."""

from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

Catalogue = Literal["online", "disk"]
"""Where the runtime gets its list of models: from Microsoft's server, or from the copy beside the model files."""
Fault = Literal["not_found", "not_on_disk", "cancelled", "failed"]

CATALOGUE_SILENT = 75
"""Exit code of a child whose catalogue server does not answer (EX_TEMPFAIL of sysexits.h)."""
_SHOWN_CHARS = 80

T = TypeVar("T")


class ProtocolError(ValueError):
    """A line is no message of this protocol."""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model of the catalogue, in the variant that fits this computer."""

    alias: str
    id: str
    """The variant's, as the web service wants it ("Phi-4-mini-instruct-generic-cpu:5")."""
    cached: bool
    """Its files are on this disk."""
    loaded: bool
    size_mb: float | None = None
    """Of its files; None when neither the catalogue nor the disk has it."""
    context_length: int | None = None
    """Tokens."""
    device: str = ""
    """"CPU", "GPU", "NPU" or ""."""


@dataclass(frozen=True, slots=True)
class Describe:
    """Asks for one model."""

    id: int
    alias: str
    type: Literal["describe"] = "describe"


@dataclass(frozen=True, slots=True)
class Variants:
    """Asks for all variants of one model, for processor and graphics card."""

    id: int
    alias: str
    type: Literal["variants"] = "variants"


@dataclass(frozen=True, slots=True)
class Load:
    """Loads a model into memory."""

    id: int
    alias: str
    type: Literal["load"] = "load"


@dataclass(frozen=True, slots=True)
class DownloadModel:
    """Downloads a model's files to this disk."""

    id: int
    alias: str
    type: Literal["download"] = "download"


@dataclass(frozen=True, slots=True)
class Cancel:
    """Ends the download with this id; nothing happens when there is none."""

    id: int
    type: Literal["cancel"] = "cancel"


@dataclass(frozen=True, slots=True)
class Shutdown:
    """Ends the child at once."""

    type: Literal["shutdown"] = "shutdown"


@dataclass(frozen=True, slots=True)
class Ready:
    """The web service runs and the catalogue is read; requests are taken from now on."""

    url: str
    """Without /v1."""
    version: str
    """The SDK's."""
    type: Literal["ready"] = "ready"


@dataclass(frozen=True, slots=True)
class ModelsReply:
    """Ends `Variants` with those of one model, `Describe` and `Load` with the one."""

    id: int
    models: tuple[ModelInfo, ...]
    type: Literal["models"] = "models"


@dataclass(frozen=True, slots=True)
class DownloadProgress:
    """How much of a download is on this disk; more follows."""

    id: int
    share: Annotated[float, Field(ge=0, le=1)]
    type: Literal["progress"] = "progress"


@dataclass(frozen=True, slots=True)
class Done:
    """Ends `DownloadModel`."""

    id: int
    type: Literal["done"] = "done"


@dataclass(frozen=True, slots=True)
class Failed:
    """Ends any request that did not succeed."""

    id: int | None
    """None for the start itself, and for a line that was no request."""
    fault: Fault
    detail: str
    """The runtime's own message, for a log."""
    type: Literal["failed"] = "failed"


ModelRequest = Describe | Variants | Load | DownloadModel
Request = ModelRequest | Cancel | Shutdown
Reply = Ready | ModelsReply | DownloadProgress | Done | Failed

_REQUESTS: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="type")])
_REPLIES: TypeAdapter[Reply] = TypeAdapter(Annotated[Reply, Field(discriminator="type")])
_MESSAGES: TypeAdapter[Request | Reply] = TypeAdapter(Request | Reply)


def encode(message: Request | Reply) -> bytes:
    """The message as one line, with its line feed."""
    return _MESSAGES.dump_json(message) + b"\n"


def decode_request(line: bytes) -> Request:
    """The request in a line.

    Raises:
        ProtocolError: it holds none.
    """
    return _decode(_REQUESTS, line)


def decode_reply(line: bytes) -> Reply:
    """The reply in a line.

    Raises:
        ProtocolError: it holds none.
    """
    return _decode(_REPLIES, line)


def _decode(adapter: TypeAdapter[T], line: bytes) -> T:
    try:
        return adapter.validate_json(line, strict=True)
    except ValidationError:
        raise ProtocolError(f"not a message of the protocol: {line[:_SHOWN_CHARS]!r}") from None
