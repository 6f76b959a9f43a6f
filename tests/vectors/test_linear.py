"""The n-gram linear model: what it learns, and that equal input gives equal bits."""

from dataclasses import replace

import numpy as np
import pytest

from textwright.errors import ArtifactError
from textwright.recipe.parts import BagSettings
from textwright.recipe.training import LinearTrainingSettings
from textwright.text.labels import Labels
from textwright.text.ngrams import encode_bags
from textwright.vectors.linear import Floats, LinearModel, read_linear, train_linear

BAG = BagSettings(buckets=1 << 16)
TRAINING = LinearTrainingSettings()
LABELS = Labels(("card", "transfer", "weather"))
TEXTS = [
    "my card is lost",
    "the card was stolen",
    "我的卡丢了",
    "send money to my sister",
    "transfer ten euros",
    "请转账给我妈妈",
    "will it rain tomorrow",
    "is it sunny outside",
    "明天下雨吗",
]
TARGETS = np.repeat(np.eye(3, dtype=np.float32), 3, axis=0)


def train(
    texts: list[str] = TEXTS,
    targets: Floats = TARGETS,
    *,
    multi: bool = False,
    training: LinearTrainingSettings = TRAINING,
) -> LinearModel:
    """Train on a few texts."""
    return train_linear(texts, targets, multi=multi, bag=BAG, training=training)


def best(model: LinearModel, texts: list[str]) -> list[int]:
    """Give the position of each text's best label."""
    return [int(each) for each in model.logits(encode_bags(texts, BAG)).argmax(axis=1)]


def test_new_texts_get_the_label_of_the_texts_they_are_like() -> None:
    model = train()

    assert best(model, ["where is my card", "transfer money", "rain outside?"]) == [0, 1, 2]
    assert best(model, ["卡丢了怎么办", "转账", "会下雨吗"]) == [0, 1, 2]


def test_two_labels_share_one_column_of_weights() -> None:
    model = train(TEXTS[:6], TARGETS[:6, :2])
    logits = model.logits(encode_bags(TEXTS[:6], BAG))

    assert model.weights.shape[1] == 1
    assert logits.argmax(axis=1).tolist() == [0, 0, 0, 1, 1, 1]
    assert logits[:, 0].tolist() == (-logits[:, 1]).tolist()


def test_texts_of_neither_of_two_labels_speak_against_both() -> None:
    model = train(TEXTS, TARGETS[:, :2])
    logits = model.logits(encode_bags(["rain tomorrow", "my card is lost"], BAG))

    assert model.weights.shape[1] == 2
    assert logits[0].max() < 0 < logits[1].max()


def test_several_labels_may_hold_at_once() -> None:
    texts = [*TEXTS, "rain on my card", "neither of these"]
    targets = np.concatenate([TARGETS, [[1, 0, 1], [0, 0, 0]]]).astype(np.float32)
    model = train(texts, targets, multi=True, training=replace(TRAINING, l2=0.01))

    assert ((model.logits(encode_bags(texts, BAG)) > 0) == (targets > 0)).all()


def test_an_empty_text_is_answered_by_the_bias_alone() -> None:
    model = train(["", *TEXTS], np.concatenate([TARGETS[:1], TARGETS]))
    empty = encode_bags([""], BAG)

    assert model.logits(empty)[0].tolist() == model.bias.tolist()
    assert model.known(empty).tolist() == [0]


@pytest.mark.parametrize("labels", [2, 3])
def test_compiled_scores_are_those_of_the_plain_form(labels: int) -> None:
    model = train(
        TEXTS[: 3 * labels], np.repeat(np.eye(3, dtype=np.float32)[:labels, :labels], 3, axis=0)
    )
    texts = ["my card my card", "", "qqq", "明天 ten EUROS"]

    plain = model.logits(encode_bags(texts, BAG))
    assert model.score(texts, threads=2) == pytest.approx(plain, abs=1e-5)


def test_known_is_the_share_of_grams_met_in_training() -> None:
    model = train()
    shares = model.known(encode_bags([TEXTS[0], "qqq zzz", TEXTS[0] + " qqq"], BAG))

    assert shares[0] == 1
    assert shares[1] == 0
    assert 0 < shares[2] < 1


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_equal_input_gives_equal_bits_whatever_the_threads(threads: int) -> None:
    first, second = train().arrays(), train(training=replace(TRAINING, threads=threads)).arrays()

    assert {name: each.tobytes() for name, each in first.items()} == {
        name: each.tobytes() for name, each in second.items()
    }


def test_another_seed_gives_other_weights() -> None:
    other = train(training=replace(TRAINING, seed=8, epochs=1))

    assert other.weights.tobytes() != train(training=replace(TRAINING, epochs=1)).weights.tobytes()


def test_without_contrast_every_word_counts_as_its_frequency_says() -> None:
    plain, full = (train(training=replace(TRAINING, contrast=each)) for each in (0.0, 1.0))
    alone = replace(BAG, word_ngrams=1, max_character_ngram=0)
    [shared] = encode_bags(["my"], alone)  # in two classes
    place = np.searchsorted(plain.slots, shared.ids)

    assert np.abs(full.weights[place]).max() < np.abs(plain.weights[place]).max()


def test_the_arrays_give_the_model_back() -> None:
    model = train()
    again = read_linear(model.arrays(), BAG, 3)
    encodings = encode_bags(TEXTS, BAG)

    assert again.logits(encodings).tobytes() == model.logits(encodings).tobytes()


def test_arrays_of_another_model_are_refused() -> None:
    with pytest.raises(ArtifactError, match="not those of an n-gram linear model"):
        read_linear({"weights": np.zeros(3, dtype=np.float32)}, BAG, 3)


def test_training_texts_without_any_word_leave_a_model_that_answers() -> None:
    model = train(["", " ", "\n"], TARGETS[::3])

    assert model.weights.shape == (0, 3)
    assert np.isfinite(model.logits(encode_bags(["card", ""], BAG))).all()
