"""The special tokens of a tokenizer, such as ``<|im_end|>``, in texts that hold them on purpose."""

import numpy as np
import tokenizers
from numpy.typing import NDArray

from textwright.text.tokenizer import Tokenizer, clean_text


class SpecialTokens:
    """Reads texts in which special tokens count.

    names: the special tokens as they are written, by their ids, but for the unknown one.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.inner = tokenizers.Tokenizer.from_str(tokenizer.inner.to_str())
        self.inner.no_truncation()
        self.inner.no_padding()
        self.inner.encode_special_tokens = False
        added = self.inner.get_added_tokens_decoder()
        self.names = {
            number: each.content
            for number, each in added.items()
            if each.special and number != tokenizer.unknown
        }

    def encode(self, text: str) -> NDArray[np.int64]:
        """Encode a text with its special tokens, and add none."""
        found = self.inner.encode(clean_text(text), add_special_tokens=False)
        return np.asarray(found.ids, dtype=np.int64)

    def first_in(self, text: str) -> str | None:
        """Give a special token that a text is read as, however it is spelt, or None."""
        found = filter(self.names.__contains__, self.encode(text).tolist())
        return next((self.names[each] for each in found), None)
