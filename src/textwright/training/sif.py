"""What the vectors of texts have most in common, which SIF takes out of each.

Shapes: D width of a vector.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from textwright.text.batch import Batch, Encoding, make_batch

SHOWN = 20_000  # texts at most that what all have in common is found in
BATCH = 128


def find_common(model: Any, texts: Sequence[Encoding]) -> None:
    """Put into a network the direction that the vectors of texts have most in common.

    Source: Arora, Liang and Ma 2017, algorithm 1: the first singular vector, not centred.
    texts: of which the first 20,000 are looked at.
    """
    model.eval()
    squares = np.zeros((len(model.decoder.common),) * 2)
    for start in range(0, min(len(texts), SHOWN), BATCH):
        batch = make_batch(texts[start : start + BATCH])
        assert isinstance(batch, Batch)
        ids, mask = torch.from_numpy(batch.ids), torch.from_numpy(batch.mask)
        with torch.no_grad():
            states = model.encoder(model.embedding(ids, mask), mask)
            vectors = model.decoder.pool(states, mask).double().numpy()
        squares += vectors.T @ vectors
    first = np.linalg.eigh(squares)[1][:, -1]
    first *= np.sign(first[np.abs(first).argmax()])  # either way round it is the same direction
    model.decoder.common.copy_(torch.from_numpy(first))
