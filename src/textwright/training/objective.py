"""What training makes small: the loss of each text, or pair of texts.

Shapes: B batch, N texts, L labels, D width of a vector.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, normalize

from textwright import metrics
from textwright.errors import DataError
from textwright.recipe.data import WRITING
from textwright.recipe.training import NetworkTrainingSettings
from textwright.text.labels import Labels, Scale


class Objective:
    """What classifying makes small: cross-entropy, smoothed and weighted as the settings say.

    One label a text: softmax cross-entropy. A row of no class (out of scope) is pulled towards
    equal scores for all labels, as outlier exposure does (Hendrycks, Mazeika and Dietterich
    2019, section 4.3: cross-entropy to the uniform distribution). Multi-label: a yes or no for
    each label, binary cross-entropy, mean over the labels.
    Smoothing s (Szegedy et al. 2016, section 7): a target t becomes (1 - s) t + s / L, or, for
    a yes or no, (1 - s) t + s / 2.

    metric:    what ``score`` gives.
    dev_batch: dev texts that are looked at together; the answers do not depend on it.
    """

    metric = "accuracy"
    dev_batch = 128

    @classmethod
    def choose(cls, rows: Any, settings: NetworkTrainingSettings) -> Any:  # noqa: ARG003  as others
        """Give the training rows to learn from: all of them."""
        return rows

    def __init__(
        self, settings: NetworkTrainingSettings, targets: NDArray[np.float32], *, multi: bool
    ) -> None:
        self.smoothing = settings.label_smoothing
        self.multi = multi
        balanced = settings.class_weights == "balanced"
        self.weights = torch.from_numpy(balance(targets, multi=multi)) if balanced else None

    def to(self, device: torch.device) -> None:
        """Move the weights of the classes to where the logits are."""
        self.weights = None if self.weights is None else self.weights.to(device)

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Give the loss of each text in nats, [B] float.

        logits:  [B, L] float.
        targets: [B, L] float, 1 where the label holds; a zero row holds none.
        """
        logits = logits.float()
        if self.multi:
            smoothed = targets * (1 - self.smoothing) + self.smoothing / 2
            return binary_cross_entropy_with_logits(
                logits, smoothed, pos_weight=self.weights, reduction="none"
            ).mean(dim=1)
        labels = targets.shape[1]
        inside = targets.sum(dim=1)  # [B], 1, or 0 out of scope
        smoothed = targets * (1 - self.smoothing) + self.smoothing / labels
        smoothed = torch.where(inside[:, None] > 0, smoothed, 1 / labels)
        losses = -(smoothed * logits.log_softmax(dim=1)).sum(dim=1)
        if self.weights is None:
            return losses
        return losses * (targets @ self.weights + (1 - inside))

    def count(self, targets: NDArray[Any]) -> int:
        """Count what the mean loss of several batches is taken over: their texts."""
        return len(targets)

    def keep(self, logits: Tensor, targets: Tensor) -> Tensor:  # noqa: ARG002  as others
        """Give what of a batch the score needs: all of it."""
        return logits

    def score(self, logits: Tensor, targets: Tensor) -> float:
        """Give the share of texts whose best label, or (multi-label) every label, is right."""
        if self.multi:
            right = ((logits > 0) == (targets > 0.5)).all(dim=1)
        else:
            right = logits.argmax(dim=1) == targets.argmax(dim=1)
        return int(right.sum()) / len(targets)


def balance(targets: NDArray[np.float32], *, multi: bool) -> NDArray[np.float32]:
    """Weigh labels so that rare ones count as much as common ones, [L] float.

    One label a text: N / (L n), with n the rows of a label: the mean weight of a row is 1.
    Multi-label: how many times rarer a yes is than a no, at most 100.
    """
    rows = targets.sum(axis=0)  # [L]
    if multi:
        rarer: NDArray[np.float32] = np.clip((len(targets) - rows) / np.maximum(rows, 1), 0.01, 100)
        return rarer.astype(np.float32)
    weights: NDArray[np.float32] = rows.sum() / (len(rows) * np.maximum(rows, 1))
    return weights.astype(np.float32)


class Regression(Objective):
    """What matching on a scale makes small: the squared error, on a scale from 0 to 1.

    Source: Reimers and Gurevych 2019, section 3.
    """

    metric = "spearman"

    def __call__(self, scores: Tensor, targets: Tensor) -> Tensor:
        """Give the squared error of each pair, [B] float, from [B, 1] and [B, 1]."""
        return (scores.float() - targets).square().squeeze(1)

    def score(self, scores: Tensor, targets: Tensor) -> float:
        """Give the rank correlation of scores and targets, [N, 1] each."""
        said, true = (each.float().cpu().numpy()[:, 0] for each in (scores, targets))
        return metrics.spearman(said, true)


class YesOrNo(Objective):
    """What matching with two labels makes small: binary cross-entropy, in nats."""

    def __call__(self, scores: Tensor, targets: Tensor) -> Tensor:
        """Give the loss of each pair, [B] float, from [B, 1] and [B, 1]."""
        return binary_cross_entropy_with_logits(scores.float(), targets, reduction="none")[:, 0]


class NextToken(Objective):
    """What writing makes small: cross-entropy of each token, smoothed as the settings say.

    Every token counts alike, however long its text and its batch are.
    Smoothing: Szegedy et al. 2016, section 7.
    """

    metric = "log_probability"  # of a token, in nats
    dev_batch = 32  # each token of them has as many logits as the vocabulary has tokens

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Give the loss of a token in nats for each text, [B] float: the mean over the batch.

        logits:  [M, V] float, of the M real tokens, text by text.
        targets: [B, T] int, below 0 at padding.
        """
        true = targets[targets >= 0].long()
        loss = cross_entropy(logits.float(), true, label_smoothing=self.smoothing)
        return loss.expand(len(targets))

    def count(self, targets: NDArray[Any]) -> int:
        """Count the tokens to be told."""
        return int((targets >= 0).sum())

    def keep(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Give the log-probability of all tokens of a batch and their number, [1, 2]."""
        true = targets[targets >= 0].long()
        total = -cross_entropy(logits.float(), true, reduction="sum")
        return torch.stack([total, total.new_tensor(len(true))])[None]

    def score(self, logits: Tensor, targets: Tensor) -> float:  # noqa: ARG002  as others
        """Give the mean log-probability of a token from what was kept of each batch, [N, 2]."""
        total, tokens = logits.double().sum(dim=0).tolist()
        return float(total / tokens)


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


def find_objective(task: str, labels: Labels) -> type[Objective]:
    """Give what a task makes small for outputs that mean these labels."""
    if task == "embed":
        return Contrast
    if task in WRITING:
        return NextToken
    if not isinstance(labels, Scale):
        return Objective
    return YesOrNo if labels.kind == "binary" else Regression
