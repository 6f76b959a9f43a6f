"""Answers from an artifact alone: the same in any company, and said when a text is unusual."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.runtime.tiny import (
    LABELS,
    WORDS,
    make_artifact,
    make_bag_artifact,
    make_embedder,
    write_network,
)
from textwright.errors import ArtifactError, UsageError
from textwright.runtime.answer import EMPTY, UNKNOWN, Answerer, plan_batches
from textwright.runtime.artifact import open_artifact, seal
from textwright.tasks.classify import probabilities

TEXTS = st.text(alphabet=st.sampled_from(" ".join(WORDS.values()) + "xyz!?"), max_size=60)


@pytest.fixture(scope="module")
def answerer(tmp_path_factory: pytest.TempPathFactory) -> Answerer:
    folder = tmp_path_factory.mktemp("answer") / "artifact"
    make_artifact(folder)
    return Answerer(open_artifact(folder))


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Answerer:
    folder = tmp_path_factory.mktemp("bag") / "artifact"
    make_bag_artifact(folder)
    return Answerer(open_artifact(folder))


def test_texts_are_answered_in_their_order(answerer: Answerer) -> None:
    texts = ["play the next song", "will it rain tomorrow", "我的卡", "下雨 雨 雨"]
    answers = answerer.predict(texts)
    assert [each.label for each in answers] == ["music", "weather", "card", "weather"]
    assert answers[0].score > 0.99
    assert set(answers[0].scores) == set(LABELS)


@settings(max_examples=50, deadline=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=20))
def test_a_text_is_answered_alone_as_in_any_batch(answerer: Answerer, texts: list[str]) -> None:
    together = answerer.outputs(texts)
    alone = np.concatenate([answerer.outputs([text]) for text in texts])
    assert np.abs(together - alone).max() <= 1e-5


def test_more_texts_than_a_window_keep_their_order(answerer: Answerer) -> None:
    texts = [f"{WORDS[LABELS[row % 3]]} {'rain ' * (row % 2)}" for row in range(5000)]
    answers = answerer.predict(text for text in texts)
    assert [each.label for each in answers] == [LABELS[row % 3] for row in range(5000)]


def test_batches_side_by_side_keep_their_order_and_every_bit(answerer: Answerer) -> None:
    texts = [f"{'rain ' * (row % 7)}{WORDS[LABELS[row % 3]]}" for row in range(1000)]
    beside = Answerer(answerer.artifact, threads=3)

    assert beside.outputs(texts).tobytes() == answerer.outputs(texts).tobytes()
    with pytest.raises(UsageError, match="takes one text"):
        beside.predict([*texts, ("a", "b")])


def test_probabilities_are_calibrated_scores_in_the_order_of_the_labels(
    answerer: Answerer,
) -> None:
    table = probabilities(answerer.outputs(["play song", "rain"]), answerer.labels)
    assert table.shape == (2, 3)
    assert table.sum(axis=1) == pytest.approx([1, 1])
    assert table.argmax(axis=1).tolist() == [1, 2]
    assert answerer.outputs([]).shape == (0, 3)
    assert answerer.predict([]) == []


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "\x00"])
def test_an_empty_text_is_answered_with_a_warning(answerer: Answerer, text: str) -> None:
    (answer,) = answerer.predict([text])
    assert answer.warning == EMPTY
    assert answer.label in LABELS


def test_a_text_mostly_of_unknown_words_is_answered_with_a_warning(answerer: Answerer) -> None:
    half, most = answerer.predict(["rain quux", "rain quux blorb"])
    assert half.warning == ""
    assert most.warning == UNKNOWN


def test_a_long_text_is_cut_and_says_so(answerer: Answerer) -> None:
    fits, cut, enormous = answerer.predict(["rain " * 32, "rain " * 33, "rain " * 20_000])
    assert not fits.truncated
    assert cut.truncated
    assert enormous.truncated
    assert enormous.label == "weather"


def test_lone_surrogates_are_answered(answerer: Answerer) -> None:
    (answer,) = answerer.predict(["rain \ud800"])
    assert answer.label == "weather"


def test_one_text_in_place_of_a_list_is_refused(answerer: Answerer) -> None:
    with pytest.raises(UsageError, match="One text was given"):
        answerer.predict("rain")


def test_a_network_of_other_labels_is_refused(tmp_path: Path) -> None:
    make_artifact(tmp_path / "artifact")
    write_network(tmp_path / "artifact" / "model.onnx", np.zeros((9, 2), dtype=np.float32))
    seal(tmp_path / "artifact")
    with pytest.raises(ArtifactError, match=r"scores 2 labels, labels\.json has 3"):
        Answerer(open_artifact(tmp_path / "artifact"))


def test_the_bag_answers_alone_as_in_any_batch_and_warns_as_a_network_does(bag: Answerer) -> None:
    texts = [
        "my new card",
        "play the next song loud",
        "雨 tomorrow",
        "",
        "zebra quux",
        "card " * 900,
    ]
    together = bag.outputs(texts)
    alone = np.concatenate([bag.outputs([text]) for text in texts])
    assert np.abs(together - alone).max() <= 1e-5
    answers = bag.predict(texts)
    assert [each.label for each in answers[:3]] == ["card", "music", "weather"]
    assert [each.warning for each in answers] == ["", "", "", EMPTY, UNKNOWN, ""]
    assert not any(each.truncated for each in answers)
    assert bag.predict(["card " * 4001])[0].truncated


def test_the_recipe_says_what_the_network_takes(tmp_path: Path, bag: Answerer) -> None:
    make_artifact(tmp_path / "artifact")
    (tmp_path / "artifact" / "model.onnx").write_bytes(bag.artifact.network.read_bytes())
    seal(tmp_path / "artifact")
    with pytest.raises(ArtifactError, match="takes slots, counts"):
        Answerer(open_artifact(tmp_path / "artifact"))


@given(lengths=st.lists(st.integers(0, 300), max_size=80))
def test_batches_hold_every_text_once_and_keep_their_budget(lengths: list[int]) -> None:
    batches = list(plan_batches(lengths, texts=8, tokens=200))
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    for batch in batches:
        padded = len(batch) * max(1, *(lengths[row] for row in batch))
        assert len(batch) <= 8
        assert padded <= 200 or len(batch) == 1


def test_answering_imports_neither_torch_nor_numba(tmp_path: Path) -> None:
    make_artifact(tmp_path / "artifact")
    program = f"""
