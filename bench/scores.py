"""Scores of the example recipes on the test splits, through the whole product.

The mean of three seeds, where anything is drawn at random (of a few rows a class, the rows, too);
one seed of models that write, which learn for an hour. Each recipe is trained by ``textwright
train`` in a home of its own. What was tuned, and on which rows of dev or train, stands at the top
of each recipe.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any

from rounds import ROOT, Row, higher_is_better, lower_is_better, processor_times, write_report

SEEDS = (7, 8, 9)
CLUSTERS = "stackoverflow_titles, minilm and k-means"
TITLES = ROOT.parent / "shared" / "data" / "stackoverflow_titles" / "all.jsonl.gz"
TUNED = "clinc150/minilm_tuned"
ALL_ROWS = {"out_of_scope_auroc": 0.95, "overall_accuracy": 0.89, "out_of_scope_recall": 0.75}
TATOEBA = ROOT.parent / "shared" / "data" / "tatoeba_en_zh" / "test.{en,zh}.gz"
GREEDY = "tatoeba en to zh, lstm, beam beside greedy"
IN_SCOPE = ("data.out_of_scope=''", 'data.exclude={label=["oos"]}', "abstention.rule=none")


@dataclass(frozen=True)
class Bar:
    """A recipe, the scores it must reach on its test split, and the seconds it may take.

    seeds:  1 where nothing is drawn at random, or one training takes long.
    most:   scores that it may not exceed, such as what a character costs.
    beside: scores that stand beside its baselines', or by themselves without any.
    seeded: settings that take the seed, so that what they draw is another each time.
    quick:  what makes a training short that only shows that it goes through.
    before: a script of the examples that writes its data.
    """

    line: str
    recipe: str
    least: Mapping[str, float]
    most_s: float | None
    overrides: tuple[str, ...] = ()
    seeds: int = len(SEEDS)
    most: Mapping[str, float] = field(default_factory=dict)
    beside: tuple[str, ...] = ()
    seeded: tuple[str, ...] = ("training.seed",)
    quick: tuple[str, ...] = ()
    before: str = ""

    @property
    def metrics(self) -> tuple[str, ...]:
        """All scores that are asked for."""
        return (*self.least, *self.most, *self.beside)


def shorten(ending: str, *, dev: str = "validation", test: str = "test") -> tuple[str, ...]:
    """Give what makes a training short: an epoch, on the first rows of each file."""
    files = {"train": "train", "dev": dev, "test": test}
    parts = (f"data.{part}={name}.{ending}[:4%]" for part, name in files.items())
    return "training.epochs=1", *parts


def translation(line: str, recipe: str, least: Mapping[str, float]) -> Bar:
    """Give the bar of a translation of captions, BLEU with and without capitals beside it."""
    return Bar(
        f"multi30k {line}",
        f"multi30k/{recipe}",
        least,
        4500,
        seeds=1,
        beside=("bleu_lowercase", "bleu", "chrf"),
        quick=shorten("{de,en}.gz", test="test_2016_flickr"),
    )


def poems(form: str) -> Bar:
    """Give the bar of a language model of Tang poems."""
    beside = ("bits_per_character", "perplexity")
    recipe = f"tang_poems/{form}"
    line = f"tang poems, {form}"
    return Bar(line, recipe, {}, 1200, seeds=1, beside=beside, quick=shorten("txt.gz"))


BARS = (
    Bar("clinc150 in scope, bag", "clinc150/bag", {"accuracy": 0.92}, 20, IN_SCOPE),
    Bar("clinc150 in scope, bilstm", "clinc150/bilstm", {"accuracy": 0.90}, 300, IN_SCOPE),
    Bar("clinc150 all rows, bag", "clinc150/bag", {"out_of_scope_auroc": 0.91}, None),
    Bar("clinc150 all rows, bilstm", "clinc150/bilstm", {"out_of_scope_auroc": 0.91}, None),
    Bar("imdb, bag", "imdb/bag", {"accuracy": 0.905}, 40),
    Bar("20newsgroups, bag", "20newsgroups/bag", {"accuracy": 0.825}, 30),
    Bar("sst2, bag", "sst2/bag", {"accuracy": 0.82}, 10),
    Bar("sst2, bilstm", "sst2/bilstm", {"accuracy": 0.80}, 300),
    Bar("chnsenticorp, bag", "chnsenticorp/bag", {"accuracy": 0.92}, 20),
    Bar("chnsenticorp, bilstm", "chnsenticorp/bilstm", {"accuracy": 0.88}, 480),
    Bar("thucnews_titles, bag", "thucnews_titles/bag", {"accuracy": 0.88}, 20),
    Bar("clinc150 in scope, minilm", "clinc150/minilm", {"accuracy": 0.95}, 120, IN_SCOPE),
    Bar("clinc150 in scope, tuned minilm", TUNED, {"accuracy": 0.955}, 900, IN_SCOPE),
    Bar("clinc150 all rows, minilm", "clinc150/minilm", ALL_ROWS, None),
    Bar("clinc150 all rows, tuned minilm", TUNED, ALL_ROWS, None),
    Bar(
        "clinc150 in scope, minilm from 8 rows a class",
        "clinc150/few_shot",
        {"accuracy": 0.85},
        600,
        IN_SCOPE,
        seeded=("training.seed", "data.draw_seed"),
        quick=("training.pairs=600", "training.head_epochs=1"),
    ),
    Bar("sst2, minilm", "sst2/minilm", {"accuracy": 0.875}, 600),
    Bar("stsb, minilm as it is", "stsb/minilm_zero", {"spearman": 0.82}, None, seeds=1),
    Bar("stsb, minilm", "stsb/minilm", {"spearman": 0.83}, 1200),
    Bar("msrp, minilm reads both", "msrp/cross", {"accuracy": 0.77}, 900),
    Bar(
        "stsb_zh, own vectors",
        "stsb_zh/vectors",
        {"spearman": 0.7},
        None,
        beside=("spearman", "pearson"),
    ),
    translation("de to en, lstm", "de_en_lstm", {"bleu_lowercase": 25}),
    translation("de to en, bilstm and transformer", "de_en_transformer_decoder", {}),
    translation("de to en, transformers", "de_en_transformers", {}),
    translation("en to de, lstm", "en_de_lstm", {"bleu_lowercase": 23}),
    Bar(
        "shakespeare, gpt",
        "shakespeare/gpt",
        {},
        240,
        seeds=1,
        most={"nats_per_character": 1.85},
        beside=("bits_per_character",),
        quick=(
            "training.epochs=1",
            "data.train=input.txt.gz[:9%]",
            "data.dev={share=0.1}",
            "data.test=input.txt.gz[99%:]",
        ),
    ),
    poems("gpt"),
    poems("lstm"),
    Bar(
        "aeslc, lstm",
        "aeslc/subject_lstm",
        {},
        2700,
        seeds=1,
        beside=("rouge1", "rouge2", "rougeL"),
        quick=shorten("jsonl.gz"),
    ),
    Bar(
        "text to text, three tasks",
        "text_to_text/three_tasks",
        {},
        None,
        seeds=1,
        beside=("bleu_lowercase", "accuracy", "rouge1"),
        quick=shorten("jsonl", dev="dev"),
        before="text_to_text/join.py",
    ),
)


def run(arguments: Sequence[str], home: str) -> dict[str, Any]:
    """Run a command of textwright in a folder, and read what it prints."""
    command = [sys.executable, "-m", "textwright.cli.main", *arguments, "--json"]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(arguments)}: {done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def train(bar: Bar, seed: int, *, quick: bool = False) -> dict[str, Any]:
    """Train one recipe with one seed, in a home of its own, and read what the command prints."""
    seeds = (f"{name}={seed}" for name in bar.seeded)
    changes = [f"--set={each}" for each in (*bar.overrides, *(bar.quick if quick else ()), *seeds)]
    if bar.before:
        subprocess.run([sys.executable, str(ROOT / "examples" / bar.before)], check=True)
    with tempfile.TemporaryDirectory() as home:
        return run(["train", str(ROOT / "examples" / f"{bar.recipe}.toml"), *changes], home)


def measure(bar: Bar, seeds: Sequence[int], *, quick: bool) -> tuple[list[Row], dict[str, Any]]:
    """Train a recipe with every seed; gives its rows, and what each run found."""
    runs = [train(bar, seed, quick=quick) for seed in seeds]
    scores = {name: [run["metrics"][name] for run in runs] for name in bar.metrics}
    seconds = [run["seconds"] for run in runs]
    rows = [
        higher_is_better(f"{bar.line}: {name}", "", mean(scores[name]), least, "bar")
        for name, least in bar.least.items()
    ]
    rows += [
        lower_is_better(f"{bar.line}: {name}", "", mean(scores[name]), most, "bar")
        for name, most in bar.most.items()
    ]
    for name in bar.beside:
        rows += stand_beside(f"{bar.line}: {name}", name, mean(scores[name]), runs[0])
    if bar.most_s is not None:
        rows.append(lower_is_better(f"{bar.line}: seconds", "s", max(seconds), bar.most_s, "bar"))
    clean = {name: [run["without_leaks"].get(name) for run in runs] for name in bar.metrics}
    kept = {"seeds": list(seeds), "scores": scores, "seconds": seconds, "without_leaks": clean}
    kept["baseline"] = [run["baseline"].get("accuracy") for run in runs]
    kept["leaked_rows"] = runs[0]["leaked_rows"]
    print(bar.line, json.dumps(kept), flush=True)
    return rows, kept


def stand_beside(line: str, metric: str, ours: float, run: Mapping[str, Any]) -> list[Row]:
    """Give a row against each baseline that has the metric; without any, one by itself."""
    baselines = [run.get("baseline", {}), run.get("second_baseline", {})]
    rows = [
        Row(
            line,
            "",
            round(ours, 4),
            round(each[metric], 4),
            each["name"],
            ratio(ours, each[metric]),
        )
        for each in baselines
        if metric in each
    ]
    return rows or [Row(line, "", round(ours, 4), None, "published by itself", None)]


def ratio(ours: float, theirs: float) -> float:
    """Give how many times theirs ours is; against nothing, none."""
    return round(ours / theirs, 3) if theirs else 0.0


def measure_greedy(seeds: Sequence[int], *, quick: bool) -> tuple[list[Row], dict[str, Any]]:
    """Translate into Chinese by beam search and by the likeliest token alone."""
    short = shorten("{en,zh}.gz")
    with tempfile.TemporaryDirectory() as home:
        recipe = str(ROOT / "examples" / "tatoeba" / "en_zh_lstm.toml")
        changes = [
            f"--set={each}" for each in (*(short if quick else ()), f"training.seed={seeds[0]}")
        ]
        found = run(["train", recipe, *changes], home)
        model = f"{found['model']}@{found['version']}"
        test = f"{TATOEBA}[:4%]" if quick else str(TATOEBA)
        greedy = run(["evaluate", model, test, "--beam", "1"], home)["metrics"]
    beam = found["metrics"]
    rows = [
        higher_is_better(f"{GREEDY}: {name}", "", beam[name], max(greedy[name], 1e-9), "greedy")
        for name in ("bleu", "chrf")
    ]
    rows.append(lower_is_better(f"{GREEDY}: seconds", "s", found["seconds"], 2700, "bar"))
    return rows, {"seeds": list(seeds[:1]), "beam": beam, "greedy": greedy}


def measure_clusters(seeds: Sequence[int]) -> tuple[list[Row], dict[str, Any]]:
    """Group the titles of stackoverflow by MiniLM's vectors as they are, with every seed."""
    with tempfile.TemporaryDirectory() as home:
        recipe = ROOT / "examples" / "stsb" / "minilm_zero.toml"
        model = run(["train", str(recipe), "--no-register"], home)["folder"]
        wish = [str(TITLES), "--model", model, "--label", "label", "--k", "20"]
        found = [run(["cluster", *wish, "--seed", str(seed)], home)["agreement"] for seed in seeds]
    nmi = mean(each["nmi"] for each in found)
    return [higher_is_better(f"{CLUSTERS}: nmi", "", nmi, 0.69, "bar")], {"agreement": found}


def main() -> None:
    """Measure every recipe, or those whose line contains ``--only``."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    parser.add_argument(
        "--quick", action="store_true", help="one seed; models that write: an epoch"
    )
    parser.add_argument("--only", default="", help="only lines that contain this")
    options = parser.parse_args()
    before = processor_times()
    rows: list[Row] = []
    runs: dict[str, Any] = {}
    for bar in BARS:
        if options.only in bar.line:
            seeds = SEEDS[: 1 if options.quick else bar.seeds]
            found, runs[bar.line] = measure(bar, seeds, quick=options.quick)
            rows += found
    if options.only in CLUSTERS:
        found, runs[CLUSTERS] = measure_clusters(SEEDS[:1] if options.quick else SEEDS)
        rows += found
    if options.only in GREEDY:
        found, runs[GREEDY] = measure_greedy(SEEDS, quick=options.quick)
        rows += found
    only = f' --only "{options.only}"' if options.only else ""
    command = f"python bench/scores.py{only}" + (" --quick" if options.quick else "")
    write_report(options.json, rows, before, {"command": command, "runs": runs})


if __name__ == "__main__":
    main()
