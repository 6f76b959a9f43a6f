"""Character n-grams of words as rows of a table, for words that are rare or were never seen.

Bojanowski et al. 2017, section 3.2, sum the vectors of a word's n-grams, edges of the word
counted as characters. The n-grams are hashed as those of the linear model are; words of one
character have none.

Shapes: W words, G n-grams of all of them, D dimensions.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textwright.recipe.vectors import NgramSettings
from textwright.text.ngrams import Words, character_grams

Numbers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class NgramRows:
    """The vectors learned for n-grams.

    rows: [settings.buckets, D] float32.
    """

    settings: NgramSettings
    rows: NDArray[np.float32]

    def vector(self, word: str) -> NDArray[np.float32] | None:
        """Mean of the vectors of a word's n-grams, [D] float32; None if it has none."""
        slots, _ = word_slots([word], self.settings)
        if not len(slots):
            return None
        mean: NDArray[np.float32] = self.rows[slots].mean(axis=0, dtype=np.float32)
        return mean


def word_slots(words: Sequence[str], settings: NgramSettings) -> tuple[Numbers, Numbers]:
    """Slot of every n-gram of the words, [G] int64, and the position of its word, [G] int64.

    Sorted by word; ``settings.maximum`` must not be 0.
    """
    joined = "".join(words).encode("utf-32-le", "surrogatepass")
    codes = np.frombuffer(joined, dtype=np.uint32).astype(np.uint64)
    starts = np.zeros(len(words) + 1, dtype=np.int64)
    np.cumsum([len(word) for word in words], out=starts[1:])
    found = list(
        character_grams(
            Words(codes, starts, np.arange(len(words))), settings.minimum, settings.maximum
        )
    )
    hashes = np.concatenate([each for each, _ in found])
    owners = np.concatenate([each for _, each in found])
    order = np.argsort(owners, kind="stable")
    slots = (hashes % np.uint64(settings.buckets)).astype(np.int64)
    return slots[order], owners[order]
