"""Write from the prompts of a job file, or score its texts, with an artifact of ours."""

import json
import math
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from memory import peak_mb
from textwright.models import load
from textwright.runtime.answer import Answerer
from textwright.runtime.writing import WriteOptions


def main() -> None:
    """Do what the job says, and print one JSON object."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    if "score" in job:
        model = load(job["model"])
        with ThreadPoolExecutor(job["threads"]) as pool:
            scores = list(pool.map(lambda text: next(model.score([text])), job["score"]))
        nats, tokens = sum(each.nats for each in scores), sum(each.tokens for each in scores)
        print(json.dumps({"perplexity": math.exp(nats / tokens)}))
    elif job.get("texts"):
        model = open_model(job, job["tokens"])
        print(json.dumps({"texts": [each.text for each in model.predict(job["prompts"])]}))
    else:
        print(json.dumps(measure(job)))


def open_model(job: dict[str, Any], tokens: int, *, ends: bool = True) -> Answerer:
    """Open the artifact to write so many tokens, the likeliest each; ends: or fewer."""
    model = load(job["model"])
    model.write_by(WriteOptions(temperature=0.0))
    model.session.settings = replace(model.session.settings, max_tokens=tokens)
    if not ends:
        model.session.stops = ()
    return model


def measure(job: dict[str, Any]) -> dict[str, float]:
    """Give tokens/s of one stream and of all, and the wait for the first token."""
    prompts, threads, tokens = job["prompts"], job["threads"], job["tokens"]
    model = open_model(job, 1, ends=False)
    model.predict(prompts[:1])
    waits = [timed(model, [each]) for each in prompts]
    model.session.settings = replace(model.session.settings, max_tokens=tokens)
    seconds = sum(timed(model, [each]) for each in prompts)
    started = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(model.predict, [prompts[each::threads] for each in range(threads)]))
    together = time.perf_counter() - started
    written = tokens * len(prompts)
    return {
        "first_ms": sorted(waits)[len(waits) // 2] * 1_000,
        "rate_1": written / seconds,
        f"rate_{len(prompts)}": written / together,
        "peak_mb": peak_mb(),
    }


def timed(model: Answerer, prompts: list[str]) -> float:
    """Give how long it takes to write from some prompts, in seconds."""
    started = time.perf_counter()
    model.predict(prompts)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
