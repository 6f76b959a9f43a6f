"""The article's network (embedding 10, LSTM 50, softmax; batch 32) against Keras on TensorFlow.

Both get the same token ids of clinc150 without its out-of-scope rows, and two threads. Keras pads
all texts to the longest, before the text, as ``pad_sequences`` does by default; ours makes
batches of like length. One text: ours through the exported network, Keras by ``predict``, and
beside it by calling the model, which is quicker.
"""

import json
import sys
import tempfile
from functools import partial
from pathlib import Path

from environments import open_environment, run_contestant
from rounds import (
    ROOT,
    ROUNDS,
    Row,
    alternate,
    higher_is_better,
    lower_is_better,
    processor_times,
    read_options,
    write_report,
)
from textwright.recipe.file import read_recipe
from textwright.recipe.parts import TokenizerSettings
from textwright.text.labels import find_labels
from textwright.text.readers import read_dataset
from textwright.text.tokenizer import train_tokenizer

CONTESTANTS = ROOT / "bench" / "contestants"
RECIPE = ROOT / "examples" / "clinc150" / "bilstm.toml"
WITHOUT = ("data.out_of_scope=''", 'data.exclude={label=["oos"]}')
THREADS = 2
BATCH = 32
EPOCHS, QUICK_EPOCHS = 10, 3
PEER = "Keras 3.15.1, TensorFlow 2.21.0"


def main() -> None:
    """Run the comparison and write its rows."""
    options = read_options("the article's network against Keras on TensorFlow")
    before = processor_times()
    epochs = QUICK_EPOCHS if options.quick else EPOCHS
    with tempfile.TemporaryDirectory() as folder:
        job = write_job(Path(folder) / "job.json", epochs)
        rows = compare(job, rounds=1 if options.quick else ROUNDS)
    command = "python bench/keras_network.py" + (" --quick" if options.quick else "")
    extra = {"command": command, "seed": 7, "epochs": epochs, "threads": THREADS}
    write_report(options.json, rows, before, extra)


def write_job(path: Path, epochs: int) -> Path:
    """Write the token ids and labels that both are given."""
    data = read_recipe(RECIPE, WITHOUT).data
    train = read_dataset(data, data.train, keep_empty=False).examples
    test = read_dataset(data, data.test, keep_empty=True).examples
    tokenizer = train_tokenizer([each.text for each in train], TokenizerSettings())
    labels = find_labels(each.labels for each in train)
    job: dict[str, object] = {
        "vocabulary": tokenizer.size,
        "classes": len(labels.names),
        "epochs": epochs,
        "batch_size": BATCH,
        "threads": THREADS,
    }
    for part, examples in (("train", train), ("test", test)):
        encodings = tokenizer.encode([each.text for each in examples])
        truth = [labels.index[each.labels[0]] for each in examples]
        job[part] = {"ids": [each.ids.tolist() for each in encodings], "labels": truth}
    path.write_text(json.dumps(job), encoding="utf-8")
    return path


def compare(job: Path, *, rounds: int) -> list[Row]:
    """Run both in turn."""
    ours, peer = CONTESTANTS / "network_ours.py", CONTESTANTS / "network_keras.py"
    keras = open_environment("keras")
    found = alternate(
        {
            "ours": partial(run_contestant, sys.executable, ours, job, THREADS),
            "keras": partial(run_contestant, keras, peer, job, THREADS),
        },
        rounds,
    )
    mine, theirs = found["ours"], found["keras"]
    speed, score, rate = lower_is_better, higher_is_better, "texts/s"
    return [
        score("article's network, training", rate, mine["train"], theirs["train"], PEER),
        score("article's network, prediction", rate, mine["predict"], theirs["predict"], PEER),
        speed("article's network, one text", "s", mine["one"], theirs["one"], f"{PEER}, predict"),
        speed("article's network, one text", "s", mine["one"], theirs["one_call"], f"{PEER}, call"),
        score("article's network, accuracy", "share", mine["accuracy"], theirs["accuracy"], PEER),
    ]


if __name__ == "__main__":
    main()
