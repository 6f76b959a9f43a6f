"""Train word vectors with ours or a peer, each in a process of its own, and score what it gives.

All read the same file and take the same settings, the learning rate included (word2vec's own).
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from environments import open_environment, run_contestant
from rounds import ROOT, Row, processor_times, stolen_share
from textwright.vectors.evaluation import (
    read_analogies,
    read_pairs,
    score_analogies,
    score_pairs,
)
from textwright.vectors.formats import read_vectors
from textwright.vectors.similarity import make_space
from vector_texts import DATA, Text

SCRIPTS = ROOT / "bench" / "contestants"
FEW_LINES = 50
LOOK_S = 0.05  # between two looks at a process's memory
LEARNING_RATES = {"skip-gram": 0.025, "cbow": 0.05, "glove": 0.0}  # 0: ours has its own


@dataclass(frozen=True)
class Settings:
    """What all trainers are told."""

    method: str
    dimensions: int = 100
    window: int = 5
    negatives: int = 5
    min_count: int = 5
    sample: float = 1e-3
    epochs: int = 3
    threads: int = 2
    seed: int = 1


@dataclass(frozen=True)
class Trainer:
    """Who trains: a script, the environment it runs in (ours if empty), n-grams of characters."""

    script: str
    environment: str = ""
    shortest: int = 0
    longest: int = 0

    @property
    def python(self) -> Path:
        """Interpreter that has what the script needs."""
        return open_environment(self.environment) if self.environment else Path(sys.executable)


TRAINERS = {
    "textwright": Trainer("vectors_ours.py"),
    "gensim": Trainer("vectors_gensim.py", "gensim"),
    "fastText": Trainer("vectors_fasttext.py", "fasttext"),
    "textwright, n-grams": Trainer("vectors_ours.py", "", 3, 6),
    "fastText, n-grams": Trainer("vectors_fasttext.py", "fasttext", 3, 6),
}


@dataclass(frozen=True)
class Scoring:
    """The tests of a language, by the name of their score."""

    pairs: Mapping[str, Path]
    analogies: Mapping[str, Path]


ENGLISH = Scoring(
    {
        "WordSim-353": DATA / "word_similarity_en" / "ws-353-all.tsv",
        "MEN": DATA / "word_similarity_en" / "men-tr-3k.tsv",
    },
    {"analogies": DATA / "word_analogy_en" / "questions-words.txt"},
)
CHINESE = Scoring(
    {
        "wordsim_240": DATA / "word_similarity_zh" / "wordsim_240.tsv",
        "wordsim_297": DATA / "word_similarity_zh" / "wordsim_297.tsv",
    },
    {"ca_translated": DATA / "word_analogy_zh" / "ca_translated.txt"},
)


@dataclass(frozen=True)
class Result:
    """What one training was: how quick, how large, how good.

    rate, whole_rate: words of the text times epochs a second; training alone, and with reading it.
    rss_mb, anon_mb:  largest resident memory, files mapped included, and without them.
    stolen:           share of processor time that other guests of the machine took.
    """

    trainer: str
    words: int
    seed: int
    rate: float
    whole_rate: float
    rss_mb: float
    anon_mb: float
    stolen: float
    scores: dict[str, float] = field(default_factory=dict)


def train(name: str, text: Text, settings: Settings, vectors: Path | None = None) -> Result:
    """Train once; gives speed and memory.

    vectors: where to write them, as word2vec's binary format.
    """
    trainer = TRAINERS[name]
    with tempfile.TemporaryDirectory(dir=text.path.parent) as folder:
        few, job = Path(folder) / "few.txt", Path(folder) / "job.json"
        with text.path.open(encoding="utf-8") as file:
            few.write_text("".join([file.readline() for _ in range(FEW_LINES)]), encoding="utf-8")
        told = {**asdict(settings), "learning_rate": LEARNING_RATES[settings.method]}
        told |= {"shortest": trainer.shortest, "longest": trainer.longest}
        told |= {"text": str(text.path), "few": str(few), "vectors": str(vectors or "")}
        job.write_text(json.dumps(told), encoding="utf-8")
        before = processor_times()
        found, rss_mb, anon_mb = run_watched(
            [str(trainer.python), str(SCRIPTS / trainer.script), str(job)], settings.threads
        )
    words = text.words * settings.epochs
    return Result(
        trainer=name,
        words=text.words,
        seed=settings.seed,
        rate=words / found["training"],
        whole_rate=words / found["whole"],
        rss_mb=rss_mb,
        anon_mb=anon_mb,
        stolen=stolen_share(before),
    )


def train_and_score(
    name: str, text: Text, settings: Settings, *, vectors: Path, scoring: Scoring = ENGLISH
) -> Result:
    """Train once, and score the vectors, which stay in their file."""
    result = replace(train(name, text, settings, vectors), scores=score(vectors, scoring))
    print(json.dumps(asdict(result)), file=sys.stderr, flush=True)
    return result


def run_watched(command: list[str], threads: int) -> tuple[dict[str, Any], float, float]:
    """Run a command; gives the JSON on its last line and its largest VmHWM and RssAnon, in MB."""
    limits = {name: str(threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    rss = anon = 0
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(command, env={**os.environ, **limits}, stdout=out, stderr=err)
        while process.poll() is None:
            status = read_status(process.pid)
            rss = max(rss, status.get("VmHWM", 0))
            anon = max(anon, status.get("RssAnon", 0))
            time.sleep(LOOK_S)
        out.seek(0)
        err.seek(0)
        if process.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{err.read()}")
        return json.loads(out.read().splitlines()[-1]), rss / 1024, anon / 1024


def read_status(process: int) -> dict[str, int]:
    """Read the memory of a process, in kB; empty when it has just ended."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return {}
    fields = [line.split() for line in lines]
    return {each[0].rstrip(":"): int(each[1]) for each in fields if each[-1] == "kB"}


def score(vectors: Path, scoring: Scoring) -> dict[str, float]:
    """Score a file of word vectors by our own measures: correlations, and shares answered right."""
    words, matrix = read_vectors(vectors, kind="word2vec-binary")
    space = make_space(matrix)
    scores = {
        name: score_pairs(space, words, read_pairs(path)).spearman
        for name, path in scoring.pairs.items()
    }
    for name, path in scoring.analogies.items():
        scores[name] = score_analogies(space, words, read_analogies(path)).total.accuracy
    return scores


def score_by_gensim(vectors: Path, scoring: Scoring = ENGLISH) -> dict[str, float]:
    """Score a file of word vectors by gensim's measures."""
    told = {name: {key: str(path) for key, path in tests.items()} for name, tests in
            (("pairs", scoring.pairs), ("analogies", scoring.analogies))}  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        job = Path(folder) / "job.json"
        job.write_text(json.dumps({"vectors": str(vectors), **told}), encoding="utf-8")
        return run_contestant(open_environment("gensim"), SCRIPTS / "gensim_scores.py", job, 1)


def score_row(line: str, ours: float, peer: float, peer_name: str) -> Row:
    """Make a row of scores; where the peer's is not above 0 there is no ratio, and 1 stands."""
    ratio = round(ours / peer, 3) if peer > 0 else 1.0
    return Row(line, "", round(ours, 4), round(peer, 4), peer_name, ratio)
