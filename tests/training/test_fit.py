"""From a recipe and its data to the files of an artifact, for both kinds of models."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from textwright.errors import DataError
from textwright.recipe.file import check_recipe, read_recipe
from textwright.recipe.parts import BagSettings
from textwright.recipe.recipe import Recipe
from textwright.runtime.answer import Answerer
from textwright.runtime.artifact import open_artifact, seal
from textwright.text.batch import Batch, Encoding
from textwright.text.ngrams import encode_bags
from textwright.text.splits import Splits, read_splits
from textwright.text.tokenizer import open_tokenizer
from textwright.training.checked import spread_batches
from textwright.training.fit import Fitted, Workplace, fit, portable, texts_of
from textwright.training.history import EpochRecord
from textwright.training.model import build_model
from textwright.training.progress import Quiet
from textwright.training.rows import Rows
from textwright.vectors.linear import read_linear
from textwright.vectors.vectors import Vectors

SUBJECTS = {
    "card": ["my card is lost", "卡丢了", "a new card please", "the card was stolen"],
    "money": ["send money home", "转账给妈妈", "transfer ten euros", "pay the bill"],
    "rain": ["will it rain", "明天下雨吗", "is it wet outside", "rain or snow"],
}
SECTIONS: dict[str, dict[str, Any]] = {
    "bag": {"encoder": {"kind": "bag", "buckets": 4096}, "training": {"epochs": 20, "threads": 1}},
    "bilstm": {
        "encoder": {"kind": "bilstm", "hidden": 8, "dropout": 0.0},
        "embedding": {"kind": "learned", "dimensions": 8, "dropout": 0.0, "token_dropout": 0.0},
        "decoder": {"dropout": 0.0},
        "training": {"epochs": 40, "batch_size": 8, "learning_rate": 0.03, "threads": 1},
    },
}
QUICK = {"epochs": 1, "threads": 1}
KINDS = pytest.mark.parametrize("kind", SECTIONS)


def write_data(folder: Path, *, multi: bool) -> None:
    """Write texts of one subject, and (multi-label) of two and of none."""
    rows: list[tuple[str, list[str]]] = [
        (f"{text} {ending}".strip(), [label])
        for label, texts in SUBJECTS.items()
        for text in texts
        for ending in ("", "now", "吧")
    ]
    if multi:
        for one, other in (("card", "money"), ("money", "rain"), ("card", "rain")):
            pairs = zip(SUBJECTS[one], SUBJECTS[other], strict=True)
            rows += [(f"{a} {b}", [one, other]) for a, b in pairs]
        rows += [(text, []) for text in ("nothing at all", "其他", "who are you", "hello there")]
    lines = [
        json.dumps({"text": text, "label": labels if multi else labels[0]}, ensure_ascii=False)
        for text, labels in rows
    ]
    for name in ("train.jsonl", "dev.jsonl"):
        (folder / name).write_text("\n".join(lines), encoding="utf-8")


def make_recipe(folder: Path, kind: str, *, multi: bool = False, **changes: Any) -> Recipe:
    write_data(folder, multi=multi)
    data = {"train": "train.jsonl", "dev": "dev.jsonl", "root": str(folder), "multi_label": multi}
    return check_recipe({"name": "subjects", "data": data, **SECTIONS[kind], **changes})


def fit_in(folder: Path, recipe: Recipe, name: str = "artifact") -> tuple[Fitted, Splits]:
    splits = read_splits(recipe.data)
    place = Workplace(folder / name, folder / "checkpoints")
    return fit(recipe, splits, place, Quiet()), splits


def answerer_of(folder: Path) -> Answerer:
    seal(folder)
    return Answerer(open_artifact(folder))


@KINDS
def test_several_labels_are_learned_from_a_file_and_answered_by_the_exported_model(
    kind: str, tmp_path: Path
) -> None:
    fitted, splits = fit_in(tmp_path, make_recipe(tmp_path, kind, multi=True))
    answerer = answerer_of(tmp_path / "artifact")

    answers = answerer.predict(texts_of(splits.train.examples))

    exact = [
        answer.labels == each.labels
        for answer, each in zip(answers, splits.train.examples, strict=True)
    ]
    assert np.mean(exact) > 0.95
    assert {len(each.labels or ()) for each in answers} == {0, 1, 2}
    assert answerer.labels.multi
    assert all(answer.score == max(answer.scores.values()) for answer in answers)
    both = answerer.predict(["my card is lost will it rain"])[0]
    assert both.labels == ("card", "rain")
    assert sum(both.scores.values()) > 1.2  # each label is a yes or no of its own
    assert bool(fitted.epochs) == (kind == "bilstm")


def test_a_word_that_only_the_vectors_know_is_read(tmp_path: Path) -> None:
    words = ["card", "rain", "hail", "wallet", "never"]
    places = np.array([[4, 0], [-4, -4], [-4, -4], [0, 4], [9, 9]], dtype=np.float32)
    Vectors(words, places, tokenizer="words, lowercase").save(tmp_path / "v")
    embedding = {"kind": "vectors", "file": str(tmp_path / "v"), "dropout": 0.0}
    recipe = make_recipe(tmp_path, "bilstm", embedding=embedding, tokenizer={"vocabulary": 43})

    fitted, _ = fit_in(tmp_path, recipe)
    rain, hail, never, unknown = answerer_of(tmp_path / "artifact").outputs(
        ["will it rain", "will it hail", "will it never", "will it xyz"]
    )

    np.testing.assert_allclose(hail, rain, atol=1e-5)
    assert not np.isclose(hail, unknown).all()
    np.testing.assert_allclose(never, unknown, atol=1e-5)  # the vocabulary was full
    assert fitted.built_on["embedding"]["coverage"]["more"] == 2


@KINDS
def test_one_label_has_no_list_of_labels(kind: str, tmp_path: Path) -> None:
    _, splits = fit_in(tmp_path, make_recipe(tmp_path, kind))
    answers = answerer_of(tmp_path / "artifact").predict(texts_of(splits.train.examples))

    assert [(each.label,) for each in answers] == [each.labels for each in splits.train.examples]
    assert {each.labels for each in answers} == {None}
    assert all(sum(each.scores.values()) == pytest.approx(1) for each in answers)


@KINDS
def test_just_the_files_of_an_artifact_are_written(kind: str, tmp_path: Path) -> None:
    recipe = make_recipe(tmp_path, kind, training=QUICK)
    fit_in(tmp_path, recipe)
    expected = {"labels.json", "recipe.toml", "weights.safetensors", "model.onnx"}
    if kind == "bilstm":
        expected.add("tokenizer.json")

    assert {each.name for each in (tmp_path / "artifact").iterdir()} == expected
    kept = read_recipe(tmp_path / "artifact" / "recipe.toml")
    assert kept.encoder == recipe.encoder
    assert kept.training == recipe.training


@KINDS
def test_the_recipe_that_is_kept_names_no_folder_of_this_machine(kind: str, tmp_path: Path) -> None:
    recipe = make_recipe(tmp_path, kind, training=QUICK)
    fit_in(tmp_path, recipe)

    assert str(tmp_path) not in (tmp_path / "artifact" / "recipe.toml").read_text("utf-8")
    assert portable(recipe).data.root == ""
    assert portable(recipe).data.train == "train.jsonl"


def test_what_tune_searches_is_no_part_of_the_artifact(tmp_path: Path) -> None:
    space = {"space": {"training.l2": {"low": 0.5, "high": 2.0}}}

    written = make_recipe(tmp_path, "bag", tune=space)

    assert portable(written) == portable(make_recipe(tmp_path, "bag"))


@KINDS
def test_the_same_data_in_another_folder_gives_the_same_address(kind: str, tmp_path: Path) -> None:
    addresses = set()
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        fit_in(folder, make_recipe(folder, kind, training=QUICK))
        addresses.add(seal(folder / "artifact"))

    assert len(addresses) == 1


def test_the_weights_kept_of_a_bag_are_those_of_its_graph(tmp_path: Path) -> None:
    recipe = make_recipe(tmp_path, "bag")
    _, splits = fit_in(tmp_path, recipe)
    assert isinstance(recipe.encoder, BagSettings)
    texts = [*texts_of(splits.train.examples), "", "qqq", "卡 " * 300]
    arrays = load_file(tmp_path / "artifact" / "weights.safetensors")
    model = read_linear(arrays, recipe.encoder, 3)

    found = answerer_of(tmp_path / "artifact").outputs(texts)

    np.testing.assert_allclose(found, model.logits(encode_bags(texts, recipe.encoder)), atol=1e-5)


def test_the_weights_kept_of_a_network_are_those_of_its_graph(tmp_path: Path) -> None:
    from safetensors.torch import load_file as load_tensors

    recipe = make_recipe(tmp_path, "bilstm", training={"epochs": 2, "threads": 1})
    fitted, splits = fit_in(tmp_path, recipe)
    assert recipe.tokenizer is not None
    tokenizer = open_tokenizer(tmp_path / "artifact" / "tokenizer.json", recipe.tokenizer)
    model = build_model(recipe, tokenizer.size, 3).eval()
    model.load_state_dict(load_tensors(tmp_path / "artifact" / "weights.safetensors"))
    texts = texts_of(splits.train.examples)
    encodings = tokenizer.encode(texts)
    batch = Rows(encodings, np.zeros((len(texts), 3), np.float32)).batch(np.arange(len(texts)))
    with torch.no_grad():
        logits, _ = model(torch.from_numpy(batch.ids), torch.from_numpy(batch.mask))

    found = answerer_of(tmp_path / "artifact").outputs(texts)

    np.testing.assert_allclose(found, logits.numpy(), atol=1e-4)
    assert 0 < fitted.export_difference <= 1e-4
    assert [each.epoch for each in fitted.epochs] == [1, 2]


def test_labels_stand_sorted_and_say_whether_several_may_hold(tmp_path: Path) -> None:
    for multi in (False, True):
        fit_in(tmp_path, make_recipe(tmp_path, "bag", multi=multi), f"{multi}")
        table = json.loads((tmp_path / f"{multi}" / "labels.json").read_text("utf-8"))
        assert table["names"] == ["card", "money", "rain"]
        assert table["multi"] is multi
        assert (table["temperature"], table["threshold"]) == (1.0, 0.0)  # not calibrated yet


def test_one_class_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    recipe = make_recipe(tmp_path, "bag")
    (tmp_path / "train.jsonl").write_text('{"text": "a", "label": "x"}\n' * 3)

    with pytest.raises(DataError, match="only the label 'x'"):
        fit_in(tmp_path, recipe)

    assert not (tmp_path / "artifact").exists()


class Count(Quiet):
    """Counts the epochs that were done before, and the batches."""

    done = 0
    batches = 0

    def start(self, epochs: int, batches: int, done: int) -> None:  # noqa: ARG002
        """Note what was done before."""
        self.done = done

    def advance(self) -> None:
        """Count a batch."""
        self.batches += 1

    def finish_epoch(self, record: EpochRecord) -> None:
        """Hear of an epoch."""
        assert record.epoch > self.done


@pytest.mark.parametrize(("resume", "done"), [(False, 0), (True, 2)])
def test_a_checkpoint_is_gone_on_from_only_when_asked(
    tmp_path: Path, resume: bool, done: int
) -> None:
    recipe = make_recipe(tmp_path, "bilstm", training={"epochs": 2, "threads": 1})
    fit_in(tmp_path, recipe, "first")
    count = Count()
    place = Workplace(tmp_path / "second", tmp_path / "checkpoints", resume=resume)

    fit(recipe, read_splits(recipe.data), place, count)

    assert count.done == done
    assert (count.batches == 0) == resume
    for name in ("weights.safetensors", "model.onnx", "tokenizer.json"):
        one, other = (tmp_path / each / name for each in ("first", "second"))
        assert one.read_bytes() == other.read_bytes()


def lengths_of(batches: list[Batch]) -> list[int]:
    return [int(each.mask.sum(axis=1).max()) for each in batches]


@pytest.mark.parametrize("count", [1, 2, 15, 16, 17, 60, 200])
def test_an_export_is_checked_on_texts_from_the_shortest_to_the_longest(count: int) -> None:
    encodings = [Encoding(np.ones(n, dtype=np.int64)) for n in range(count, 0, -1)]

    batches = spread_batches(Rows(encodings, np.zeros((count, 3), dtype=np.float32)))

    assert len(batches) <= 5
    assert lengths_of(batches) == sorted(lengths_of(batches))
    assert batches[0].mask.sum(axis=1).min() == 1
    assert lengths_of(batches)[-1] == count


def test_without_dev_rows_the_export_is_checked_on_training_rows(tmp_path: Path) -> None:
    write_data(tmp_path, multi=False)
    table = {"train": "train.jsonl", "root": str(tmp_path), "dev": {"share": 0}}
    recipe = check_recipe(
        {"name": "subjects", "data": table, **SECTIONS["bilstm"], "training": QUICK}
    )

    fitted, splits = fit_in(tmp_path, recipe)

    assert not splits.dev.examples
    assert fitted.export_difference > 0
    assert np.isnan(fitted.epochs[-1].dev_score)
