"""The article's network in Keras on TensorFlow: padded before the text, as ``pad_sequences`` does.

Takes a job file; prints one JSON object. Runs in an environment of its own.
"""

import json
import os
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

WARM = 20


def main() -> None:
    """Train, predict in batches and one by one."""
    import keras
    import numpy as np
    import tensorflow as tf

    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    tf.config.threading.set_intra_op_parallelism_threads(job["threads"])
    tf.config.threading.set_inter_op_parallelism_threads(job["threads"])
    keras.utils.set_random_seed(7)
    longest = max(len(each) for each in job["train"]["ids"])
    train, test = (
        keras.utils.pad_sequences(job[part]["ids"], maxlen=longest) for part in ("train", "test")
    )
    labels, truth = (np.array(job[part]["labels"]) for part in ("train", "test"))
    model = keras.Sequential(
        [
            keras.layers.Embedding(job["vocabulary"], 10),
            keras.layers.LSTM(50),
            keras.layers.Dense(job["classes"], activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    rates = []
    for _ in range(job["epochs"]):
        started = time.perf_counter()
        model.fit(train, labels, batch_size=job["batch_size"], verbose=0)
        rates.append(len(train) / (time.perf_counter() - started))
    print(json.dumps({"train": median(rates[1:]), **ask(model, test, truth, job["batch_size"])}))


def ask(model: Any, test: Any, truth: Any, batch_size: int) -> dict[str, float]:
    """Answer all texts in batches, then one by one, by ``predict`` and by calling the model."""
    for row in range(WARM):
        model.predict(test[row : row + 1], verbose=0)
        model(test[row : row + 1])
    model.predict(test[: 2 * batch_size], batch_size=batch_size, verbose=0)
    started = time.perf_counter()
    found = model.predict(test, batch_size=batch_size, verbose=0).argmax(axis=1)
    rate = len(test) / (time.perf_counter() - started)
    by_predict, by_call = [], []
    for row in range(100):
        started = time.perf_counter()
        model.predict(test[row : row + 1], verbose=0)
        by_predict.append(time.perf_counter() - started)
        started = time.perf_counter()
        model(test[row : row + 1]).numpy()
        by_call.append(time.perf_counter() - started)
    accuracy = float((found == truth).mean())
    one, call = median(by_predict), median(by_call)
    return {"predict": rate, "one": one, "one_call": call, "accuracy": accuracy}


if __name__ == "__main__":
    main()
