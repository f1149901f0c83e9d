"""What can go wrong, in words for the person in front of the chat.

GroundworkError
├── SettingsError              a setting has a value that is not allowed
├── QuestionError              the message cannot be asked as it is
├── DocumentError              a file cannot become passages
│   ├── UnsupportedFile        its content is of no kind that can be read
│   ├── FileTooLarge           over the size, page or expansion limit
│   ├── ProtectedFile          a password is needed
│   ├── BrokenFile             damaged, truncated, or it crashed its parser
│   ├── EmptyFile              nothing in it, or no text (a scan, say)
│   └── ReadingTimedOut        the parser took longer than it may
├── ParserUnavailable          no file can be read: the parser does not start
├── StorageError               the disk is full or cannot be written
├── PackageError               a package cannot be fetched, or is not the pinned one
└── ModelError                 a model cannot answer, or not to the end
    ├── ModelUnavailable       nobody listens at its address, or its runtime does not start
    ├── ModelNotFound          the server runs, but has no such model
    ├── ModelNotReady          known, but not on this disk or not loadable now
    ├── ModelCrashed           its process ended in the middle
    ├── ModelStalled           it stopped sending
    ├── ModelBusy              too many requests, or a passing server fault
    ├── ModelRefused           the server refused the key or the request
    ├── ContextTooSmall        the prompt does not fit, even without its lowest passage
    └── EmptyAnswer            it ended without a word

`str(error)` is one or two plain sentences that are shown as they stand: what happened, and what to do about it. What a
program wants to know stands beside it in keyword fields with defaults, which survive pickling.
"""

from pathlib import Path

__all__ = [
    "BrokenFile",
    "ContextTooSmall",
    "DocumentError",
    "EmptyAnswer",
    "EmptyFile",
    "FileTooLarge",
    "GroundworkError",
    "ModelBusy",
    "ModelCrashed",
    "ModelError",
    "ModelNotFound",
    "ModelNotReady",
    "ModelRefused",
    "ModelStalled",
    "ModelUnavailable",
    "PackageError",
    "ParserUnavailable",
    "ProtectedFile",
    "QuestionError",
    "ReadingTimedOut",
    "SettingsError",
    "StorageError",
    "UnsupportedFile",
]


class GroundworkError(Exception):
    """The root; catch it where its sentence is shown."""


class SettingsError(GroundworkError):
    """A setting has a value that is not allowed; raised once, at start.

    Beside its sentence it has a field for programs:
        names: of the settings, as the environment has them; empty where an option or a file is at fault.
    """

    def __init__(self, sentence: str = "", *, names: tuple[str, ...] = ()) -> None:
        super().__init__(sentence)
        self.names = names


class QuestionError(GroundworkError):
    """The message is empty, too long, or not text.

    Beside its sentence it has fields for programs, for a message that is too long:
        size, limit: its characters or tokens, and how many there may be.
    """

    def __init__(self, sentence: str = "", *, size: int | None = None, limit: int | None = None) -> None:
        super().__init__(sentence)
        self.size, self.limit = size, limit


class DocumentError(GroundworkError):
    """A file cannot become passages; the other files go on.

    Beside its sentence it has fields for programs, each as far as it is known:
        name: of the file, as it was given.
        size, limit: what the file has and what it may have, in bytes, pages, characters or seconds.
    """

    def __init__(
        self, sentence: str = "", *, name: str = "", size: float | None = None, limit: float | None = None
    ) -> None:
        super().__init__(sentence)
        self.name, self.size, self.limit = name, size, limit


class UnsupportedFile(DocumentError):
    """The content, not the name, is of no kind that can be read."""


class FileTooLarge(DocumentError):
    """Over the size, page or expansion limit."""


class ProtectedFile(DocumentError):
    """A password is needed to open it."""


class BrokenFile(DocumentError):
    """Damaged or truncated, or its parser crashed on it."""


class EmptyFile(DocumentError):
    """No bytes, or no text in them."""


class ReadingTimedOut(DocumentError):
    """The parser took longer than it may."""


class ParserUnavailable(GroundworkError):
    """The parser's process does not start; it says nothing about the file, which is read once it does."""


class StorageError(GroundworkError):
    """The disk is full, or a folder cannot be written.

    Beside its sentence it has a field for programs:
        path: the file or folder, where it is a single one.
    """

    def __init__(self, sentence: str = "", *, path: Path | None = None) -> None:
        super().__init__(sentence)
        self.path = path


class PackageError(GroundworkError):
    """A package cannot be fetched, is damaged, or is not the one whose checksum is pinned."""


class ModelError(GroundworkError):
    """A model cannot answer, or not to the end; what it said so far stays.

    Beside its sentence it has fields for programs, each as far as it is known:
        model: the alias that was asked for; "" where no single model is meant.
        address: the server's, without credentials; "" for the runtime in this app.
        status: the HTTP status that the server answered with.
        limit: what was passed over: tokens of the context, seconds of silence, or megabytes of free memory.
    """

    def __init__(
        self,
        sentence: str = "",
        *,
        model: str = "",
        address: str = "",
        status: int | None = None,
        limit: float | None = None,
    ) -> None:
        super().__init__(sentence)
        self.model, self.address, self.status, self.limit = model, address, status, limit


class ModelUnavailable(ModelError):
    """Nobody listens at its address, or its runtime does not start."""


class ModelNotFound(ModelError):
    """The server runs, but has no model of that name."""


class ModelNotReady(ModelError):
    """Known, but not on this disk, or there is no memory to load it."""


class ModelCrashed(ModelError):
    """Its process ended in the middle of an answer; it is started again for the next one."""


class ModelStalled(ModelError):
    """It stopped sending for longer than the idle time-out."""


class ModelBusy(ModelError):
    """Too many requests or a passing fault, also at the second try."""


class ModelRefused(ModelError):
    """The server refused the key or the request."""


class ContextTooSmall(ModelError):
    """The prompt does not fit the model's context, even without its lowest passage."""


class EmptyAnswer(ModelError):
    """The stream ended without a word of answer."""
