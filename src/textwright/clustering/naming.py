"""Names for clusters: the words that set each apart from the others.

Shapes: N texts, V words, K clusters.
"""

import numpy as np
from numpy.typing import NDArray

from textwright.clustering.partition import NONE
from textwright.clustering.words import WordCounts


def name_clusters(
    counted: WordCounts, labels: NDArray[np.int64], words: int
) -> list[tuple[str, ...]]:
    """Give each cluster's most telling words, the most telling first; fewer where it has fewer."""
    found = []
    for row in weigh_words(counted, labels):
        best = np.argsort(-row, kind="stable")[:words]
        found.append(tuple(str(counted.words[each]) for each in best if row[each] > 0))
    return found


def weigh_words(counted: WordCounts, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Class-based TF-IDF: how much each word tells of each cluster, [K, V], 0 or more.

    Source: Grootendorst 2022 (BERTopic), equation 3: the word's frequency within the cluster times
    log(1 + A / f), with f its count in all clusters and A their mean number of words. Two changes
    keep stop words out without a list of them: the square root of the frequency (an option of that
    program), and a factor log(p(word | cluster) / p(word)), which is 0 for a word as common
    elsewhere.
    """
    from scipy.sparse import csr_matrix

    inside = np.flatnonzero(labels != NONE)
    shape = (int(labels.max()) + 1, len(labels))
    members = csr_matrix((np.ones(len(inside)), (labels[inside], inside)), shape=shape)
    counts = (members @ counted.counts).toarray()  # [K, V]
    everywhere = counts.sum(axis=0)  # [V]
    words = counts.sum(axis=1, keepdims=True)  # [K, 1]
    within = counts / np.maximum(words, 1)
    rarity = np.log1p(words.mean() / np.maximum(everywhere, 1))
    overall = np.maximum(everywhere, 1) / max(everywhere.sum(), 1)
    telling = np.log(np.maximum(within / overall, 1))
    weights: NDArray[np.float64] = np.sqrt(within) * rarity * telling
    return weights
