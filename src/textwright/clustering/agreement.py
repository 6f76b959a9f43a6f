"""How clusters agree with labels that people gave: NMI, V-measure, accuracy, adjusted Rand index.

Shapes: N texts, C classes, K clusters.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textwright.clustering.partition import NONE


@dataclass(frozen=True)
class Agreement:
    """Scores from 0 (chance) to 1 (the same groups); texts of no cluster count as one more.

    nmi:          mutual information over the mean of both entropies.
    homogeneity:  clusters hold one class each; completeness: classes lie in one cluster each.
    v_measure:    their harmonic mean, which is equal to nmi (Rosenberg, Hirschberg 2007).
    accuracy:     share of texts in the cluster that stands for their class, each cluster for one
                  class at most, in the best way (Kuhn 1955); a text of no cluster is wrong.
    rand_index:   adjusted for chance (Hubert, Arabie 1985); below 0 is worse than chance.
    texts:        with a label.
    """

    nmi: float
    homogeneity: float
    completeness: float
    v_measure: float
    accuracy: float
    rand_index: float
    classes: int
    texts: int


def score_agreement(gold: Sequence[str], labels: NDArray[np.int64]) -> Agreement:
    """Hold clusters against classes, both [N]."""
    from sklearn.metrics import (
        adjusted_rand_score,
        homogeneity_completeness_v_measure,
        normalized_mutual_info_score,
    )

    names, classes = np.unique(np.asarray(gold), return_inverse=True)
    homogeneity, completeness, both = homogeneity_completeness_v_measure(classes, labels)
    return Agreement(
        nmi=float(normalized_mutual_info_score(classes, labels)),
        homogeneity=float(homogeneity),
        completeness=float(completeness),
        v_measure=float(both),
        accuracy=best_accuracy(classes, labels),
        rand_index=float(adjusted_rand_score(classes, labels)),
        classes=len(names),
        texts=len(classes),
    )


def best_accuracy(classes: NDArray[np.int64], labels: NDArray[np.int64]) -> float:
    """Share of texts rightly placed when clusters are given to classes in the best way."""
    from scipy.optimize import linear_sum_assignment

    inside = labels != NONE
    table = np.zeros((classes.max() + 1, labels.max() + 1), dtype=np.int64)  # [C, K]
    np.add.at(table, (classes[inside], labels[inside]), 1)
    rows, columns = linear_sum_assignment(table, maximize=True)
    return float(table[rows, columns].sum() / len(classes))
