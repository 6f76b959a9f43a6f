"""Pretrained encoders over pairs: read at once, read apart, and for vectors as they are."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.networks.tiny_checkpoints import write_checkpoint, write_pooling
from textwright.errors import RecipeError
from textwright.models import load
from textwright.recipe.file import check_recipe
from textwright.runtime.answer import Answerer
from textwright.settings import find_settings
from textwright.workflow.train import TrainedVersion, TrainOptions, train

SENTENCES = (
    "my card is lost",
    "send money home",
    "will it rain",
    "transfer ten euros",
    "pay the bill",
)
PAIRS: list[dict[str, Any]] = [
    {"text_a": first, "text_b": second, "label": 5.0 if first == second else place / 2}
    for place, first in enumerate(SENTENCES)
    for second in SENTENCES
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("pretrained")
    write_checkpoint(found / "bert")
    (found / "pairs.jsonl").write_text("".join(json.dumps(each) + "\n" for each in PAIRS), "utf-8")
    return found


def make(folder: Path, **sections: dict[str, Any]) -> TrainedVersion:
    table: dict[str, Any] = {
        "name": "pairs",
        "task": "match",
        "data": {"train": "pairs.jsonl", "test": "pairs.jsonl", "root": str(folder)},
        "encoder": {"kind": "pretrained", "model": str(folder / "bert"), "train": "full"},
        "training": {"epochs": 1, "threads": 1, "batch_size": 8},
    }
    settings = find_settings(create=True, start=folder, environment={})
    options = TrainOptions(register=False)
    return train(check_recipe({**table, **sections}), settings=settings, options=options)


@pytest.fixture(scope="module")
def cross(folder: Path) -> Answerer:
    return load(make(folder, decoder={"form": "cross"}).folder)


def test_two_texts_read_at_once_are_answered_alone_as_in_any_company(cross: Answerer) -> None:
    pairs = [
        ("my card is lost", "will it rain"),
        ("my card", "rain " * 200),
        ("", "pay the bill"),
        ("", ""),
    ]

    together = cross.predict(pairs)

    for pair, other in zip(pairs, together, strict=True):
        assert cross.predict([pair])[0].score == pytest.approx(other.score, abs=1e-5)
    assert cross.session.inputs == ("ids", "mask", "types")
    assert together[3].warning


def test_each_token_is_told_which_text_it_is_of(cross: Answerer) -> None:
    (encoding,) = cross.encode([cross.read_input(("my card", "rain now"))])
    inputs = {"ids": encoding.ids[None], "mask": np.ones((1, len(encoding.ids)), dtype=np.bool_)}
    types = np.array([[0, 0, 0, 0, 1, 1, 1]])

    told = cross.session.run({**inputs, "types": types})["score"]
    untold = cross.session.run({**inputs, "types": np.zeros_like(types)})["score"]

    assert encoding.second == 4
    assert cross.run([encoding])["score"] == pytest.approx(told)
    assert abs(told - untold).max() > 1e-4


def test_a_pair_is_cut_together_the_longer_text_first(folder: Path) -> None:
    made = make(folder, decoder={"form": "cross"}, tokenizer={"max_tokens": 12})
    model = load(made.folder)

    (encoding,) = model.encode([model.read_input(("my card", "rain " * 40))])

    assert (len(encoding.ids), encoding.second, encoding.truncated) == (12, 4, True)
    assert model.predict([("my card", "rain " * 40)])[0].truncated


@pytest.mark.parametrize("train", ["full", "frozen"])
@pytest.mark.parametrize("labels", ["regression", "binary"])
def test_siamese_pairs_over_a_pretrained_encoder_learn(
    folder: Path, train: str, labels: str
) -> None:
    lines = (json.dumps({**each, "label": int(each["label"] > 2)}) + "\n" for each in PAIRS)
    (folder / "binary.jsonl").write_text("".join(lines), "utf-8")
    file = "binary.jsonl" if labels == "binary" else "pairs.jsonl"

    made = make(
        folder,
        data={"train": file, "test": file, "root": str(folder)},
        encoder={"kind": "pretrained", "model": str(folder / "bert"), "train": train},
        decoder={"labels": labels, "compare": "features"},
    )

    model = load(made.folder)
    pairs = [("my card is lost", "rain"), ("send money", "pay the bill " * 9)]
    for pair, other in zip(pairs, model.predict(pairs), strict=True):
        assert model.predict([pair])[0].score == pytest.approx(other.score, abs=1e-5)
    assert made.export_difference <= 1e-4
    assert np.isfinite(made.metrics["spearman"])


@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_vectors_are_those_of_the_checkpoint_with_its_pooling(
    folder: Path, tmp_path: Path, pooling: str
) -> None:
    import transformers

    place = write_checkpoint(tmp_path / "bert")
    write_pooling(place, pooling)
    made = make(
        folder,
        task="embed",  # type: ignore[arg-type]
        data={"test": "pairs.jsonl", "root": str(folder)},
        encoder={"kind": "pretrained", "model": str(place)},
        training={"threads": 1},
    )
    model = load(made.folder)

    (answer,) = model.predict(["my card is lost"])

    (encoding,) = model.encode(["my card is lost"])
    ids = torch.from_numpy(encoding.ids)[None]
    inner = transformers.AutoModel.from_pretrained(place).eval()
    with torch.no_grad():
        states = inner(ids).last_hidden_state[0]
    expected = states[0] if pooling == "cls" else states.mean(dim=0)
    assert answer.vector == pytest.approx((expected / expected.norm()).numpy(), abs=1e-5)
    assert made.epochs == ()
    assert made.metrics["rows"] == 25


def test_a_checkpoint_that_does_not_normalise_is_left_as_it_is(
    folder: Path, tmp_path: Path
) -> None:
    place = write_checkpoint(tmp_path / "bert")
    write_pooling(place, "mean", normal=False)
    sections: dict[str, Any] = {
        "task": "embed",
        "data": {"test": "pairs.jsonl", "root": str(folder)},
        "encoder": {"kind": "pretrained", "model": str(place)},
        "training": {"threads": 1},
    }

    plain, unit = (
        load(make(folder, **sections, decoder={"normalize": each}).folder)
        for each in ("auto", "yes")
    )

    lengths = [np.linalg.norm(each.predict(["rain"])[0].vector) for each in (plain, unit)]
    assert abs(lengths[0] - 1) > 1e-3
    assert lengths[1] == pytest.approx(1)


def test_vectors_learn_from_pairs_where_the_encoder_may_change(folder: Path) -> None:
    made = make(folder, task="embed")  # type: ignore[arg-type]

    assert made.epochs[0].train_loss > 0
    assert load(made.folder).width == 16


@pytest.mark.parametrize(
    ("encoder", "decoder", "said"),
    [
        ({"kind": "bilstm"}, {"form": "cross"}, "cannot read two texts at once"),
        ({"train": "frozen"}, {"form": "cross"}, "frozen encoder was never shown two texts"),
        ({"train": "full"}, {"form": "cross", "compare": "features"}, "is for siamese"),
    ],
)
def test_what_cannot_read_two_texts_at_once_is_refused(
    encoder: dict[str, str], decoder: dict[str, str], said: str
) -> None:
    table = {
        "name": "pairs",
        "task": "match",
        "data": {"train": "t.jsonl"},
        "encoder": {"kind": "pretrained", "model": "bert", **encoder}
        if encoder.get("kind") != "bilstm"
        else encoder,
        "decoder": decoder,
    }

    with pytest.raises(RecipeError, match=said):
        check_recipe(table)
