"""Word vectors: ours against gensim and fastText on the same words, settings and two threads.

python bench/vectors.py [--only PART ...] [--rounds 3] [--share 1] [--long] [--seeds 3] [--json F]

Parts: skip-gram and cbow (speed, memory and quality, in alternating rounds, each with another
seed), glove, memory, scaling. A part measured again takes its place in the file of results; the
other parts stay. A word is counted once an epoch, be it common, rare or thinned out.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import mean, median
from typing import Any

from environments import run_contestant
from rounds import (
    Row,
    at_least,
    at_most,
    commit,
    higher_is_better,
    lower_is_better,
    make_parser,
    processor_times,
    stolen_share,
    write_report,
)
from vector_peers import (
    ENGLISH,
    SCRIPTS,
    TRAINERS,
    Result,
    Settings,
    score_by_gensim,
    score_row,
    train,
    train_and_score,
)
from vector_texts import Text, repeat, write_english

OURS, NGRAMS = "textwright", ", n-grams"
BARS = {  # times the speed of the peer: what must be, and what is hoped for
    "skip-gram": {"gensim": (4.0, 6.0), "fastText": (2.5, 4.0)},
    "cbow": {"gensim": (2.5, 4.0)},
}
BEHIND, GLOVE_BEHIND = 0.01, 0.03  # how far a score may lie below gensim's, and skip-gram's
TIMES, GROWTH = 10, 0.10
QUICK_SHARE = 0.01
Runs = dict[str, list[Result]]


@dataclass(frozen=True)
class Bench:
    """The text, all of it and the share for short rounds, and how often to train."""

    folder: Path
    whole: Text
    part: Text
    settings: Settings
    rounds: int
    long_first: bool
    seeds: int

    def text_of(self, number: int) -> Text:
        """Text of a round: the share, or all of it in the first round if that is to be long."""
        return self.whole if self.long_first and number == 0 else self.part

    def trainers_of(self, number: int) -> list[str]:
        """Trainers of a round: n-grams, the slowest by far, sit the long one out."""
        return [
            name
            for name in TRAINERS
            if not (self.long_first and number == 0 and name.endswith(NGRAMS))
        ]


@dataclass(frozen=True)
class Found:
    """Rows of a part, and everything that was measured for them."""

    rows: list[Row]
    runs: Mapping[str, Any]


def main() -> None:
    """Measure the parts asked for, one after the other, and write their rows."""
    options = read_options()
    before = processor_times()
    parts = read_parts(options.json)
    with tempfile.TemporaryDirectory() as folder:
        bench = prepare(Path(folder), options)
        for name in options.only or PARTS:
            start, ticks = time.monotonic(), processor_times()
            found = PARTS[name](bench)
            parts[name] = {
                "commit": commit(),
                "command": command(options, name),
                "text_words": {"whole": bench.whole.words, "part": bench.part.words},
                "seconds": round(time.monotonic() - start, 1),
                "stolen_share": stolen_share(ticks),
                "rows": [asdict(row) for row in found.rows],
                "runs": found.runs,
            }
            rows = [Row(**row) for each in PARTS if each in parts for row in parts[each]["rows"]]
            extra = {"command": "python bench/vectors.py", "size": size_of(parts), "parts": parts}
            write_report(options.json, rows, before, extra)  # after each part: a run takes hours


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser((__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=list(PARTS), help="these parts; else all")
    parser.add_argument("--rounds", type=int, default=3, help="in which all train in turn")
    parser.add_argument("--share", type=float, default=1.0, help="of the text, for the rounds")
    parser.add_argument("--long", action="store_true", help="first round on the whole text")
    parser.add_argument("--seeds", type=int, default=3, help="of glove")
    return parser.parse_args()


def read_parts(path: Path | None) -> dict[str, Any]:
    """Read the parts measured before; none when there is no such file."""
    if path is None or not path.exists():
        return {}
    parts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["parts"]
    return parts


def prepare(folder: Path, options: argparse.Namespace) -> Bench:
    """Write the text."""
    share = min(options.share, QUICK_SHARE) if options.quick else options.share
    whole = write_english(folder / "whole.txt", QUICK_SHARE if options.quick else 1.0)
    part = whole if share == 1 or options.quick else write_english(folder / "part.txt", share)
    settings = Settings("skip-gram", epochs=1 if options.quick else 3)
    rounds, seeds = (1, 1) if options.quick else (options.rounds, options.seeds)
    return Bench(folder, whole, part, settings, rounds, options.long, seeds)


def command(options: argparse.Namespace, part: str) -> str:
    """Give the command that measures a part again."""
    words = ["python bench/vectors.py --only", part, f"--rounds {options.rounds}"]
    words += [f"--share {options.share}", f"--seeds {options.seeds}"]
    words += ["--long"] if options.long else []
    words += ["--quick"] if options.quick else []
    return " ".join(words)


def size_of(parts: Mapping[str, Any]) -> str:
    """Say in one line what was trained on."""
    words = sorted({part["text_words"]["whole"] for part in parts.values()})
    told = asdict(Settings("")) | {"words": ", ".join(f"{each:,}" for each in words)}
    return (
        "{words} words, {dimensions}-d, window {window}, {negatives} negatives, min count "
        "{min_count}, sample {sample}, {epochs} epochs, {threads} threads"
    ).format(**told)


def compare(bench: Bench, method: str) -> Found:
    """Train with everybody in alternating rounds, each with another seed."""
    runs: Runs = {name: [] for name in TRAINERS}
    checks: dict[str, Any] = {}
    for number in range(bench.rounds):
        settings = replace(bench.settings, method=method, seed=number + 1)
        for name in bench.trainers_of(number):
            path = bench.folder / "vectors.bin"
            runs[name].append(train_and_score(name, bench.text_of(number), settings, vectors=path))
            if not checks:
                checks = {"ours": runs[name][0].scores, "gensim": score_by_gensim(path)}
    rows = speed_rows(method, runs) + quality_rows(method, runs)
    rows += ngram_rows(method, runs)
    apart = max(abs(checks["ours"][name] - checks["gensim"][name]) for name in checks["ours"])
    apart = round(apart, 6)
    rows.append(at_most(f"{method}: our scores less gensim's of the same file", "", apart, 0.001))
    return Found(rows, {**plain(runs), "checks": checks})


def speed_rows(method: str, runs: Runs) -> list[Row]:
    """Give rows of speed and memory, with n-grams against with n-grams; then the bars."""
    rows = []
    for peer in ("gensim", "fastText", f"fastText{NGRAMS}"):
        ours = OURS + (NGRAMS if peer.endswith(NGRAMS) else "")
        name = method + (NGRAMS if peer.endswith(NGRAMS) else "")
        for key, line in (("rate", "training"), ("whole_rate", "reading and training")):
            both = middle(runs[ours], key), middle(runs[peer], key)
            rows.append(higher_is_better(f"{name}: {line}", "words/s", *both, peer))
        for key, line in (("rss_mb", "peak memory"), ("anon_mb", "peak memory, no files")):
            both = middle(runs[ours], key), middle(runs[peer], key)
            rows.append(lower_is_better(f"{name}: {line}", "MB", *both, peer))
    for peer, (bar, goal) in BARS[method].items():
        ratio = middle(runs[OURS], "rate") / middle(runs[peer], "rate")
        line = f"{method}: times the speed of {peer}"
        rows.append(at_least(line, "times", ratio, bar))
        rows.append(higher_is_better(line, "times", ratio, goal, "goal"))
    return rows


def quality_rows(method: str, runs: Runs) -> list[Row]:
    """Give rows of scores, means over the rounds and so over the seeds; then the bars."""
    rows = []
    for name in ENGLISH.pairs.keys() | ENGLISH.analogies.keys():
        ours = mean_score(runs[OURS], name)
        for peer in ("gensim", "fastText"):
            theirs = mean_score(runs[peer], name)
            rows.append(score_row(f"{method}: {name}", ours, theirs, peer))
        behind = max(0.0, mean_score(runs["gensim"], name) - ours)
        rows.append(at_most(f"{method}: {name} behind gensim", "", behind, BEHIND))
    return sorted(rows, key=lambda row: row.line)


def ngram_rows(method: str, runs: Runs) -> list[Row]:
    """Give rows of the scores with n-grams, ours against fastText's."""
    ours, theirs = runs[OURS + NGRAMS], runs[f"fastText{NGRAMS}"]
    return [
        score_row(
            f"{method}{NGRAMS}: {name}",
            mean_score(ours, name),
            mean_score(theirs, name),
            "fastText",
        )
        for name in ours[0].scores
    ]


