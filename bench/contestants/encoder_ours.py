"""Embed the texts of a job file with an artifact of ours; prints one JSON object of texts/s."""

import json
import sys
import time
from pathlib import Path
from statistics import median

import numpy as np

from textwright.models import load

PASSES = 3


def main() -> None:
    """Embed each set of texts several times, and keep the vectors."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    model = load(job["model"], threads=job["threads"])
    found, kept = {}, []
    for name, texts in job["texts"].items():
        kept.append(model.outputs(texts))
        taken = []
        for _ in range(PASSES):
            started = time.perf_counter()
            model.outputs(texts)
            taken.append(time.perf_counter() - started)
        found[name] = len(texts) / median(taken)
    np.save(job["out"], np.concatenate(kept))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
