"""The article's network in textwright: trained by the loop, asked through ONNX Runtime.

Takes a job file; prints one JSON object.
"""

import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import onnxruntime

from textwright.recipe.file import check_recipe
from textwright.recipe.training import NetworkTrainingSettings
from textwright.text.batch import Encoding, length_buckets, make_batch
from textwright.training.export import export_network
from textwright.training.loop import TrainingData, train_network
from textwright.training.model import build_model
from textwright.training.rows import Rows

WARM = 20


def main() -> None:
    """Train, export, predict in batches and one by one."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    recipe = check_recipe(article_recipe(job))
    assert isinstance(recipe.training, NetworkTrainingSettings)
    train, test = (read_rows(job[part], job["classes"]) for part in ("train", "test"))
    model = build_model(recipe, job["vocabulary"], job["classes"])
    dev = Rows(train.encodings[:32], train.targets[:32])
    history = train_network(model, TrainingData(train, dev), recipe.training)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        export_network(model, [test.batch(np.arange(32))], path)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = job["threads"]
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    found = ask(session, test, job["batch_size"])
    found["train"] = median(each.texts_per_second for each in history.epochs[1:])
    print(json.dumps(found))


def article_recipe(job: dict[str, Any]) -> dict[str, Any]:
    """Give the article's network as a recipe: embedding 10, LSTM 50, its last state, softmax."""
    return {
        "name": "article",
        "data": {"train": "in memory"},
        "embedding": {"kind": "learned", "dimensions": 10, "dropout": 0.0, "token_dropout": 0.0},
        "encoder": {"kind": "bilstm", "hidden": 50, "bidirectional": False, "dropout": 0.0},
        "decoder": {"pooling": "last", "dropout": 0.0},
        "training": {
            "epochs": job["epochs"],
            "batch_size": job["batch_size"],
            "threads": 1,  # quicker than two for so small a network
            "learning_rate": 1e-3,
            "schedule": "constant",
            "weight_decay": 0.0,
            "clip_norm": 0.0,
            "patience": 0,
        },
    }


def read_rows(part: dict[str, Any], classes: int) -> Rows:
    """Take ids and labels from the job."""
    encodings = [Encoding(np.array(each, dtype=np.int64)) for each in part["ids"]]
    return Rows(encodings, np.eye(classes, dtype=np.float32)[part["labels"]])


def ask(session: Any, rows: Rows, batch_size: int) -> dict[str, float]:
    """Answer all texts in batches, padding included, then one by one."""

    def answer(encodings: Sequence[Encoding]) -> np.ndarray:
        logits: np.ndarray = session.run(["logits"], make_batch(encodings).inputs)[0]
        return logits

    for each in rows.encodings[:WARM]:
        answer([each])
    started = time.perf_counter()
    found = np.zeros(len(rows.encodings), dtype=np.int64)
    for places in length_buckets(rows.lengths.tolist(), batch_size):
        found[places] = answer([rows.encodings[each] for each in places]).argmax(axis=1)
    batches = time.perf_counter() - started
    single = []
    for each in rows.encodings[:500]:
        started = time.perf_counter()
        answer([each])
        single.append(time.perf_counter() - started)
    accuracy = float((found == rows.targets.argmax(axis=1)).mean())
    rate = len(found) / batches
    return {"predict": rate, "one": median(single), "accuracy": accuracy}


if __name__ == "__main__":
    main()
