"""How sure the model was of its own words, where its server tells."""

from collections.abc import Sequence

import numpy as np

from rag.decisions import Signal

LOW = 0.1
"""The quantile of the least probable tokens: names and numbers that a model invents are among them."""

_LEAST = -100.0
"""Servers write "impossible" as minus infinity or as -9999."""


def logprob_signals(logprobs: Sequence[float]) -> tuple[Signal, ...]:
    """`mean_probability` and `low_probability` of a draft's tokens, from their natural log-probabilities; () for none.

    The geometric mean, 1 / perplexity, and the 10 % quantile, as SelfCheckGPT's grey-box scores do (Manakul et al.,
    2023). The public sets have no log-probabilities, so how well they separate is not known here.
    """
    if not logprobs:
        return ()
    values = np.clip(np.asarray(logprobs, float), _LEAST, 0.0)
    return (
        Signal("mean_probability", float(np.exp(values.mean())), "How probable the model found its own words"),
        Signal(
            "low_probability", float(np.exp(np.quantile(values, LOW))), "How probable it found its least sure words"
        ),
    )
