"""Classification with word vectors in the recipe: learned ones, ours, and those of ELMo.

The BiLSTM recipes of ``examples/``, nothing changed but ``[embedding]``; on sst2 all rows, on
chnsenticorp 1,000 of the 9,600 (and more epochs for it). Means of three seeds, on the test split.
Vectors are learned from the texts that ``bench/vector_texts.py`` names, less the rows tested on;
ELMo, which is slow, from a share of them, so vectors from that, too. The two tasks run side by
side, each on one core.
"""

import argparse
import gzip
import json
import random
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any

import tomli_w

from rounds import ROOT, Row, higher_is_better, make_parser, processor_times, write_report
from vector_texts import CHINESE, DATA, ENGLISH, Files, write_plain

SEEDS = (7, 8, 9)
ROWS, ROWS_SEED = 1000, 7
ACCURACIES = ("metrics", "without_leaks", "baseline")  # of the test, of rows not in train too


@dataclass(frozen=True)
class Task:
    """A data set: its recipe, what is changed there, and the texts that vectors are learned from.

    training: over the recipe's ``[training]``.
    rows:     of the training split to keep, drawn at random; 0: all.
    """

    texts: Files
    tokenizer: str
    training: Mapping[str, Any]
    rows: int = 0


@dataclass(frozen=True)
class Variant:
    """A way to embed words: what stands in ``[embedding]``, and what its file is made by.

    method: of ``textwright vectors train``; empty: the recipe's own embedding.
    shared: learned from the share of the texts that ELMo reads.
    """

    kind: str
    method: str = ""
    shared: bool = False
    trainable: bool = False


TASKS = {
    "sst2": Task(ENGLISH, "words", {}),
    "chnsenticorp": Task(
        {**CHINESE, "chnsenticorp": ("train.jsonl.gz",)},
        "jieba",
        {"epochs": 15, "threads": 1},
        ROWS,
    ),
}
VARIANTS = {
    "learned": Variant("learned"),
    "vectors, kept": Variant("vectors", "skip-gram"),
    "vectors, trained on": Variant("vectors", "skip-gram", trainable=True),
    "vectors of ELMo's text": Variant("vectors", "skip-gram", shared=True, trainable=True),
    "elmo": Variant("elmo", "elmo", shared=True),
}


def main() -> None:
    """Learn vectors, train every variant on every task, and write the rows."""
    options = read_options()
    before = processor_times()
    rows: list[Row] = []
    runs: dict[str, Any] = {}
    with ThreadPoolExecutor() as pool:
        compared = pool.map(partial(compare, options=options), options.only)
        for name, (found, kept) in zip(options.only, compared, strict=True):
            rows += found
            runs[name] = kept
    command = f"python bench/vectors_classify.py --elmo-share {options.elmo_share}"
    write_report(options.json, rows, before, {"command": command, "seeds": SEEDS, "runs": runs})


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser((__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=list(TASKS), default=list(TASKS))
    kinds = sorted({each.kind for each in VARIANTS.values()})
    parser.add_argument("--kinds", nargs="+", choices=kinds, default=kinds)
    parser.add_argument("--elmo-share", type=float, default=0.05, help="of the texts, for ELMo")
    return parser.parse_args()


def compare(name: str, options: argparse.Namespace) -> tuple[list[Row], dict[str, Any]]:
    """Train all variants on a task; gives rows against the learned embedding, and what was met."""
    with tempfile.TemporaryDirectory() as folder:
        return compare_in(Path(folder), name, options)


def compare_in(
    folder: Path, name: str, options: argparse.Namespace
) -> tuple[list[Row], dict[str, Any]]:
    """Do what ``compare`` does, in a folder."""
    task, quick = TASKS[name], options.quick
    texts = {
        False: write_plain(folder / "all.txt", task.texts, 0.005 if quick else 1.0),
        True: write_plain(folder / "share.txt", task.texts, 0.002 if quick else options.elmo_share),
    }
    kept: dict[str, Any] = {"text_lines": {"all": texts[False].lines, "share": texts[True].lines}}
    scores: dict[str, float] = {}
    for title, variant in VARIANTS.items():
        if variant.kind not in options.kinds:
            continue
        file = folder / f"{variant.method}-{variant.shared}"
        if variant.method and not file.exists():
            text = texts[variant.shared].path
            kept[file.name] = learn(text, file, variant.method, task.tokenizer)
        recipe = write_recipe(name, variant, file, quick=quick)
        kept[title] = [train(recipe, seed) for seed in (SEEDS[:1] if quick else SEEDS)]
        scores[title] = mean(each["metrics"] for each in kept[title])
        print(name, title, json.dumps(kept[title]), file=sys.stderr, flush=True)
    reference = next(iter(scores))
    return [
        higher_is_better(f"{name}: {title}", "accuracy", found, scores[reference], reference)
        for title, found in scores.items()
    ], kept


def learn(text: Path, output: Path, method: str, tokenizer: str) -> dict[str, Any]:
    """Learn vectors of words, or a language model, by the command; gives some of what it prints."""
    command = ["vectors", "train", str(text), "--method", method, "--out", str(output)]
    found = run([*command, "--tokenizer", tokenizer, "--threads", "1", "--json"], text.parent)
    return {name: found[name] for name in ("artifact", "seconds", "words", "tokens")}


def write_recipe(name: str, variant: Variant, file: Path, *, quick: bool) -> Path:
    """Write a task's recipe with a variant's embedding."""
    example = ROOT / "examples" / name / "bilstm.toml"
    recipe = tomllib.loads(example.read_text(encoding="utf-8"))
    task, data = TASKS[name], recipe["data"]
    data["root"] = str(DATA / name)
    rows = 200 if quick else task.rows
    if rows:
        data["train"] = str(draw_rows(DATA / name / data["train"], file.parent, rows))
    recipe["training"] |= {**task.training, **({"epochs": 1} if quick else {})}
    if variant.method:
        dropout = recipe["embedding"]["dropout"]
        recipe["embedding"] = {"kind": variant.kind, "file": str(file), "dropout": dropout}
        recipe["embedding"]["trainable"] = variant.trainable
    path = file.parent / "recipe.toml"
    path.write_text(tomli_w.dumps(recipe), encoding="utf-8")
    return path


def draw_rows(path: Path, folder: Path, rows: int) -> Path:
    """Write some rows of a file, the same ones each time."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        lines = file.readlines()
    drawn = folder / "rows.jsonl"
    drawn.write_text("".join(random.Random(ROWS_SEED).sample(lines, rows)), encoding="utf-8")
    return drawn


def train(recipe: Path, seed: int) -> dict[str, Any]:
    """Train a recipe with one seed in a home of its own; gives its accuracies."""
    with tempfile.TemporaryDirectory() as home:
        command = ["train", str(recipe), "--json", "--set", f"training.seed={seed}"]
        found = run(command, Path(home))
    kept = {name: found[name].get("accuracy") for name in ACCURACIES}
    return {"seed": seed, **kept, "seconds": found["seconds"], "leaked_rows": found["leaked_rows"]}


def run(arguments: list[str], folder: Path) -> dict[str, Any]:
    """Run a command of textwright in a folder; gives the JSON it prints."""
    command = [sys.executable, "-m", "textwright.cli.main", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(arguments)}: {done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    main()
