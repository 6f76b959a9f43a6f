"""The n-gram linear model on the texts nobody thinks of, in one thread as in many.

Everything here is held against ``text/ngrams.py`` and plain numpy, which need no compiler.
"""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textwright.recipe.parts import BagSettings
from textwright.recipe.training import LinearTrainingSettings
from textwright.text.batch import make_batch
from textwright.text.ngrams import code_kinds, encode_bags
from textwright.vectors.bag_onnx import write_bag_onnx
from textwright.vectors.counting import Counts, count_corpus
from textwright.vectors.linear import Floats, LinearModel, scale_rows, shuffle, train_linear
from textwright.vectors.weighing import (
    contrast_features,
    keep_features,
    share_rows,
    weigh_rows,
)

BAG = BagSettings(buckets=1 << 14)
TRAINING = LinearTrainingSettings(threads=1)
ENGLISH = st.text(alphabet="abcAB '-.,!?09é", max_size=30)
CHINESE = st.text(alphabet="我的卡丢了下雨吗，。！ＡＢ１　〇々㐀\U00020000", max_size=20)
WILD = st.one_of(
    st.text(st.characters(codec=None, categories=("L", "M", "N", "P", "S", "Z", "C")), max_size=12),
    st.text(alphabet="\ud800\udfffa卡 \x00\n\u200d\ufeff", max_size=8),  # halves of pairs
)
TEXT = st.one_of(
    ENGLISH, CHINESE, WILD, st.tuples(ENGLISH, CHINESE, WILD).map("".join), st.just("")
)
SHAPES = [
    BAG,
    BagSettings(word_ngrams=3, max_character_ngram=0, buckets=1024),
    BagSettings(
        word_ngrams=1,
        min_character_ngram=1,
        max_character_ngram=8,
        lowercase=False,
        buckets=1 << 14,
    ),
    BagSettings(word_ngrams=2, min_character_ngram=4, max_character_ngram=4, buckets=1 << 20),
    BagSettings(max_characters=5, buckets=1 << 14),
    BagSettings(
        word_ngrams=5, min_character_ngram=2, max_character_ngram=3, max_characters=1, buckets=1024
    ),
]
EXTREMES = {
    "empty": "",
    "one letter": "a",
    "one character": "卡",
    "one emoji": "\U0001f600",
    "punctuation": "?!…，。——「」***",
    "blanks": " \t\n\u3000\u00a0",
    "zeros": "\x00\x00",
    "half a pair": "\ud800",
    "halves turned round": "\udc00\ud800 card \udfff",
    "one long word": "x" * 100_000,
    "one word often": "card " * 20_000,
    "chinese": "我的卡丢了" * 20_000,
    "all planes": "".join(map(chr, range(0, 0x110000, 997))),
}
TEXTS = [
    f"{word} {ending}"
    for word in ("card", "money", "rain", "卡丢了", "转账", "下雨")
    for ending in ("please", "now", "吗", "is what i mean", "")
]


def bags(counts: Counts) -> list[dict[int, int]]:
    """Give each text's slots with their counts."""
    pairs = list(zip(counts.slots.tolist(), counts.counts.tolist(), strict=True))
    return [dict(pairs[a:b]) for a, b in pairwise(counts.bounds.tolist())]


def reference(texts: list[str], bag: BagSettings) -> list[dict[int, int]]:
    """Give the same from the form that serving uses."""
    return [
        {int(slot): int(count) for slot, count in zip(each.ids, each.counts, strict=True)}
        for each in encode_bags(texts, bag)
        if each.counts is not None
    ]


