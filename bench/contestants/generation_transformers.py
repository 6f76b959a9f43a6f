"""Write from the prompts of a job file, or score its texts, with transformers in float32."""

import json
import math
import sys
import time
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from memory import peak_mb


def main() -> None:
    """Do what the job says, and print one JSON object."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    torch.set_num_threads(job["threads"])
    tokenizer = AutoTokenizer.from_pretrained(job["model"], padding_side="left")
    model: Any = AutoModelForCausalLM.from_pretrained(job["model"], dtype=torch.float32)
    model.eval()
    with torch.inference_mode():
        if "score" in job:
            print(json.dumps({"perplexity": score(model, tokenizer, job["score"])}))
        elif job.get("texts"):
            texts = [write(model, tokenizer, [each], job["tokens"])[0] for each in job["prompts"]]
            print(json.dumps({"texts": texts}))
        else:
            print(json.dumps(measure(model, tokenizer, job)))


def write(
    model: Any, tokenizer: Any, prompts: list[str], tokens: int, *, ends: bool = True
) -> list[str]:
    """Write so many tokens from each prompt, the likeliest each; ends: or fewer."""
    inputs = tokenizer(prompts, return_tensors="pt", padding=True)
    least = {} if ends else {"min_new_tokens": tokens}
    found = model.generate(**inputs, max_new_tokens=tokens, do_sample=False, **least)
    new = found[:, inputs["input_ids"].shape[1] :]
    texts: list[str] = tokenizer.batch_decode(new, skip_special_tokens=True)
    return texts


def score(model: Any, tokenizer: Any, texts: list[str]) -> float:
    """Give the perplexity of texts, each behind the token that texts begin with."""
    nats, tokens = 0.0, 0
    for text in texts:
        ids = torch.tensor([[tokenizer.bos_token_id, *tokenizer(text)["input_ids"]]])
        told = model(input_ids=ids).logits[0, :-1].log_softmax(dim=-1)
        nats -= float(told.gather(1, ids[0, 1:, None]).sum())
        tokens += ids.shape[1] - 1
    return math.exp(nats / tokens)


def measure(model: Any, tokenizer: Any, job: dict[str, Any]) -> dict[str, float]:
    """Give tokens/s of one stream and of all, and the wait for the first token."""
    prompts, tokens = job["prompts"], job["tokens"]
    write(model, tokenizer, prompts[:1], 4)
    waits = []
    for each in prompts:
        started = time.perf_counter()
        write(model, tokenizer, [each], 1)
        waits.append(time.perf_counter() - started)
    started = time.perf_counter()
    for each in prompts:
        write(model, tokenizer, [each], tokens, ends=False)
    single = time.perf_counter() - started
    started = time.perf_counter()
    write(model, tokenizer, prompts, tokens, ends=False)
    together = time.perf_counter() - started
    written = tokens * len(prompts)
    return {
        "first_ms": sorted(waits)[len(waits) // 2] * 1_000,
        "rate_1": written / single,
        f"rate_{len(prompts)}": written / together,
        "peak_mb": peak_mb(),
    }


if __name__ == "__main__":
    main()
