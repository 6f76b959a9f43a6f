"""How long one input takes, through everything that serving does to it but the network."""

import time
from collections.abc import Sequence

import numpy as np

from textwright.runtime.answer import Answerer
from textwright.text.examples import Input

WARM_UP = 20
TEXTS = 400
LONGEST_S = 3.0  # after which fewer texts must do, but for a dozen
LEAST = 12


def measure_latency(answerer: Answerer, texts: Sequence[Input]) -> dict[str, float]:
    """Answer texts one at a time and give ``p50_ms``, ``p99_ms`` and how many there were.

    Differs from run to run and from machine to machine, so it stands beside the artifact. An
    empty sequence gives an empty table.
    """
    if not texts:
        return {}
    spread = [texts[place * len(texts) // TEXTS] for place in range(TEXTS)]
    until = time.perf_counter() + LONGEST_S
    for text in spread[:WARM_UP]:
        answerer.predict([text])
        if time.perf_counter() > until:
            break
    taken: list[float] = []
    until = time.perf_counter() + LONGEST_S
    for text in spread:
        started = time.perf_counter()
        if started > until and len(taken) >= LEAST:
            break
        answerer.predict([text])
        taken.append((time.perf_counter() - started) * 1_000)
    middle, high = np.quantile(taken, [0.5, 0.99])
    return {"p50_ms": float(middle), "p99_ms": float(high), "texts": len(taken)}
