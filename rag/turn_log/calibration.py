"""Weights and threshold fitted on an organisation's own turns: a file in the data folder, which can be undone."""

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rag.errors import StorageError
from rag.escalation.weights import Weights
from rag.storage import write_atomically

CURRENT, PREVIOUS = "calibration.json", "calibration.previous.json"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Calibration:
    """The weights and the threshold that score drafts."""

    weights: Weights
    confidence_threshold: float
    """[0, 1]: a draft below it goes to the larger model."""
    fit: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Date, labels, and how well it separates right from wrong, before and after; empty for what came with the app."""

    @classmethod
    def of_json(cls, text: str | bytes) -> "Calibration":
        """What `to_json` wrote.

        Raises:
            ValueError: it is something else.
        """
        try:
            values = json.loads(text, parse_constant=_no_number)
            weights = Weights.of_json(json.dumps(values["weights"]))
            threshold, fit = float(values["confidence_threshold"]), dict(values["fit"])
        except (KeyError, TypeError) as error:
            raise ValueError(f"no calibration: {error}") from error
        if not 0 <= threshold <= 1:
            raise ValueError(f"a threshold of {threshold}")
        return cls(weights, threshold, fit)

    def to_json(self) -> str:
        """As a file that a person can read."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def read_calibration(folder: Path, shipped: Weights) -> Calibration | None:
    """The saved calibration; None when there is none that can be used, which the app's log then explains.

    It must weigh the same signals as the weights that come with the app.
    """
    try:
        return load_calibration(folder, shipped)
    except StorageError as error:
        _log.warning("%s", error)
        return None


def load_calibration(folder: Path, shipped: Weights) -> Calibration | None:
    """The saved calibration; None when there is none.

    Raises:
        StorageError: there is one, but it cannot be used.
    """
    path = folder / CURRENT
    try:
        calibration = Calibration.of_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageError(
            f"{path} cannot be read ({error.strerror}), so the weights that come with the app are used."
        ) from error
    except ValueError as error:
        raise StorageError(
            f"{path} is damaged, so the weights that come with the app are used. Run `rag calibrate` again."
        ) from error
    if _names(calibration.weights) != _names(shipped):
        raise StorageError(
            f"{path} was fitted for another version of this app, so the weights that come with the app are used. "
            "Run `rag calibrate` again."
        )
    return calibration


def save_calibration(folder: Path, calibration: Calibration) -> None:
    """Makes it the one in use; the one before is saved for `undo_calibration`.

    Raises:
        StorageError: the folder cannot be written; then nothing has changed.
    """
    current, previous = folder / CURRENT, folder / PREVIOUS
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if current.exists():
            write_atomically(previous, current.read_bytes())
        else:
            previous.unlink(missing_ok=True)
        write_atomically(current, calibration.to_json().encode())
    except OSError as error:
        raise _unwritable(folder, error) from error


def undo_calibration(folder: Path) -> bool:
    """Brings the calibration before the last one back, or the weights that come with the app; True for the first.

    Raises:
        StorageError: there is nothing to undo, or the folder cannot be written.
    """
    current, previous = folder / CURRENT, folder / PREVIOUS
    try:
        if previous.exists():
            os.replace(previous, current)
            return True
        current.unlink()
        return False
    except FileNotFoundError:
        raise StorageError("There is no calibration to undo: the weights that come with the app are in use.") from None
    except OSError as error:
        raise _unwritable(folder, error) from error


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no weight")


def _names(weights: Weights) -> list[set[str]]:
    return [set(head.coefficients) for head in (weights.answerable, weights.supported, weights.confidence)]


def _unwritable(folder: Path, error: OSError) -> StorageError:
    return StorageError(
        f"The data folder {folder} cannot be written ({error.strerror}). Set DATA_DIR to another place."
    )
