"""The tokenizer of a checkpoint that writes: texts and prompts in, what was written out."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import tokenizers
from numpy.typing import NDArray

from textwright.recipe.parts import (
    AnyTokenizerSettings,
    PretrainedTokenizerSettings,
    PromptTokenizerSettings,
)
from textwright.text.batch import Encoding
from textwright.text.edges import EDGES, Edges, read_edges
from textwright.text.tokenizer import CHARACTERS_A_TOKEN, Tokenizer, clean_text, open_tokenizer


class CheckpointTokenizer(Tokenizer):
    """A tokenizer that came with a network that writes."""

    def __init__(
        self, inner: tokenizers.Tokenizer, settings: AnyTokenizerSettings, edges: Edges
    ) -> None:
        super().__init__(inner, settings)
        self.edges = edges

    def encode_lines(self, text: str) -> NDArray[np.int64]:
        """Encode a text of any length, without special tokens."""
        found = self.inner.encode(clean_text(text), add_special_tokens=False)
        return np.array(found.ids, dtype=np.int64)

    def count_characters(self, text: str) -> int:
        """Count what ``encode_lines`` reads, as the tokenizer makes it."""
        normal = clean_text(text)
        if self.inner.normalizer is not None:
            normal = self.inner.normalizer.normalize_str(normal)
        return min(len(normal), len(text))  # a blank put in front is not foretold

    def encode_closed(self, text: str) -> NDArray[np.int64]:
        """Encode a text of any length and what ends it, to be learned from."""
        return np.append(self.encode_lines(text), self.edges.stops[:1]).astype(np.int64)

    def encode_targets(self, texts: Sequence[str]) -> list[Encoding]:
        """Encode texts that are to be written, without what ends them."""
        found = self.encode(texts)
        ended = [len(each.ids) > 0 and each.ids[-1] in self.edges.stops for each in found]
        return [
            replace(each, ids=each.ids[:-1]) if ends else each
            for each, ends in zip(found, ended, strict=True)
        ]

    def encode_end(self, text: str, most: int) -> Encoding:
        """Encode the last ``most`` tokens of a prompt."""
        end = text[-most * CHARACTERS_A_TOKEN :]
        ids = self.inner.encode(clean_text(end)).ids
        kept = np.array((ids or [self.edges.start])[-most:], dtype=np.int64)
        cut = len(ids) > most or len(end) < len(text)
        added = self.added if ids else len(kept)  # the start alone says nothing of the text
        return Encoding(kept, truncated=cut, unknown=self.unknown, added=added)

    def decode(self, ids: Sequence[int]) -> str:
        """Write out tokens, special ones left out."""
        text: str = self.inner.decode(list(ids), skip_special_tokens=True)
        return text


def open_writing_tokenizer(path: Path, settings: AnyTokenizerSettings) -> Tokenizer:
    """Open the tokenizer of a model that writes: one of ours, or a checkpoint's with its edges.

    Raises ArtifactError for files that are none.
    """
    tokenizer = open_tokenizer(path, settings)
    if isinstance(settings, PretrainedTokenizerSettings | PromptTokenizerSettings):
        edges = read_edges(path.with_name(EDGES))
        return CheckpointTokenizer(tokenizer.inner, settings, edges)
    return tokenizer
