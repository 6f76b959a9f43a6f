"""Answers explained word by word, by models whose right explanation is known."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.runtime.tiny import make_artifact, make_bag_artifact, make_embedder, make_matcher
from tests.training.test_fit import answerer_of, fit_in, make_recipe
from textwright.errors import UnknownNameError, UsageError
from textwright.runtime.answer import Answerer
from textwright.runtime.artifact import open_artifact
from textwright.runtime.explain import MOST, explain_words, log_probabilities
from textwright.tasks.classify import probabilities
from textwright.text.labels import Labels

FAST: dict[str, dict[str, Any]] = {
    "bilstm": {"training": {"epochs": 3, "batch_size": 8, "threads": 1}},
    "bag": {},
}


@pytest.fixture(scope="module", params=["words", "n-grams"])
def tiny(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Answerer:
    """Give a model that knows card, music and weather by their words alone."""
    folder: Path = tmp_path_factory.mktemp("tiny") / "artifact"
    make = make_artifact if request.param == "words" else make_bag_artifact
    make(folder)
    return Answerer(open_artifact(folder))


@pytest.fixture(scope="module", params=["bag", "bilstm"])
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Answerer:
    folder: Path = tmp_path_factory.mktemp("trained")
    fit_in(folder, make_recipe(folder, request.param, multi=False, **FAST[request.param]))
    return answerer_of(folder / "artifact")


@pytest.mark.parametrize(
    ("text", "label", "deciding"),
    [
        ("zzz zzz song zzz", "music", "song"),
        ("Zzz, zzz! RAIN?", "weather", "RAIN"),
        ("你好你好卡你好", "card", "卡"),
        ("😀 zzz ＳＯＮＧ", "music", "ＳＯＮＧ"),
    ],
)
def test_the_word_that_alone_decides_has_the_largest_effect(
    tiny: Answerer, text: str, label: str, deciding: str
) -> None:
    found = explain_words(tiny, text)

    assert found.label == found.answer.label == label
    best = max(found.words, key=lambda each: each.effect)
    assert best.text == deciding
    assert best.effect > 0.1
    assert best.effect > 2 * max(word.effect for word in found.words if word is not best)


def test_offsets_are_code_points_of_the_text_as_given(tiny: Answerer) -> None:
    text = " 😀 Where's\u3000my 卡卡?  ﬁn "

    found = explain_words(tiny, text)

    assert [word.text for word in found.words] == [
        *("😀", "Where", "'", "s", "my", "卡", "卡", "?", "ﬁn"),
    ]
    assert all(text[word.start : word.end] == word.text for word in found.words)


def test_another_label_is_explained_when_asked_for(tiny: Answerer) -> None:
    text = "rain song rain"

    music, weather = explain_words(tiny, text, label="music"), explain_words(tiny, text)

    assert (music.label, weather.label) == ("music", "weather")
    assert music.answer == weather.answer
    assert [word.effect > 0 for word in music.words] == [False, True, False]
    assert [word.effect > 0 for word in weather.words] == [True, False, True]
    assert music.value == pytest.approx(music.answer.scores["music"])


def test_an_effect_is_what_the_log_probability_loses(trained: Answerer) -> None:
    text = "please tell me 我的卡 now"
    found = explain_words(trained, text)
    place = trained.labels.names.index(found.label)

    for word in found.words:
        without = text[: word.start] + text[word.end :]
        whole, less = probabilities(trained.outputs([text, without]), trained.labels)[:, place]
        assert word.effect == pytest.approx(np.log(whole) - np.log(less), abs=1e-4)


def test_the_attention_of_a_network_is_shared_out_to_its_words(trained: Answerer) -> None:
    shares = [word.attention for word in explain_words(trained, "please tell me 我的卡 now").words]

    if "attention" in trained.session.outputs:
        assert sum(share or 0.0 for share in shares) == pytest.approx(1.0, abs=1e-5)
    else:
        assert set(shares) == {None}


@pytest.mark.parametrize("text", ["", " \n", "\u200b"])
def test_an_empty_text_has_no_words(tiny: Answerer, text: str) -> None:
    found = explain_words(tiny, text)

    assert found.words == ()
    assert found.read == (0,)
    assert found.answer.warning


def test_the_only_word_of_a_text_is_held_against_the_empty_text(tiny: Answerer) -> None:
    (word,) = explain_words(tiny, "song").words
    whole, empty = probabilities(tiny.outputs(["song", ""]), tiny.labels)[:, 1]

    assert word.effect == pytest.approx(np.log(whole / empty), abs=1e-5)


def test_of_a_long_text_runs_of_words_are_left_out_together(tiny: Answerer) -> None:
    found = explain_words(tiny, "zzz " * 600 + "song")

    words = found.words
    assert 0 < len(words) <= MOST
    if found.answer.truncated:
        assert found.together == 1
        assert found.read == (words[-1].end,)
    else:
        assert found.together == 3  # of 601 words
        assert max(words, key=lambda each: each.effect).text.endswith("song")
        assert [after.start - word.end for word, after in pairwise(words)] == [1] * 200


def test_no_word_from_beyond_what_is_read_takes_the_place_of_one_left_out(tmp_path: Path) -> None:
    make_artifact(tmp_path / "artifact")  # it reads 32 tokens
    found = explain_words(
        Answerer(open_artifact(tmp_path / "artifact")), "rain " * 32 + "song " * 40
    )

    assert found.read == (32 * 5 - 1,)
    assert [word.effect for word in found.words] == pytest.approx([0.0] * 32, abs=1e-6)


def test_half_a_character_is_explained_as_it_is_answered(tiny: Answerer) -> None:
    assert "song" in [word.text for word in explain_words(tiny, "song \ud83d").words]


def test_the_score_of_a_pair_is_explained_in_both_texts(tmp_path: Path) -> None:
    make_matcher(tmp_path / "artifact")
    model = Answerer(open_artifact(tmp_path / "artifact"))

    found = explain_words(model, ("where is my 卡", "the song 卡 zzz"))

    assert found.label == ""
    assert found.value == pytest.approx(found.answer.score, abs=1e-6)
    best = sorted(found.words, key=lambda word: -word.effect)[:2]
    assert [(word.text, word.place) for word in sorted(best, key=lambda word: word.place)] == [
        ("卡", 0),
        ("卡", 1),
    ]
    assert all(found.texts[word.place][word.start : word.end] == word.text for word in found.words)
    (without,) = model.predict([("where is my ", "the song 卡 zzz")])
    assert best[0].effect == pytest.approx(found.answer.score - without.score, abs=1e-5)


def test_of_two_labels_a_pair_is_explained_by_either(tmp_path: Path) -> None:
    make_matcher(tmp_path / "artifact", labels="binary")
    model = Answerer(open_artifact(tmp_path / "artifact"))
    pair = ("my card", "my song")

    yes, no = explain_words(model, pair, label="yes"), explain_words(model, pair, label="no")

    assert yes.value + no.value == pytest.approx(1.0)
    assert yes.value == pytest.approx(yes.answer.score, abs=1e-6)
    assert explain_words(model, pair).label == yes.answer.label
    for one, other in zip(yes.words, no.words, strict=True):
        assert one.effect * other.effect <= 0


@pytest.mark.parametrize("multi", [False, True])
def test_logarithms_are_those_of_the_probabilities(multi: bool) -> None:
    labels = Labels(("a", "b", "c"), multi, temperature=0.7)
    logits = np.array([[1.0, -2.0, 0.5], [80.0, -80.0, 0.0]], dtype=np.float32)

    found = log_probabilities(logits, labels)

    assert np.exp(found) == pytest.approx(probabilities(logits, labels), abs=1e-12)
    assert np.isfinite(found).all()


def test_a_mistyped_label_is_answered_with_the_nearest(tiny: Answerer) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'music'"):
        explain_words(tiny, "song", label="musik")


def test_a_model_without_labels_is_refused(tmp_path: Path) -> None:
    make_embedder(tmp_path / "artifact")

    with pytest.raises(UsageError, match="'embed' has no label or score"):
        explain_words(Answerer(open_artifact(tmp_path / "artifact")), "song")


def test_a_number_has_no_label_to_explain(tmp_path: Path) -> None:
    make_matcher(tmp_path / "artifact")
    model = Answerer(open_artifact(tmp_path / "artifact"))

    with pytest.raises(UsageError, match="answers with a number"):
        explain_words(model, ("a", "b"), label="yes")
    with pytest.raises(UsageError, match="takes two texts"):
        explain_words(model, "a")
