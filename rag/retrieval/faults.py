"""What a native index library raises when the disk or a file fails, in words for a person."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from rag.errors import StorageError

_SAID = re.compile(r"""message: "([^"]+)"|error occurred: '?([^'(]+)|\[Errno \d+\] ([^:]+)""")


@contextmanager
def panics_as_errors() -> Generator[None]:
    """A panic of Rust code as a ValueError; it comes as a BaseException, which nobody expects."""
    try:
        yield
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            raise ValueError(str(error)) from None
        raise


@contextmanager
def write_errors(folder: Path) -> Generator[None]:
    """A failed write as one sentence."""
    try:
        with panics_as_errors():
            yield
    except (OSError, ValueError) as error:
        raise StorageError(_sentence(folder, str(error))) from error


def _sentence(folder: Path, said: str) -> str:
    if "LockBusy" in said:
        return f"Another program is writing to the library's index in {folder}. Wait until it is done, or close it."
    found = _SAID.search(said)
    reason = next(filter(None, found.groups())).strip() if found else "writing to it failed"
    return (
        f"The library's index in {folder} cannot be written ({reason}). "
        "Check that the folder may be written and that the disk is not full, or set DATA_DIR to another place."
    )
