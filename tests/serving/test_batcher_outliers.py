"""A text that stands out changes nobody's answer, for every kind of network that is exported."""

import asyncio
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from tests.runtime.tiny import LABELS, WORDS, make_bag_artifact
from tests.training.small import tables_of, with_model
from textwright.networks.components import ENCODERS
from textwright.recipe.file import check_recipe, recipe_text
from textwright.recipe.parts import ClassifySettings
from textwright.runtime.answer import Answerer
from textwright.runtime.artifact import open_artifact, seal
from textwright.serving.batcher import Batcher
from textwright.serving.limits import BatchLimits
from textwright.tasks.classify import ClassifyAnswer
from textwright.text.batch import Batch, make_batch
from textwright.text.examples import Example, make_dataset
from textwright.text.labels import Labels, write_labels
from textwright.training.export import export_network
from textwright.training.fit import find_tokenizer
from textwright.training.model import build_model
from textwright.training.pretrained import open_pretrained

POOLINGS = ClassifySettings.__dataclass_fields__["pooling"].metadata["choices"]
OUTLIERS = ("rain " * 400, "", "quux zork " * 20, "\ud800", "卡" * 200)
TEXTS = (*" ".join(WORDS.values()).split()[:12], "where is my card", "will it rain tomorrow 雨")


def make_network(folder: Path, sections: dict[str, Any]) -> Answerer:
    """Export a network with the weights that its seed gives, and open it."""
    folder.mkdir()
    recipe = check_recipe({"name": "intents", "data": {"train": "train.jsonl"}, **sections})
    train = make_dataset("", [Example(text, ()) for text in WORDS.values()], (), {})
    tokenizer = find_tokenizer(recipe, train, open_pretrained(recipe), folder / "tokenizer.json")
    model = build_model(recipe, tokenizer.size, len(LABELS))
    checked = make_batch(tokenizer.encode(TEXTS))
    assert isinstance(checked, Batch)
    export_network(model, [checked], folder / "model.onnx")
    write_labels(Labels(LABELS), folder / "labels.json")
    (folder / "recipe.toml").write_text(recipe_text(recipe), encoding="utf-8")
    seal(folder)
    return Answerer(open_artifact(folder))


async def serve_together(answerer: Answerer, texts: list[str]) -> list[object]:
    """Answer texts, each of a request of its own, in as few batches as can be."""
    batcher = Batcher(answerer, BatchLimits(batch_items=64, batch_tokens=40_000))
    with batcher.session_free:
        futures = [batcher.submit([text], monotonic() + 30) for text in texts]
        await asyncio.sleep(0.02)
    outcomes = [(await future)[0] for future in futures]
    batcher.close()
    for thread in batcher.threads:
        await asyncio.to_thread(thread.join, 10)
    return outcomes


def check_outliers(answerer: Answerer) -> None:
    """Hold the answers of a crowd with outliers against those that each text gets alone."""
    crowd = [text for pair in zip(TEXTS, OUTLIERS * 3, strict=False) for text in pair]
    for text, found in zip(crowd, asyncio.run(serve_together(answerer, crowd)), strict=True):
        (alone,) = answerer.predict([text])
        assert isinstance(found, ClassifyAnswer)
        assert found.scores == pytest.approx(alone.scores, abs=1e-5)
    encodings = answerer.encode(crowd)
    together = answerer.run(encodings)["logits"]
    for row, encoding in zip(together, encodings, strict=True):
        assert row == pytest.approx(answerer.run([encoding])["logits"][0], abs=1e-5)


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize(
    "sections",
    [table for encoder in ENCODERS for table in tables_of(encoder, layers=2, hidden=6)],
    ids=str,
)
def test_an_outlier_changes_nobodys_answer(
    tmp_path: Path, sections: dict[str, Any], pooling: str, checkpoint: Path
) -> None:
    sections = {**with_model(sections, checkpoint), "decoder": {"pooling": pooling}}
    check_outliers(make_network(tmp_path / "network", sections))


def test_an_outlier_changes_nobodys_answer_of_the_linear_model(tmp_path: Path) -> None:
    make_bag_artifact(tmp_path / "bag")
    check_outliers(Answerer(open_artifact(tmp_path / "bag")))
