"""Embed the texts of a job file with sentence-transformers; prints one JSON object of texts/s."""

import json
import sys
import time
from pathlib import Path
from statistics import median

import numpy as np
import torch
from sentence_transformers import SentenceTransformer

PASSES = 3


def main() -> None:
    """Embed each set of texts several times, and keep the vectors."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    torch.set_num_threads(job["threads"])
    model = SentenceTransformer(job["model"], device="cpu", local_files_only=True)

    def embed(texts: list[str]) -> np.ndarray:
        found: np.ndarray = model.encode(
            texts, batch_size=job["batch"], show_progress_bar=False, convert_to_numpy=True
        )
        return found

    found, kept = {}, []
    for name, texts in job["texts"].items():
        kept.append(embed(texts))
        taken = []
        for _ in range(PASSES):
            started = time.perf_counter()
            embed(texts)
            taken.append(time.perf_counter() - started)
        found[name] = len(texts) / median(taken)
    np.save(job["out"], np.concatenate(kept))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
