"""Learning vectors from pairs of texts that belong together, and what vectors have in common.

Shapes: B pairs, N rows, D width of a vector.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

from textwright import metrics
from textwright.errors import DataError
from textwright.recipe.training import NetworkTrainingSettings
from textwright.text.batch import Batch, Encoding, make_batch
from textwright.training.objective import Objective

SHOWN = 20_000  # texts at most that what all have in common is found in
BATCH = 128


class Contrast(Objective):
    """What learning vectors makes small: how badly a text finds its partner in the batch.

    With s the cosines of all first texts with all second ones, divided by the temperature, the
    cross-entropy of each row and of each column towards its own pair, their mean. Sources:
    Henderson et al. 2017, section 4.4 (the others of the batch as negatives); van den Oord et al.
    2018, equation 4; Radford et al. 2021, figure 3 (both directions). A text that stands in the
    batch twice is no negative of its own.

    targets: [B, 3] float: the numbers of both texts, and a label or NaN, as
             ``tasks.embed_scores.name_texts`` gives them.
    """

    def __init__(
        self, settings: NetworkTrainingSettings, targets: NDArray[np.float32], *, multi: bool
    ) -> None:
        super().__init__(settings, targets, multi=multi)
        self.temperature = settings.temperature
        scored = bool(len(targets)) and not np.isnan(targets[:, 2]).any()
        self.metric = "spearman" if scored else "retrieval"

    @classmethod
    def choose(cls, rows: Any, settings: NetworkTrainingSettings) -> Any:
        """Keep pairs that are alike, and no more than the recipe says, drawn by its seed.

        Raises DataError when none is left.
        """
        labels = rows.targets[:, 2]
        kept = np.arange(len(labels))
        if not np.isnan(labels).all():
            low, high = np.nanmin(labels), np.nanmax(labels)
            kept = np.flatnonzero(~(labels < low + settings.alike * (high - low)))
        if not len(kept):
            what = "The training rows hold no pair of texts that are alike."
            raise DataError(what, "Give rows with text_a and text_b, or parts that learn nothing.")
        if len(kept) > settings.pairs:
            kept = np.random.default_rng(settings.seed).permutation(kept)[: settings.pairs]
        return rows.take(np.sort(kept))

    def __call__(self, vectors: Tensor, targets: Tensor) -> Tensor:
        """Give the loss of each pair in nats, [B] float, from vectors [2B, D]."""
        units = normalize(vectors.float(), eps=1e-12)
        scores = units[0::2] @ units[1::2].T / self.temperature  # [B, B]
        first, second = targets[:, 0], targets[:, 1]
        same = (first[:, None] == first) | (second[:, None] == second)
        same |= (first[:, None] == second) | (second[:, None] == first)
        own = torch.eye(len(scores), dtype=torch.bool, device=scores.device)
        scores = scores.masked_fill(same & ~own, float("-inf"))
        places = torch.arange(len(scores), device=scores.device)
        ways = (cross_entropy(each, places, reduction="none") for each in (scores, scores.T))
        return torch.stack(list(ways)).mean(dim=0)

    def score(self, vectors: Tensor, targets: Tensor) -> float:
        """Give the rank correlation of cosines and labels, else the share that find their partner.

        vectors: [2N, D]; partners are looked for among all N.
        """
        units = normalize(vectors.float(), eps=1e-12)
        if self.metric == "spearman":
            cosines = (units[0::2] * units[1::2]).sum(dim=1)
            return metrics.spearman(cosines.cpu().numpy(), targets[:, 2].cpu().numpy())
        found = (units[0::2] @ units[1::2].T).argmax(dim=1)
        return float((targets[found, 1] == targets[:, 1]).float().mean())


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
