"""What each installation can do: the base install answers, the extra ``train`` trains."""

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.conftest import ROOT
from tests.installed import brought, others, run_installed

SOURCE = ROOT / "src"
LEARNING = ("networks", "training", "vectors", "sklearn", "mlflow_model")
MIGRATION = "env"  # run by Alembic alone


def test_the_base_install_brings_neither_torch_nor_what_it_trains_with() -> None:
    assert {"numpy", "onnxruntime", "protobuf", "tokenizers"} <= brought()
    assert {"torch", "transformers", "sklearn", "numba", "pyarrow", "pytest"} <= set(others())
    assert not {"textwright", "numpy", "google"} & set(others())


def test_an_extra_brings_what_it_names_and_no_other() -> None:
    assert "torch" not in others(("train",))
    assert "transformers" in others(("train",))
    assert "transformers" not in others(("train", "hf"))


def test_no_onnxruntime_is_taken_that_cannot_read_weights_from_memory() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (wanted,) = [each for each in map(Requirement, project["dependencies"]) if "onnx" in each.name]

    assert not wanted.specifier.contains("1.23.2")  # the last one without, tried by hand
    assert wanted.specifier.contains("1.24.1")


def test_what_is_not_brought_cannot_be_imported() -> None:
    with pytest.raises(AssertionError, match="import of torch halted"):
        run_installed("import torch")


def test_the_base_install_imports_all_but_what_learns() -> None:
    paths = sorted((SOURCE / "textwright").rglob("*.py"))
    modules = [path.relative_to(SOURCE).with_suffix("").parts for path in paths]
    names = [
        ".".join(each)
        for each in modules
        if each[1] not in LEARNING and each[-1] not in ("train_vectors", MIGRATION)
    ]

    told = run_installed(f"import importlib\nfor each in {names}: importlib.import_module(each)")

    assert told == ""
    assert len(names) > 200


def test_a_network_is_trained_and_answers_without_the_extra_hf(demo: Path) -> None:
    changes = ["encoder.kind=bilstm", "training.epochs=1", "data.rows_per_class=2"]
    given = ["train", "intents.toml", "--no-register", *(f"--set={each}" for each in changes)]

    code = f"from textwright.cli.main import main\nmain({given})"
    told = run_installed(code, extras=("train",))

    assert "accuracy" in told
    assert list(demo.glob(".textwright/artifacts/*"))
