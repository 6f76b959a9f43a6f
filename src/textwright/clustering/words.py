"""Texts as counts of their words, and vectors made of nothing else.

Shapes: N texts, V words, D dimensions.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textwright.errors import DataError
from textwright.text.sentences import CHINESE
from textwright.text.tokenizer import cut_chinese

HAS_CHINESE = re.compile(f"[{CHINESE}]")
WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
LSA_DIMENSIONS = 100


class WordCounts(NamedTuple):
    """How often each word stands in each text: [N, V] sparse int, and the V words."""

    counts: Any
    words: NDArray[np.str_]


def split_words(text: str) -> list[str]:
    """Give a text's words in lower case, numbers too, punctuation not; Chinese by jieba."""
    normal = unicodedata.normalize("NFKC", text).lower()
    if HAS_CHINESE.search(normal):
        return [word for word, _, _ in cut_chinese(normal) if WORD.match(word)]
    return WORD.findall(normal)


def count_words(texts: Sequence[str]) -> WordCounts:
    """Count the words of texts; raises DataError when there is none at all."""
    from sklearn.feature_extraction.text import CountVectorizer

    counter = CountVectorizer(analyzer=split_words)
    try:
        counts = counter.fit_transform(texts)
    except ValueError as error:  # raised for an empty vocabulary only
        hint = "Check the column; a .npy of vectors does not help to name clusters without words."
        raise DataError("No text has a word in it.", hint) from error
    return WordCounts(counts, counter.get_feature_names_out())


def word_vectors(counted: WordCounts, *, seed: int) -> NDArray[np.float32]:
    """Latent semantic analysis: weighted words, then their largest singular directions.

    Source: Deerwester et al. 1990. A word counts 1 + log(count), times its inverse document
    frequency cubed: with the plain one the commonest words make the clusters. Words of a single
    text say nothing of its neighbours and are left out, unless there are no others.
    Returns [N, D], D at most 100; zeros for a text without words.
    """
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.preprocessing import normalize

    counts = counted.counts
    shared = np.asarray((counts > 0).sum(axis=0)).ravel() > 1
    if shared.any():
        counts = counts[:, shared]
    weigher = TfidfTransformer(sublinear_tf=True, norm=None)
    weighed = normalize(weigher.fit_transform(counts).multiply(weigher.idf_**2).tocsr())
    if min(weighed.shape) <= LSA_DIMENSIONS:
        small: NDArray[np.float32] = weighed.toarray().astype(np.float32)
        return small
    svd = TruncatedSVD(LSA_DIMENSIONS, random_state=seed)
    vectors: NDArray[np.float32] = svd.fit_transform(weighed).astype(np.float32)
    return vectors
