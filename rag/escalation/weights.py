"""The coefficients of the judgement: fitted, kept in a file, read as one record."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from rag.escalation.logistic import Logistic


@dataclass(frozen=True, slots=True)
class Weights:
    """Three logistic models over signals, by their names."""

    answerable: Logistic
    """Do the passages hold the answer? Over the signals of the search."""
    supported: Logistic
    """Does the draft stand on the passages? Over the signals of its text."""
    confidence: Logistic
    """Can the draft be trusted? Over the two above and what else is known of the draft."""
    fit: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Where they come from: date, data, rows, AUROC and calibration error by cross-validation."""

    @classmethod
    def of_json(cls, text: str) -> "Weights":
        """What `to_json` wrote.

        Raises:
            ValueError: it is something else.
        """
        try:
            values = json.loads(text)
            answerable, supported, confidence = (
                _logistic(values[n]) for n in ("answerable", "supported", "confidence")
            )
            return cls(answerable, supported, confidence, dict(values.get("fit", {})))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"These are no weights: {error}") from error

    def to_json(self) -> str:
        """As a file that a person can read."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"


@cache
def shipped() -> Weights:
    """The weights that come with the app, from `weights.json` beside this module."""
    return Weights.of_json(files("rag.escalation").joinpath("weights.json").read_text(encoding="utf-8"))


def _logistic(values: Mapping[str, Any]) -> Logistic:
    coefficients = {str(name): float(weight) for name, weight in values["coefficients"].items()}
    return Logistic(float(values["intercept"]), coefficients)