def targets_of(count: int, labels: int) -> Floats:
    """Give each text one label, in turn."""
    return np.eye(labels, dtype=np.float32)[np.arange(count) * labels // count]


def train(texts: list[str] = TEXTS, labels: int = 3, **changes: object) -> LinearModel:
    """Train a model; changes are of the bag or of the training."""
    bag = replace(BAG, **{k: v for k, v in changes.items() if hasattr(BAG, k)})  # type: ignore[arg-type]
    training = replace(
        TRAINING,
        **{k: v for k, v in changes.items() if hasattr(TRAINING, k)},  # type: ignore[arg-type]
    )
    return train_linear(
        texts, targets_of(len(texts), labels), multi=False, bag=bag, training=training
    )


def bits(model: LinearModel) -> dict[str, bytes]:
    return {name: each.tobytes() for name, each in model.arrays().items()}


@settings(deadline=None, max_examples=150)
@given(st.lists(TEXT, max_size=7), st.sampled_from(SHAPES), st.integers(1, 4))
def test_training_counts_what_serving_counts_in_either_script(
    texts: list[str], bag: BagSettings, threads: int
) -> None:
    counts = count_corpus(texts, bag, threads=threads)

    assert bags(counts) == reference(texts, bag)
    held = np.bincount(counts.slots, minlength=bag.buckets)
    assert counts.texts.tolist() == held.tolist()


@pytest.mark.parametrize("bag", SHAPES)
def test_training_counts_extreme_texts_as_serving_does(bag: BagSettings) -> None:
    texts = list(EXTREMES.values())

    assert bags(count_corpus(texts, bag, threads=2)) == reference(texts, bag)


def test_every_code_point_of_the_first_plane_is_counted_alike() -> None:
    texts = [f"a{chr(code)}b" for code in range(0, len(code_kinds()) - 1, 7)]
    bag = BagSettings(word_ngrams=1, max_character_ngram=0, buckets=1 << 14)

    assert bags(count_corpus(texts, bag, threads=2)) == reference(texts, bag)


@pytest.mark.parametrize("name", EXTREMES)
@pytest.mark.parametrize("labels", [2, 3])
def test_an_extreme_text_is_answered_by_model_and_graph_alike(name: str, labels: int) -> None:
    model = train(labels=labels)
    encodings = encode_bags([EXTREMES[name], "card please"], BAG)
    session = onnxruntime.InferenceSession(write_bag_onnx(model))

    logits, known = session.run(["logits", "known"], dict(make_batch(encodings).inputs))

    assert np.isfinite(logits).all()
    np.testing.assert_allclose(logits, model.logits(encodings), atol=1e-5)
    np.testing.assert_allclose(known, model.known(encodings), atol=1e-6)
    np.testing.assert_allclose(
        logits, model.score([EXTREMES[name], "card please"], threads=2), atol=1e-4
    )


@pytest.mark.parametrize("name", EXTREMES)
def test_an_extreme_text_in_the_training_rows_ruins_nothing(name: str) -> None:
    model = train([*TEXTS, EXTREMES[name]])

    assert np.isfinite(model.weights).all()
    assert np.isfinite(model.bias).all()
    found = model.logits(encode_bags(["my card", "rain", "转账"], BAG)).argmax(axis=1)
    assert found[0] != found[1]


@pytest.mark.parametrize("labels", [2, 3, 30])
@pytest.mark.parametrize("threads", [2, 3, 7, 64])
def test_weights_are_the_same_bits_for_any_number_of_threads(threads: int, labels: int) -> None:
    texts = [*TEXTS, *EXTREMES.values()][: len(TEXTS) + 9]

    assert bits(train(texts, labels, threads=threads)) == bits(train(texts, labels))


def test_more_threads_than_texts_do_no_harm() -> None:
    assert bits(train(["card", "rain"], 2, threads=9)) == bits(train(["card", "rain"], 2))
    assert train([""] * 3, threads=4).weights.shape == (0, 3)


@pytest.mark.parametrize("least", [1, 2, 3, 31])
def test_only_n_grams_of_enough_texts_have_weights(least: int) -> None:
    model = train(min_count=least)
    held = count_corpus(TEXTS, BAG, threads=1).texts

    assert model.slots.tolist() == np.flatnonzero(held >= least).tolist()
    assert (least == 31) == (len(model.slots) == 0)
    idf = np.log((1 + len(TEXTS)) / (1 + held[model.slots])) + 1
    np.testing.assert_allclose(model.idf, idf, rtol=1e-6)


def test_an_n_gram_often_in_one_text_is_still_of_one_text() -> None:
    model = train([*TEXTS, "zebra zebra zebra"], min_count=2)
    zebra = encode_bags(["zebra"], replace(BAG, word_ngrams=1, max_character_ngram=0))[0].ids

    assert not np.isin(zebra, model.slots).any()


@pytest.mark.parametrize("contrast", [0.0, 0.5, 1.0, 2.0])
def test_a_feature_is_scaled_by_its_contrast_to_the_power_asked_for(contrast: float) -> None:
    counts = count_corpus(TEXTS, BAG, threads=1)
    features = keep_features(counts, 1)
    rows = weigh_rows(counts, features, threads=1)
    spread = contrast_features(rows, features, targets_of(len(TEXTS), 3), threads=2)

    scale, scaled = scale_rows(rows, spread ** np.float32(contrast))

    ratio = scale / spread**contrast
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-4)
    assert np.dot(scaled.values, scaled.values) == pytest.approx(len(TEXTS), rel=1e-4)
    np.testing.assert_allclose(scaled.values, rows.values * scale[rows.columns], rtol=1e-5)


