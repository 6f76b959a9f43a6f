"""What a frozen encoder makes of texts: computed once, kept, and the same as in the network."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.training.small import LABELS, VOCABULARY, small_recipe, small_rows
from textwright.networks.decoders.pooling import POOLINGS
from textwright.training import features
from textwright.training.features import Encoded, Head
from textwright.training.model import TextModel, build_model


def frozen_model(checkpoint: Path, pooling: str) -> TextModel:
    encoder: dict[str, Any] = {"kind": "pretrained", "model": str(checkpoint)}
    recipe = small_recipe(encoder=encoder, decoder={"pooling": pooling})
    return build_model(recipe, VOCABULARY, LABELS).eval()


def encoded(model: TextModel, folder: Path | None = None, name: str = "a") -> Encoded:
    return Encoded(model, name, threads=1, folder=folder)


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("texts", [1, 2])
def test_the_head_says_of_states_what_the_network_says_of_texts(
    checkpoint: Path, pooling: str, texts: int
) -> None:
    model, rows = frozen_model(checkpoint, pooling), small_rows(60, seed=3)
    pairs = type(rows)(rows.encodings, rows.targets[::texts], texts)
    places = np.array([2, 0, 17])
    whole = pairs.batch(places)

    states = encoded(model).rows(pairs).batch(places)
    found, _ = Head(model.decoder)(torch.from_numpy(states.states), torch.from_numpy(states.mask))

    expected, _ = model(torch.from_numpy(whole.ids), torch.from_numpy(whole.mask))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_some_rows_are_those_rows(checkpoint: Path) -> None:
    whole = encoded(frozen_model(checkpoint, "attention")).rows(small_rows(30, seed=3))
    some = whole.take(np.array([4, 9]))

    np.testing.assert_array_equal(
        some.batch(np.array([1])).states, whole.batch(np.array([9])).states
    )
    np.testing.assert_array_equal(some.targets, whole.targets[[4, 9]])


def test_what_was_computed_is_found_again_for_the_same_weights_texts_and_pooling(
    checkpoint: Path, tmp_path: Path
) -> None:
    mean, first = (frozen_model(checkpoint, each) for each in ("mean", "first"))
    rows = small_rows(30, seed=3)
    kept = encoded(mean, tmp_path).rows(rows)
    (path,) = tmp_path.iterdir()
    np.save(path, kept.flat + 1)

    np.testing.assert_array_equal(encoded(mean, tmp_path).rows(rows).flat, kept.flat + 1)
    for other in (encoded(first, tmp_path), encoded(mean, tmp_path, name="b")):
        assert other.digest(rows) != path.stem
    assert encoded(mean).digest(small_rows(30, seed=4)) != path.stem


@pytest.mark.parametrize("share", [0, 0.5, 0.99])
def test_a_file_that_was_cut_is_computed_anew(
    checkpoint: Path, tmp_path: Path, share: float
) -> None:
    model, rows = frozen_model(checkpoint, "mean"), small_rows(30, seed=3)
    first = encoded(model, tmp_path).rows(rows)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])

    np.testing.assert_array_equal(encoded(model, tmp_path).rows(rows).flat, first.flat)
    assert path.read_bytes() == whole


def test_the_oldest_give_way_when_there_is_no_room(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "ROOM_BYTES", 5000)
    model = frozen_model(checkpoint, "mean")

    for seed in range(4):
        encoded(model, tmp_path).rows(small_rows(30, seed=seed))

    kept = {each.stem for each in tmp_path.iterdir()}
    assert kept == {encoded(model).digest(small_rows(30, seed=seed)) for seed in (2, 3)}
