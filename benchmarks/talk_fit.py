"""Fits the model of talk: multinomial logistic regression on hashed features, by AdaGrad in small batches."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.intent.talk_model import BUCKETS, Buckets, Known, TalkModel, features, hashed, tokens
from rag.statistics import Floats

EPOCHS, RATE, BATCH = 10, 0.5, 256
"""Passes over the samples; the weights are the mean of those after each pass of the later half (Polyak and Juditsky
1992)."""
STEP = 0.2
"""The weights are rounded to multiples of it; most become 0, which makes the file small."""
_GREETED, _ANSWERED, _KEYWORDS = 2000, 600, 1500
"""Samples that are made of others."""
_KEYWORD_LETTERS = 4


@dataclass(frozen=True)
class Row:
    """A text that teaches."""

    text: str
    kind: str
    """Of talk; "" for a question."""
    language: str


def fitted(rows: Sequence[Row], fit: dict[str, Any] | None = None) -> TalkModel:
    """The model that these teach; always the same of the same rows."""
    rows = [*rows, *made(rows)]
    texts = [(words, row.kind) for row in rows if (words := tokens(row.text))]
    known = known_words([words for words, kind in texts if kind])
    kinds = sorted({kind for _, kind in texts})
    labels = np.array([kinds.index(kind) for _, kind in texts])
    weights, intercepts = ada_grad([features(words, known) for words, _ in texts], labels, len(kinds))
    rounded = np.clip(np.rint(weights / STEP), -127, 127).astype(np.int8)
    return TalkModel(tuple(kinds), intercepts, rounded, STEP, known, fit or {})


def known_words(texts: Sequence[Sequence[str]]) -> Known:
    """Those that two of the texts have; of the others the model learns what an unknown word means."""
    counts = Counter(word for words in texts for word in set(words))
    known = np.zeros(BUCKETS, np.bool_)
    known[[hashed(word) for word, count in counts.items() if count > 1]] = True
    return known


def made(rows: Sequence[Row]) -> Iterator[Row]:
    """Questions with a greeting before or thanks after them, talk with a greeting before it, and bare keywords."""
    chance = random.Random(0)
    openings = [row for row in rows if row.kind in ("greeting", "thanks") and row.language and row.text.count(" ") < 3]
    questions = [row for row in rows if not row.kind]
    for row in chance.sample(questions, min(_GREETED, len(questions))):
        if fitting := [each for each in openings if each.language == row.language]:
            first = chance.random() < 0.7
            parts = (chance.choice(fitting).text, row.text) if first else (row.text, chance.choice(fitting).text)
            yield Row(", ".join(parts), "", row.language)
    talk = [row for row in rows if row.language and row.kind not in ("", "greeting")]
    for row in chance.sample(talk, min(_ANSWERED, len(talk))):
        if fitting := [each for each in openings if each.kind == "greeting" and each.language == row.language]:
            yield Row(f"{chance.choice(fitting).text}, {row.text}", row.kind, row.language)
    for row in chance.sample(questions, min(_KEYWORDS, len(questions))):
        long = [word for word in tokens(row.text) if len(word) >= _KEYWORD_LETTERS][2:]
        if row.language and long:
            yield Row(" ".join(long[: chance.choice((1, 1, 2, 3))]), "", row.language)


def ada_grad(texts: Sequence[Buckets], labels: NDArray[np.int64], classes: int) -> tuple[Floats, Floats]:
    """Weights (`BUCKETS`, classes) and intercepts (classes,); Duchi et al. 2011."""
    chance = np.random.default_rng(0)
    order = chance.permutation(len(texts))
    batches = [
        Batch.of([texts[n] for n in order[start : start + BATCH]], labels[order[start : start + BATCH]])
        for start in range(0, len(order), BATCH)
    ]
    weights, intercepts = np.zeros((BUCKETS, classes), np.float32), np.zeros(classes, np.float32)
    squares, of_intercepts = np.full_like(weights, 1e-8), np.full_like(intercepts, 1e-8)
    means = np.zeros_like(weights), np.zeros_like(intercepts)
    for epoch in range(EPOCHS):
        for n in chance.permutation(len(batches)):
            batch = batches[n]
            errors = batch.errors(weights, intercepts)
            gradient = batch.gradient(errors)
            squares[batch.used] += gradient**2
            weights[batch.used] -= RATE * gradient / np.sqrt(squares[batch.used])
            of_intercepts += errors.sum(axis=0) ** 2
            intercepts -= RATE * errors.sum(axis=0) / np.sqrt(of_intercepts)
        if epoch >= EPOCHS // 2:
            means[0][:] += weights / (EPOCHS - EPOCHS // 2)
            means[1][:] += intercepts / (EPOCHS - EPOCHS // 2)
    return means


@dataclass(frozen=True)
class Batch:
    """Some texts as one sparse matrix, ready for sums by row and by column."""

    labels: NDArray[np.int64]
    buckets: Buckets
    values: NDArray[np.float32]
    rows: NDArray[np.int64]
    starts: NDArray[np.int64]
    """Where each row begins."""
    by_bucket: NDArray[np.int64]
    used: Buckets
    used_starts: NDArray[np.int64]

    @classmethod
    def of(cls, texts: Sequence[Buckets], labels: NDArray[np.int64]) -> "Batch":
        lengths = np.array([len(each) for each in texts])
        buckets = np.concatenate(texts)
        by_bucket = np.argsort(buckets, kind="stable")
        used, used_starts = np.unique(buckets[by_bucket], return_index=True)
        values = np.repeat(1 / np.sqrt(lengths), lengths).astype(np.float32)[:, None]
        rows = np.repeat(np.arange(len(texts)), lengths)
        starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        return cls(labels, buckets, values, rows, starts, by_bucket, used, used_starts)

    def errors(self, weights: NDArray[np.float32], intercepts: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probabilities minus truth, divided by the size of a batch."""
        logits = np.add.reduceat(weights[self.buckets] * self.values, self.starts, axis=0) + intercepts
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        shares[np.arange(len(shares)), self.labels] -= 1
        return (shares / BATCH).astype(np.float32)

    def gradient(self, errors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Of the loss by the weights of the `used` buckets."""
        return np.add.reduceat((errors[self.rows] * self.values)[self.by_bucket], self.used_starts, axis=0)