def test_contrast_sharpens_what_tells_labels_apart() -> None:
    weak, strong = train(contrast=0.0), train(contrast=1.0)
    alike, telling = (
        np.searchsorted(
            weak.slots,
            encode_bags([text], replace(BAG, word_ngrams=1, max_character_ngram=0))[0].ids,
        )
        for text in ("please", "rain")
    )
    shares = [
        np.abs(each.weights[telling]).max() / np.abs(each.weights[alike]).max()
        for each in (weak, strong)
    ]

    assert shares[1] > 2 * shares[0]


def test_a_pass_has_every_text_once_and_its_order_is_its_own() -> None:
    orders = shuffle(50, LinearTrainingSettings(epochs=4))

    assert [sorted(each) for each in orders.tolist()] == [list(range(50))] * 4
    assert len({tuple(each) for each in orders.tolist()}) == 4
    assert (shuffle(50, LinearTrainingSettings(epochs=2)) == orders[:2]).all()
    assert (shuffle(50, LinearTrainingSettings(epochs=4, seed=8)) != orders).any()


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 10_000),
    buckets=st.sampled_from([1024, 2048, 1 << 16]),
    labels=st.integers(1, 5),
    texts=st.lists(TEXT, min_size=1, max_size=5),
)
def test_the_graph_of_any_model_scores_as_numpy_does(
    seed: int, buckets: int, labels: int, texts: list[str]
) -> None:
    chance = np.random.default_rng(seed)
    bag = BagSettings(buckets=buckets)
    count = int(chance.integers(0, buckets // 2))
    columns = 1 if labels == 2 and seed % 2 else labels
    model = LinearModel(
        bag,
        labels,
        np.sort(chance.choice(buckets, size=count, replace=False)).astype(np.int64),
        chance.uniform(0.5, 8, count).astype(np.float32),
        chance.normal(size=(count, columns)).astype(np.float32),
        chance.normal(size=columns).astype(np.float32),
    )
    session = onnxruntime.InferenceSession(write_bag_onnx(model))
    encodings = encode_bags(texts, bag)

    logits, known = session.run(["logits", "known"], dict(make_batch(encodings).inputs))

    assert logits.shape == (len(texts), labels)
    np.testing.assert_allclose(logits, model.logits(encodings), atol=2e-5)
    np.testing.assert_allclose(known, model.known(encodings), atol=1e-6)
    for row, each in enumerate(encodings):
        (alone,) = session.run(["logits"], dict(make_batch([each]).inputs))
        np.testing.assert_allclose(alone[0], logits[row], atol=1e-5)


@given(st.lists(st.integers(0, 9), max_size=30), st.integers(1, 40))
def test_rows_are_shared_out_whole_and_about_evenly(sizes: list[int], shares: int) -> None:
    bounds = np.cumsum([0, *sizes])

    edges = share_rows(bounds, shares)

    assert (edges[0], edges[-1]) == (0, len(sizes))
    assert len(edges) <= shares + 1
    assert edges == sorted(edges)
    parts = [int(bounds[b] - bounds[a]) for a, b in pairwise(edges)]
    assert max(parts, default=0) <= sum(sizes) / shares + 2 * max(sizes, default=0)
