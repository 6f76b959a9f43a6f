"""What a frozen encoder makes of texts, computed once: its decoder then learns in seconds.

Shapes: N texts, B batch, T tokens, D width. A mask is True at real tokens.
"""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from textwright.heap import keep_freed
from textwright.text.batch import length_buckets
from textwright.training.model import TextModel
from textwright.training.optimizer import fixed_threads
from textwright.training.rows import Rows, StateRows
from textwright.vectors.packed import write_whole

BATCH = 64  # texts
ROOM_BYTES = 4 * 2**30  # what the cache holds at most; the oldest files go first


class Head(nn.Module):
    """The decoder of a network, by itself."""

    def __init__(self, decoder: Any) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, states: Tensor, mask: Tensor) -> tuple[Tensor, Tensor | None]:
        """Score the labels of texts whose states are known, as ``TextModel`` does."""
        logits, attention = self.decoder(states, mask)
        return logits, attention


class Encoded:
    """Texts as a frozen encoder reads them, kept in a folder.

    A pooling without weights is applied at once: what it gives, taken for a text of one token,
    comes out of the same pooling as it went in.

    encoder: names the weights, by their digest.
    folder:  where it is kept; None: nowhere.
    """

    def __init__(
        self, model: TextModel, encoder: str, *, threads: int, folder: Path | None
    ) -> None:
        self.model = model
        how = f"window {model.encoder.window} threads {threads}"
        self.name = f"{encoder} torch {torch.__version__} {how}"
        self.threads = threads
        self.folder = folder
        pooling = model.decoder.pooling
        self.pooling = None if list(pooling.parameters()) else pooling

    def rows(self, rows: Rows) -> StateRows:
        """Give the states of texts with their truth, computed or found."""
        path = self.folder / f"{self.digest(rows)}.npy" if self.folder else None
        flat = read_kept(path) if path else None
        if flat is None:
            flat = self.compute(rows)
            if path:
                keep(flat, path)
        lengths = rows.lengths if self.pooling is None else np.ones_like(rows.lengths)
        return StateRows(flat, lengths, rows.targets, rows.texts)

    def digest(self, rows: Rows) -> str:
        """Name the states by all that they depend on."""
        found = hashlib.sha256(f"{self.name} {self.pooling!r}".encode())
        for each in (rows.flat, rows.lengths):
            found.update(each.tobytes())
        return found.hexdigest()

    def compute(self, rows: Rows) -> NDArray[np.float32]:
        """Read all texts: [N, D], or the states of all tokens, [tokens of all texts, D]."""
        encoder = self.model.encoder.eval()
        texts = replace(rows, texts=1)
        count = len(rows.lengths) if self.pooling else int(rows.lengths.sum())
        flat = np.empty((count, encoder.width), dtype=np.float32)
        with keep_freed(), torch.inference_mode(), fixed_threads(self.threads, []):
            for places in length_buckets(rows.lengths.tolist(), BATCH):
                ids, mask = map(torch.from_numpy, texts.batch(places).inputs.values())
                states = encoder(self.model.embedding(ids, mask), mask)  # [B, T, D]
                if self.pooling is None:
                    flat[rows.tokens(places)] = states[mask].numpy()
                else:
                    flat[places] = self.pooling(states, mask)[0].numpy()
        return flat


def read_kept(path: Path) -> NDArray[np.float32] | None:
    """Give the array kept at ``path``; None where there is none, or none that is whole."""
    try:
        flat: NDArray[np.float32] = np.load(path, allow_pickle=False)
    except (OSError, EOFError, ValueError):
        return None
    return flat


def keep(flat: NDArray[np.float32], path: Path) -> None:
    """Write an array in one step, after the oldest ones made room for it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    others = sorted(path.parent.glob("*.npy"), key=lambda each: each.stat().st_mtime)
    total = flat.nbytes + sum(each.stat().st_size for each in others)
    while others and total > ROOM_BYTES:
        total -= others[0].stat().st_size
        others.pop(0).unlink(missing_ok=True)
    with write_whole(path) as file:
        np.save(file, flat)
