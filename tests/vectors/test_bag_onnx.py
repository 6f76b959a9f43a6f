"""The exported n-gram model answers as the trained one, alone and in any batch."""

import numpy as np
import onnx
import onnxruntime
import pytest

from textwright.recipe.parts import BagSettings
from textwright.recipe.training import LinearTrainingSettings
from textwright.text.batch import make_batch
from textwright.text.ngrams import encode_bags
from textwright.vectors.bag_onnx import write_bag_onnx
from textwright.vectors.linear import Floats, LinearModel, train_linear

BAG = BagSettings(buckets=1 << 14)
TRAIN = ["my card is lost", "我的卡丢了", "send money", "转账 ten euros", "rain?", "明天下雨吗"]
TEXTS = ["where is my card", "", "转账", "qqq", "rain " * 900 + "card card", "!?"]


def train(labels: int) -> LinearModel:
    """Train on six texts, two a label (three labels) or three (two labels)."""
    targets = np.repeat(np.eye(labels, dtype=np.float32), 6 // labels, axis=0)
    return train_linear(TRAIN, targets, multi=False, bag=BAG, training=LinearTrainingSettings())


def run(content: bytes, texts: list[str]) -> tuple[Floats, Floats]:
    """Run texts as one batch; gives logits and known."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    logits, known = session.run(
        ["logits", "known"], dict(make_batch(encode_bags(texts, BAG)).inputs)
    )
    return logits, known


@pytest.mark.parametrize("labels", [2, 3])
def test_the_graph_scores_as_the_model_does(labels: int) -> None:
    model = train(labels)
    logits, known = run(write_bag_onnx(model), TEXTS)

    assert logits == pytest.approx(model.logits(encode_bags(TEXTS, BAG)), abs=1e-5)
    assert known == pytest.approx(model.known(encode_bags(TEXTS, BAG)), abs=1e-6)
    assert known.tolist()[1] == 0
    assert logits.dtype == known.dtype == np.float32


@pytest.mark.parametrize("labels", [2, 3])
def test_a_text_scores_the_same_alone_as_beside_a_very_long_one(labels: int) -> None:
    content = write_bag_onnx(train(labels))
    together, _ = run(content, TEXTS)

    for row, text in enumerate(TEXTS):
        alone, _ = run(content, [text])
        assert alone[0] == pytest.approx(together[row], abs=1e-5)


def test_every_slot_is_found_or_known_to_be_absent() -> None:
    chance = np.random.default_rng(1)
    slots = np.sort(chance.choice(1024, size=300, replace=False)).astype(np.int64)
    slots = np.union1d(slots, [0, 15, 16, 1023])  # the edges of groups
    weights = np.arange(1, len(slots) + 1, dtype=np.float32)[:, None]
    ones = np.ones(len(slots), dtype=np.float32)
    bag = BagSettings(buckets=1024)
    model = LinearModel(bag, 1, slots, ones, weights, np.zeros(1, dtype=np.float32))
    session = onnxruntime.InferenceSession(write_bag_onnx(model))
    every = np.arange(1024, dtype=np.int64)[:, None]  # one text a slot
    [logits] = session.run(["logits"], {"slots": every, "counts": np.ones((1024, 1), np.float32)})
    expected = np.zeros((1024, 1), dtype=np.float32)
    expected[slots] = weights

    assert logits.tolist() == expected.tolist()


def test_a_model_without_any_gram_answers_with_its_bias() -> None:
    model = train_linear(
        ["", " "],
        np.eye(2, dtype=np.float32),
        multi=False,
        bag=BAG,
        training=LinearTrainingSettings(),
    )
    logits, known = run(write_bag_onnx(model), ["card", ""])

    assert logits[0].tolist() == logits[1].tolist()
    assert known.tolist() == [0, 0]


def test_the_file_is_valid_equal_each_time_and_says_nothing_of_its_origin() -> None:
    model = train(3)
    content = write_bag_onnx(model)
    graph = onnx.load_from_string(content)

    assert content == write_bag_onnx(model)
    onnx.checker.check_model(graph, full_check=True)
    assert (graph.producer_name, graph.doc_string, list(graph.metadata_props)) == ("", "", [])
