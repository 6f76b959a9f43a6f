"""Checkpoints: what is taken, what is refused, and that nothing goes over the network unasked."""

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.networks.tiny_checkpoints import write_checkpoint, write_pooling
from tests.networks.tiny_writers import write_writer
from textwright.errors import DataError, RecipeError
from textwright.networks.checkpoints import find_checkpoint, load_encoder, open_checkpoint
from textwright.networks.roles import LANGUAGE
from textwright.recipe.parts import PretrainedSettings


def change_config(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def cut_weights(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def pickle_weights(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


SPOILED: dict[str, tuple[Callable[[Path], object], str]] = {
    "no config": (lambda folder: (folder / "config.json").unlink(), "no config.json"),
    "no table": (lambda folder: (folder / "config.json").write_text("{]"), "describes no model"),
    "no kind": (lambda folder: (folder / "config.json").write_text("{}"), "describes no model"),
    "no weights": (lambda folder: (folder / "model.safetensors").unlink(), "no model.safetensors"),
    "no tokenizer": (lambda folder: (folder / "tokenizer.json").unlink(), "no tokenizer.json"),
    "pickle": (pickle_weights, "is a pickle"),
    "damaged": (cut_weights, "is damaged"),
    "own code": (lambda folder: change_config(folder, auto_map={"AutoModel": "a.B"}), "its own"),
    "one way": (lambda folder: change_config(folder, model_type="gpt2"), "'gpt2', which is no enc"),
    "decoder": (lambda folder: change_config(folder, is_decoder=True), "which is no encoder"),
    "two parts": (lambda folder: change_config(folder, model_type="bart",
                                               is_encoder_decoder=True), "which is no encoder"),
}  # fmt: skip


@pytest.mark.parametrize("fault", SPOILED)
def test_what_cannot_be_used_is_refused_with_the_next_step(tmp_path: Path, fault: str) -> None:
    folder = write_checkpoint(tmp_path / "tiny")
    spoil, said = SPOILED[fault]
    spoil(folder)

    with pytest.raises(DataError, match=said) as refused:
        open_checkpoint(folder)

    assert refused.value.hint


def test_a_folder_is_opened_with_what_it_says_of_itself(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "tiny", max_position_embeddings=40)
    plain = open_checkpoint(folder)
    write_pooling(folder)

    found = open_checkpoint(folder)

    assert (plain.positions, plain.pooling, plain.normal) == (40, "mean", False)
    assert (found.pooling, found.normal) == ("first", True)
    assert found.files()[-1] == folder / "1_Pooling" / "config.json"


@pytest.mark.parametrize(("kind", "positions"), [("roberta", 38), ("distilbert", 40)])
def test_positions_are_those_that_a_text_may_have(
    tmp_path: Path, kind: str, positions: int
) -> None:
    folder = write_checkpoint(
        tmp_path / "tiny", kind, max_position_embeddings=40, pad_token_id=1 - (kind != "roberta")
    )

    assert open_checkpoint(folder).positions == positions


def test_weights_that_are_not_all_there_are_refused(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "tiny")
    weights = load_file(folder / "model.safetensors")
    lacking = {name: each for name, each in weights.items() if "layer.1.output" not in name}
    save_file(lacking, folder / "model.safetensors", {"format": "pt"})

    with pytest.raises(DataError, match=r"lack 'encoder\.layer\.1\.output.*' and 3 others"):
        load_encoder(folder)


def test_weights_of_other_sizes_are_refused(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "tiny")
    change_config(folder, hidden_size=12)

    with pytest.raises(DataError, match="cannot be opened"):
        load_encoder(folder)


def test_loading_tells_nothing_and_asks_nobody(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("something was asked over the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)

    load_encoder(find_checkpoint(PretrainedSettings(model=str(checkpoint))))

    assert capfd.readouterr() == ("", "")


def test_weights_are_read_as_they_are(checkpoint: Path) -> None:
    kept = load_file(checkpoint / "model.safetensors")

    found = dict(load_encoder(checkpoint).named_parameters())

    assert not [name for name in found if name.startswith("pooler")]
    assert all(torch.equal(each, kept[name]) for name, each in found.items())


def test_a_name_of_the_hub_is_not_fetched_unasked() -> None:
    with pytest.raises(RecipeError, match="nothing is fetched unasked") as refused:
        find_checkpoint(PretrainedSettings(model="sentence-transformers/all-MiniLM-L6-v2"))

    assert "download = true" in refused.value.hint
    assert "model.safetensors" in refused.value.hint


def test_a_hub_that_cannot_be_reached_is_said_with_the_way_by_hand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)

    with pytest.raises(DataError, match="nobody/nothing cannot be fetched") as refused:
        find_checkpoint(PretrainedSettings(model="nobody/nothing", download=True))

    assert "tokenizer.json" in refused.value.hint


def test_a_folder_that_is_not_there_is_looked_for_by_the_recipe(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="no folder") as refused:
        find_checkpoint(PretrainedSettings(model=str(tmp_path / "none")))

    assert "relative to the recipe" in refused.value.hint


@pytest.mark.parametrize(
    ("name", "said"), [("never_made", "No package"), ("tomli_w", "holds no model"), ("a-b", "No")]
)
def test_a_package_without_a_model_is_refused(name: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        find_checkpoint(PretrainedSettings(model=f"package:{name}"))


def test_the_model_inside_a_package_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_checkpoint(tmp_path / "tiny_packaged" / "model")
    (tmp_path / "tiny_packaged" / "__init__.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))

    assert find_checkpoint(PretrainedSettings(model="package:tiny_packaged")) == folder


def refuse_writer(folder: Path, said: str) -> None:
    with pytest.raises(DataError, match=said) as refused:
        open_checkpoint(folder, LANGUAGE)

    assert refused.value.hint


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model_type": "bert"}, "'bert', which is no language model"),
        ({"model_type": "t5"}, "'t5', which is no language model"),
        ({"rope_parameters": {"rope_type": "dynamic"}}, "rope_type 'dynamic'"),
        ({"rope_parameters": None, "rope_scaling": {"type": "longrope"}}, "type 'longrope'"),
        ({"hidden_act": "relu2"}, "hidden_act 'relu2'"),
        ({"quantization_config": {"bits": 4}}, "quantization_config"),
        ({"auto_map": {"AutoModelForCausalLM": "a.B"}}, "code of its own"),
    ],
)
def test_a_language_model_that_cannot_be_served_is_refused(
    tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    folder = write_writer(tmp_path / "tiny")
    change_config(folder, **changes)

    refuse_writer(folder, said)


def test_pickled_weights_of_a_language_model_are_refused_with_the_way_out(tmp_path: Path) -> None:
    folder = write_writer(tmp_path / "tiny")
    pickle_weights(folder)

    with pytest.raises(DataError, match="is a pickle") as refused:
        open_checkpoint(folder, LANGUAGE)

    assert "AutoModelForCausalLM.from_pretrained" in refused.value.hint


@pytest.mark.parametrize(
    ("kind", "changes", "positions"),
    [("llama", {}, 96), ("gpt2", {}, 96), ("mistral", {"sliding_window": 40}, 40)],
)
def test_a_language_model_says_how_many_tokens_it_reads_at_once(
    tmp_path: Path, kind: str, changes: dict[str, object], positions: int
) -> None:
    folder = write_writer(tmp_path / "tiny", kind, **changes)

    found = open_checkpoint(folder, LANGUAGE)

    assert found.positions == positions
    assert "generation_config.json" in {each.name for each in found.files()}
