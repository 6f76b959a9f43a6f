"""The network that every peer serves: texts in, labels out, from the files of an artifact.

Written against onnxruntime and tokenizers alone, with the session's options of textwright.
"""

import json
import os
from pathlib import Path

import numpy as np
import onnxruntime
import tokenizers

MOST_TEXTS = 32  # in one batch, as with textwright


def artifact() -> Path:
    """Give the folder that the benchmark made for all."""
    return Path(os.environ["BENCH_ARTIFACT"])


class Network:
    """Tokenizer, session and labels; one thread."""

    def __init__(self) -> None:
        folder = artifact()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        providers = ["CPUExecutionProvider"]
        self.session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=providers
        )
        self.tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.labels = json.loads((folder / "labels.json").read_text(encoding="utf-8"))["names"]

    def label(self, texts: list[str]) -> list[str]:
        """Answer one batch: the best label of each text."""
        encoded = [each.ids or [1] for each in self.tokenizer.encode_batch_fast(texts)]
        width = max(map(len, encoded))
        ids = np.zeros((len(texts), width), dtype=np.int64)
        mask = np.zeros(ids.shape, dtype=np.bool_)
        for row, tokens in enumerate(encoded):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = True
        (logits,) = self.session.run(["logits"], {"ids": ids, "mask": mask})
        return [self.labels[best] for best in logits.argmax(axis=1)]
