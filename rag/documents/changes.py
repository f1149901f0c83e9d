"""What the keeping in step of a library tells: what a commit changed, and how far it is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Changes:
    """What a commit changed, as names of files."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed or self.failed)

    def __add__(self, other: "Changes") -> "Changes":
        return Changes(
            self.added + other.added,
            self.changed + other.changed,
            self.removed + other.removed,
            self.failed + other.failed,
        )


@dataclass(frozen=True, slots=True)
class SyncProgress:
    """How far the reading of a folder is."""

    library: str
    documents_done: int
    documents_total: int
    passages: int
    seconds: float

    @property
    def rate(self) -> float:
        """Documents per second."""
        return self.documents_done / self.seconds if self.seconds else 0.0

    @property
    def remaining_s(self) -> float | None:
        """Seconds that the rest will take at this rate; None before the first document."""
        return (self.documents_total - self.documents_done) / self.rate if self.rate else None