def middle(results: Sequence[Result], key: str) -> float:
    """Median of one number of some trainings."""
    return float(median(getattr(each, key) for each in results))


def mean_score(results: Sequence[Result], name: str) -> float:
    """Mean of a score over some trainings."""
    return mean(each.scores[name] for each in results)


def plain(runs: Runs) -> dict[str, Any]:
    """Give trainings as they go into a file."""
    return {name: [asdict(each) for each in results] for name, results in runs.items()}


def compare_skip_gram(bench: Bench) -> Found:
    """Compare speed, memory and quality of skip-gram."""
    return compare(bench, "skip-gram")


def compare_cbow(bench: Bench) -> Found:
    """Compare speed, memory and quality of CBOW."""
    return compare(bench, "cbow")


def compare_glove(bench: Bench) -> Found:
    """Hold GloVe, at its own settings, against our skip-gram on the same text."""
    runs: Runs = {"glove": [], "skip-gram": []}
    for seed in range(1, bench.seeds + 1):
        for method, results in runs.items():
            settings, path = replace(bench.settings, method=method, seed=seed), bench.folder / "v"
            results.append(train_and_score(OURS, bench.part, settings, vectors=path))
    rows = []
    for name in runs["glove"][0].scores:
        both = mean_score(runs["glove"], name), mean_score(runs["skip-gram"], name)
        rows.append(score_row(f"GloVe: {name}", *both, "our skip-gram"))
    ahead = mean_score(runs["glove"], "WordSim-353") - mean_score(runs["skip-gram"], "WordSim-353")
    behind = max(0.0, -ahead)
    rows.append(at_most("GloVe: WordSim-353 behind skip-gram", "", behind, GLOVE_BEHIND))
    return Found(rows, plain(runs))


