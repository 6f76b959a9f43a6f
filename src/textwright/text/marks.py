"""The marks of a tokenizer, such as ``<|im_end|>``, in texts that hold them on purpose."""

import numpy as np
import tokenizers
from numpy.typing import NDArray

from textwright.text.tokenizer import Tokenizer, clean_text


class Marks:
    """Reads texts in which marks count.

    names: the marks as they are written.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.inner = tokenizers.Tokenizer.from_str(tokenizer.inner.to_str())
        self.inner.no_truncation()
        self.inner.no_padding()
        self.inner.encode_special_tokens = False
        added = self.inner.get_added_tokens_decoder().values()
        self.names = tuple(each.content for each in added if each.special)

    def encode(self, text: str) -> NDArray[np.int64]:
        """Encode a text with its marks, and add none."""
        found = self.inner.encode(clean_text(text), add_special_tokens=False)
        return np.asarray(found.ids, dtype=np.int64)

    def first_in(self, text: str) -> str | None:
        """Give a mark that stands in a text, None where there is none."""
        return next((each for each in self.names if each in text), None)
