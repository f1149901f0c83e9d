"""Words and character grams of a short text, and the linear model over them that knows talk."""

import base64
import json
import math
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.statistics import Floats
from rag.text.analysis import fold

BUCKETS = 1 << 17
"""Features are known by a hash (Weinberger et al. 2009, "Feature hashing"), so no vocabulary is stored."""

_GRAMS = (2, 3, 4)
"""Characters of a gram."""
_MOST_COUNTED, _MOST_UNKNOWN = 12, 3
"""Words of a text, and those among them that talk does not have; more count as many."""
_REPEATED = re.compile(r"(.)\1{2,}")
"""Three and more of a character count as one: "hiiii"."""
_APOSTROPHES = str.maketrans("", "", "'’‘`´")
_TOKEN = re.compile(
    r"[^\W\d_]+|\d+|[:;=]-?[()dp](?!\w)|<3"  # words, numbers, :) and such
    "|[\u2600-\u27bf\U0001f300-\U0001f3fa\U0001f400-\U0001faff]"  # pictographs without skin tones
)

Buckets = NDArray[np.int64]
Known = NDArray[np.bool_]
"""Shape (`BUCKETS`,): at the hash of each word that talk has."""


def tokens(text: str) -> list[str]:
    """Words, numbers and emoji in order, without differences of case, accent, apostrophe and drawn-out letters."""
    return _TOKEN.findall(_REPEATED.sub(r"\1", fold(text).translate(_APOSTROPHES)))


def features(words: Sequence[str], known: Known) -> Buckets:
    """The buckets of what a text of these tokens has, each once: words, pairs of words, grams, and how many words.

    Talk has few words, and questions have all others: so the number of words that are not `known` counts too.
    """
    unknown = sum(not known[hashed(word)] for word in words)
    return np.fromiter({hashed(name) for name in _named(words, unknown)}, np.int64)


def hashed(name: str) -> int:
    """Its bucket, by CRC-32."""
    return zlib.crc32(name.encode(errors="replace")) % BUCKETS


def _named(words: Sequence[str], unknown: int) -> Iterator[str]:
    text = f" {' '.join(words)} "
    length, unknown = min(len(words), _MOST_COUNTED), min(unknown, _MOST_UNKNOWN)
    yield from (f"n{length}", f"u{unknown}", f"n{length}u{unknown}")
    yield from (f"w{word}" for word in words)
    yield from (f"b{first} {second}" for first, second in pairwise(("^", *words, "$")))
    for size in _GRAMS:
        yield from (text[start : start + size] for start in range(len(text) - size + 1))


@dataclass(frozen=True, slots=True)
class TalkModel:
    """Multinomial logistic regression over the features of a text, each 1 / √(their number)."""

    kinds: tuple[str, ...]
    """Of talk, and "" for a question for the documents."""
    intercepts: Floats
    """Shape (kinds,)."""
    weights: NDArray[np.int8]
    """Shape (`BUCKETS`, kinds), in units of `scale`."""
    scale: float
    known: Known
    fit: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Where it comes from: date, data with their licence, rows, recall and false positives out of fold."""

    def __call__(self, words: Sequence[str]) -> dict[str, float]:
        """The probability of each kind, "" among them; they sum to 1."""
        found = features(words, self.known)
        summed = self.weights[found].sum(axis=0, dtype=np.int64) * (self.scale / math.sqrt(len(found)))
        odds = np.exp((logits := summed + self.intercepts) - logits.max())
        return dict(zip(self.kinds, (odds / odds.sum()).tolist(), strict=True))

    @classmethod
    def of_json(cls, text: str) -> "TalkModel":
        """What `to_json` wrote.

        Raises:
            ValueError: it is something else.
        """
        try:
            values = json.loads(text)
            kinds = tuple(map(str, values["kinds"]))
            weights = np.frombuffer(_unpacked(values["weights"]), np.int8).reshape(BUCKETS, len(kinds))
            known = np.unpackbits(np.frombuffer(_unpacked(values["known"]), np.uint8)).astype(np.bool_)
            intercepts = np.array(values["intercepts"], float)
            return cls(kinds, intercepts, weights, float(values["scale"]), known, dict(values["fit"]))
        except (KeyError, TypeError, AttributeError, ValueError, zlib.error) as error:
            raise ValueError(f"This is no model of talk: {error}") from error

    def to_json(self) -> str:
        """As a file; the weights row by row, compressed, in base 64."""
        values = {
            "fit": dict(self.fit),
            "kinds": self.kinds,
            "intercepts": [round(float(each), 4) for each in self.intercepts],
            "scale": self.scale,
            "known": _packed(np.packbits(self.known).tobytes()),
            "weights": _packed(self.weights.tobytes()),
        }
        return json.dumps(values, indent=2, ensure_ascii=False) + "\n"


def _packed(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content, 9)).decode()


def _unpacked(text: str) -> bytes:
    return zlib.decompress(base64.b64decode(text))


@cache
def shipped_talk_model() -> TalkModel:
    """The one that comes with the app, from `talk.json` beside this module."""
    return TalkModel.of_json(files("rag.intent").joinpath("talk.json").read_text(encoding="utf-8"))