def measure_memory(bench: Bench) -> Found:
    """Train on the text, and on it ten times over: the same words, for ten times as common."""
    once = replace(bench.settings, epochs=1)
    often = replace(once, min_count=once.min_count * TIMES)
    longer = repeat(bench.part, bench.folder / "longer.txt", TIMES)
    runs: Runs = {"once": [], "ten times": []}
    for method in BARS:
        runs["once"].append(train(OURS, bench.part, replace(once, method=method)))
        runs["ten times"].append(train(OURS, longer, replace(often, method=method)))
    longer.path.unlink()
    rows = []
    for method, small, large in zip(BARS, runs["once"], runs["ten times"], strict=True):
        line = f"memory, {method}: peak without files, text ten times over"
        rows.append(lower_is_better(line, "MB", large.anon_mb, small.anon_mb, "text once"))
        growth = max(0.0, large.anon_mb / small.anon_mb - 1)
        rows.append(at_most(f"memory, {method}: growth of that", "share", growth, GROWTH))
    return Found(rows, plain(runs))


def measure_scaling(bench: Bench) -> Found:
    """Train on one thread and on two, beside a plain numba loop on one and on two."""
    rates: dict[str, list[float]] = {f"{each}, {n}": [] for each in (*BARS, "loop") for n in (1, 2)}
    for _ in range(bench.rounds):
        for method in BARS:
            for threads in (1, 2):
                settings = replace(bench.settings, method=method, threads=threads)
                rates[f"{method}, {threads}"].append(train(OURS, bench.part, settings).rate)
        for threads in (1, 2):
            rates[f"loop, {threads}"].append(run_loop(bench.folder, threads))
    middles = {name: median(each) for name, each in rates.items()}
    loop = middles["loop, 2"] / middles["loop, 1"]
    rows = []
    for method in BARS:
        ours = middles[f"{method}, 2"] / middles[f"{method}, 1"]
        line = f"{method}: second thread"
        rows.append(higher_is_better(line, "times", ours, loop, "plain numba loop"))
    return Found(rows, rates)


def run_loop(folder: Path, threads: int) -> float:
    """Run the plain loop in a process of its own; gives its passes a second."""
    job = folder / "loop.json"
    job.write_text(json.dumps({"threads": threads}), encoding="utf-8")
    return float(run_contestant(sys.executable, SCRIPTS / "numba_loop.py", job, threads)["rate"])


PARTS: dict[str, Callable[[Bench], Found]] = {
    "skip-gram": compare_skip_gram,
    "cbow": compare_cbow,
    "glove": compare_glove,
    "memory": measure_memory,
    "scaling": measure_scaling,
}


if __name__ == "__main__":
    main()
