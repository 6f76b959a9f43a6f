"""Checkpoints that write as networks that learn: what is kept, what moves, and what is saved."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.networks.tiny_writers import FROM_SOURCE, LONGEST, SIZES, VOCABULARY, write_writer
from textwright.errors import DataError, ExportError, RecipeError
from textwright.networks.decoders import pretrained
from textwright.networks.decoders.pretrained import CausalWriter, PretrainedWriter, SourceWriter
from textwright.networks.encoders.adapters import adapters, find_matrices
from textwright.recipe.parts import PretrainedSettings

KINDS = [*SIZES, *FROM_SOURCE]
EVERY = pytest.mark.parametrize("kind", KINDS)


def writer(folder: Path, kind: str, **changes: Any) -> PretrainedWriter:
    """Make a tiny checkpoint, and open it as its task does."""
    settings = PretrainedSettings(model=str(write_writer(folder, kind)), **changes)
    opened = CausalWriter if kind in SIZES else SourceWriter
    return opened(settings, LONGEST)


def inputs(kind: str) -> dict[str, Tensor]:
    """Give two texts to be told, the second shorter, with sources where they are read."""
    told = torch.tensor([[1, 9, 8, 7], [1, 5, -1, -1]])
    if kind in SIZES:
        return {"told": told}
    mask = torch.tensor([[True, True, True], [True, False, False]])
    return {"told": told, "ids": torch.tensor([[4, 5, 6], [7, 0, 0]]), "mask": mask}


@EVERY
def test_only_real_tokens_are_told_alone_as_beside_others(kind: str, tmp_path: Path) -> None:
    model, given = writer(tmp_path, kind).eval(), inputs(kind)

    (together,) = model(**given)

    assert together.shape == (6, VOCABULARY)
    alone = {name: each[1:, :1] for name, each in given.items()} | {"told": given["told"][1:, :2]}
    torch.testing.assert_close(together[4:], model(**alone)[0], atol=1e-5, rtol=0)


@EVERY
def test_what_is_taken_as_it_is_neither_learns_nor_forgets(kind: str, tmp_path: Path) -> None:
    model = writer(tmp_path, kind).train()

    assert not any(each.requires_grad for each in model.parameters())
    assert not model.inner.training


@EVERY
def test_the_vectors_of_the_tokens_stay_where_all_else_learns(kind: str, tmp_path: Path) -> None:
    model = writer(tmp_path, kind, train="full")
    model(**inputs(kind))[0].logsumexp(dim=1).sum().backward()

    assert not model.inner.get_input_embeddings().weight.requires_grad
    still = [
        name
        for name, each in model.named_parameters()
        if each.requires_grad and (each.grad is None or not each.grad.any())
    ]
    assert [name for name in still if "embed_positions" not in name] == []  # Marian's are sines


@EVERY
def test_weights_are_saved_once_each_and_come_back(kind: str, tmp_path: Path) -> None:
    one = writer(tmp_path / "one", kind)
    kept = {name: each + 1 for name, each in one.state_dict().items()}
    other = writer(tmp_path / "other", kind)

    other.load_state_dict(kept)

    assert len({each.data_ptr() for each in one.state_dict().values()}) == len(kept)
    for name, each in other.state_dict().items():
        assert torch.equal(each, kept[name]), name
    words = [each.inner.get_input_embeddings().weight for each in (one, other)]
    assert torch.equal(words[0] + 1, words[1])


@EVERY
def test_adapters_learn_and_leave_a_network_as_it_was_built(kind: str, tmp_path: Path) -> None:
    model, given = writer(tmp_path, kind, train="lora", lora_rank=2), inputs(kind)
    before = {name: each.clone() for name, each in model.state_dict().items()}

    with adapters(model, PretrainedSettings(train="lora", lora_rank=2), seed=3):
        narrow = [each for each in model.parameters() if each.requires_grad]
        optimizer = torch.optim.SGD(narrow, lr=1.0)
        for _ in range(2):
            model(**given)[0].logsumexp(dim=1).sum().backward()
            optimizer.step()

    after = model.state_dict()
    assert after.keys() == before.keys()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert not [name for name in changed if "embed" in name or "wte" in name or "head" in name]


@EVERY
def test_the_table_of_the_words_gets_no_adapter(kind: str, tmp_path: Path) -> None:
    names = find_matrices(writer(tmp_path, kind).inner, 0)

    assert names
    assert "lm_head" not in names


def test_more_layers_cannot_be_kept_than_there_are(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="has 2 layers"):
        writer(tmp_path, "gpt2", train="full", frozen_layers=3)


def test_a_network_that_no_file_holds_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pretrained, "MOST_BYTES", 1_000)

    with pytest.raises(ExportError, match="GB of weights"):
        writer(tmp_path, "llama")


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    folder = write_writer(tmp_path, "llama")
    config = folder / "config.json"
    config.write_text(
        config.read_text().replace('"num_hidden_layers": 2', '"num_hidden_layers": 3')
    )

    with pytest.raises(DataError, match="lack"):
        CausalWriter(PretrainedSettings(model=str(folder)), LONGEST)