import sys
from textwright.runtime.answer import Answerer
from textwright.runtime.artifact import open_artifact
print(Answerer(open_artifact({str(tmp_path / "artifact")!r})).predict(["rain"])[0].label)
print(sorted({{"torch", "numba", "onnx", "sklearn", "alembic", "rich"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.splitlines() == ["weather", "[]"], done.stderr


def test_a_model_that_embeds_gives_a_vector_a_text_whatever_the_batch(tmp_path: Path) -> None:
    make_embedder(tmp_path / "artifact", width=8)
    answerer = Answerer(open_artifact(tmp_path / "artifact"))
    texts = ["play the next song", "", "rain", "where is my new card please 卡"]
    together = answerer.predict(texts)
    alone = [answerer.predict([text])[0] for text in texts]
    assert answerer.width == 8
    for one, other in zip(alone, together, strict=True):
        assert np.abs(one.vector - other.vector).max() <= 1e-5
    assert len(together[0].table()["vector"]) == 8
    assert together[1].table()["warning"] == EMPTY


def test_a_network_of_another_task_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "artifact"
    make_embedder(folder)
    write_network(folder / "model.onnx", np.zeros((40, 8), dtype=np.float32))
    seal(folder)
    with pytest.raises(ArtifactError, match="gives logits"):
        Answerer(open_artifact(folder))
