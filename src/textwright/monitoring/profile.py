"""The numbers kept of a version's held-out inputs and answers, against which drift is measured.

Shapes: N texts, L labels.
"""

from collections.abc import Sequence, Sized
from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 20  # of confidence, equal widths from 0 to 1
SHARES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def make_profile(
    texts: Sequence[Sized], scores: NDArray[Any], names: Sequence[str]
) -> dict[str, Any]:
    """Describe held-out texts and the answers to them, without keeping any text.

    scores: [N, L] calibrated probabilities; names: the labels, in their order. Of a task
            without such, [N, 1] scores, or [N, 0] none; or [N, 1] texts that were written; of
            a language model [N, 4]: nats, tokens, characters, unknown, and the nats are kept.
    Returns the length of the texts in characters at some shares of them, the rows by confidence
    (20 bins) and the rows by the label answered; of scores their size at the same shares, of
    texts their length.
    """
    lengths = np.array([len(text) for text in texts], dtype=np.float64)
    found: dict[str, Any] = {"rows": len(texts)}
    if len(texts):
        found["characters"] = at_shares(lengths)
    if scores.dtype == object and len(scores):
        found["written"] = at_shares(np.array([len(each) for each in scores[:, 0]], np.float64))
    elif scores.size and scores.shape[1] != len(names):
        found["scores"] = at_shares(scores[:, 0])
    elif scores.size:
        places = np.minimum((scores.max(axis=1) * BINS).astype(np.int64), BINS - 1)
        answered = np.bincount(scores.argmax(axis=1), minlength=len(names))
        found |= {
            "confidence": np.bincount(places, minlength=BINS).tolist(),
            "labels": {name: int(each) for name, each in zip(names, answered, strict=True)},
        }
    return found


def at_shares(values: NDArray[np.float64]) -> dict[str, float]:
    """Give the numbers that some shares of the values do not exceed."""
    quantiles = np.quantile(values, SHARES)
    return {f"{share:g}": float(each) for share, each in zip(SHARES, quantiles, strict=True)}
