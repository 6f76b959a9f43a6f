"""One vector for each word, read from its spelling.

Shapes: N words, C bytes of a word, E embedding.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from textwright.text.tokenizer import PADDING, UNKNOWN

BEGIN, END, UNSEEN, FIRST = 1, 2, 3, 4  # 0 is padding; byte b is FIRST + b
SYMBOLS = FIRST + 256
BYTE_SIZE = 16  # numbers of a byte's vector
FILTERS = {1: 32, 2: 32, 3: 64, 4: 64, 5: 64}  # bytes a filter sees at once: filters


def spell_words(words: Sequence[str], length: int) -> NDArray[np.int16]:
    """Write words as numbered UTF-8 bytes between a first and a last mark.

    length: of a row, marks included; a longer word loses its end. [UNK] is one symbol of its
            own, [PAD] is nothing but padding.
    Returns [N, C] int16, each in 0..SYMBOLS-1.
    """
    rows = np.zeros((len(words), length), dtype=np.int16)
    for row, word in enumerate(words):
        symbols = [FIRST + each for each in word.encode("utf-8", "replace")[: length - 2]]
        if word == UNKNOWN:
            symbols = [UNSEEN]
        if word != PADDING:
            rows[row, : len(symbols) + 2] = [BEGIN, *symbols, END]
    return rows


class CharacterCNN(nn.Module):
    """Filters over the bytes of a word, the strongest answer of each, a highway, a projection.

    With y the largest answers of all filters, s the logistic function and * the product of
    elements::

        t = s(W_t y + b_t)
        z = t * relu(W_h y + b_h) + (1 - t) * y
        x = W_p z + b_p

    Source: Kim et al. 2016, sections 2.2 and 2.3 (there with tanh at the filters); bytes and
    projection as Peters et al. 2018, section 3.4, whose network has 2,048 filters and two
    highways.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        filters = sum(FILTERS.values())
        self.bytes = nn.Embedding(SYMBOLS, BYTE_SIZE, padding_idx=0)
        self.filters = nn.ModuleList(
            nn.Conv1d(BYTE_SIZE, count, seen) for seen, count in FILTERS.items()
        )
        self.highway = nn.Linear(filters, 2 * filters)
        self.projection = nn.Linear(filters, width)
        with torch.no_grad():
            self.highway.bias[filters:] = -2.0  # begin by handing on (Srivastava et al. 2015)

    def forward(self, spelled: Tensor) -> Tensor:
        """Read words.

        spelled: [N, C] int, from ``spell_words``.
        Returns [N, E] float.
        """
        read = self.bytes(spelled.long()).transpose(1, 2)  # [N, BYTE_SIZE, C]
        strongest = torch.cat([each(read).amax(dim=2) for each in self.filters], dim=1).relu()
        changed, share = self.highway(strongest).chunk(2, dim=1)
        mixed = torch.lerp(strongest, changed.relu(), share.sigmoid())
        vectors: Tensor = self.projection(mixed)
        return vectors
