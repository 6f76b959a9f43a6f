"""Write from the prompts of a job file with CTranslate2, in integers."""

import json
import sys
import time
from pathlib import Path
from typing import Any

import ctranslate2
from ctranslate2.converters import TransformersConverter
from tokenizers import Tokenizer

from memory import peak_mb


def main() -> None:
    """Do what the job says, and print one JSON object."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    model = Path(job["converted"])
    if not model.exists():
        TransformersConverter(job["model"]).convert(str(model), quantization="int8")
    tokenizer = Tokenizer.from_file(str(Path(job["model"]) / "tokenizer.json"))
    prompts = [tokenizer.encode(each).tokens for each in job["prompts"]]
    print(json.dumps(measure(str(model), prompts, job["tokens"], job["threads"])))


def measure(model: str, prompts: list[list[str]], tokens: int, threads: int) -> dict[str, float]:
    """Give tokens/s of one stream and of all, and the wait for the first token.

    One stream has all cores; several are shared out, each worker with a core: the faster ways.
    """
    one = ctranslate2.Generator(model, compute_type="int8", intra_threads=threads)
    write(one, prompts[:1], 4)
    waits = [write(one, [each], 1) for each in prompts]
    single = sum(write(one, [each], tokens) for each in prompts)
    many = ctranslate2.Generator(model, compute_type="int8", intra_threads=1, inter_threads=threads)
    write(many, prompts, 4)
    together = write(many, prompts, tokens, share=-(-len(prompts) // threads))
    written = tokens * len(prompts)
    return {
        "first_ms": sorted(waits)[len(waits) // 2] * 1_000,
        "rate_1": written / single,
        f"rate_{len(prompts)}": written / together,
        "peak_mb": peak_mb(),
    }


def write(model: Any, prompts: list[list[str]], tokens: int, *, share: int = 0) -> float:
    """Write so many tokens from each prompt, so many at once; gives the seconds it took."""
    started = time.perf_counter()
    found = model.generate_batch(
        prompts,
        max_length=tokens,
        min_length=tokens,
        max_batch_size=share,
        beam_size=1,
        include_prompt_in_result=False,
    )
    seconds = time.perf_counter() - started
    if any(len(each.sequences_ids[0]) != tokens for each in found):
        raise SystemExit("CTranslate2 wrote fewer tokens than it was asked for")
    return seconds


if __name__ == "__main__":
    main()
