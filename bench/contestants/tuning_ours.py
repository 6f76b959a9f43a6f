"""Tune an encoder for one pass over the rows of a job file with our loop; prints texts/s."""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as our command does

import json
import sys
from pathlib import Path

import numpy as np

from textwright.recipe.file import check_recipe
from textwright.recipe.parts import PretrainedTokenizerSettings
from textwright.recipe.training import NetworkTrainingSettings
from textwright.text.tokenizer import open_tokenizer
from textwright.training.loop import TrainingData, train_network
from textwright.training.model import build_model
from textwright.training.rows import Rows


def main() -> None:
    """Train; the order of the rows follows from the seed, and the job has the same one."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    recipe = check_recipe(
        {
            "name": "tuning",
            "data": {"train": "in memory"},
            "encoder": {"kind": "pretrained", "model": job["model"], "train": "full"},
            "training": {
                "epochs": 1,
                "batch_size": job["batch"],
                "seed": job["seed"],
                "threads": job["threads"],
            },
        }
    )
    assert isinstance(recipe.training, NetworkTrainingSettings)
    assert isinstance(recipe.tokenizer, PretrainedTokenizerSettings)
    tokenizer = open_tokenizer(Path(job["model"]) / "tokenizer.json", recipe.tokenizer)
    targets = np.eye(job["classes"], dtype=np.float32)[job["labels"]]
    train = Rows(tokenizer.encode(job["texts"]), targets)
    model = build_model(recipe, tokenizer.size, job["classes"])
    history = train_network(model, TrainingData(train, Rows([], targets[:0])), recipe.training)
    (epoch,) = history.epochs
    print(json.dumps({"texts_per_second": epoch.texts_per_second, "loss": epoch.train_loss}))


if __name__ == "__main__":
    main()
