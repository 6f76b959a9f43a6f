"""Cross-validation on the bundled data: what is scored, and what is left alone."""

from pathlib import Path
from statistics import fmean, stdev

import pytest

from textwright.errors import UsageError
from textwright.recipe.file import read_recipe
from textwright.workflow.folds import CrossValidation, cross_validate


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> CrossValidation:
    from tests.conftest import copy_demo

    folder = copy_demo(tmp_path_factory.mktemp("folds"))
    (folder / "test.jsonl").unlink()
    return cross_validate(folder / "intents.toml", folds=3)


def test_each_fold_is_scored_on_the_rows_it_did_not_see(found: CrossValidation) -> None:
    assert [each.rows + each.trained_rows for each in found.folds] == [2_629] * 3
    assert all(each.metrics["accuracy"] > 0.8 for each in found.folds)
    assert all(each.metrics["majority"] < 0.2 for each in found.folds)


def test_mean_and_deviation_are_those_of_the_folds(found: CrossValidation) -> None:
    values = [each.metrics["accuracy"] for each in found.folds]

    assert found.scores["accuracy"] == values
    assert found.mean["accuracy"] == pytest.approx(fmean(values))
    assert found.deviation["accuracy"] == pytest.approx(stdev(values))


def test_nothing_is_kept(demo: Path) -> None:
    before = sorted(path.name for path in demo.iterdir())

    cross_validate(read_recipe(demo / "intents.toml"), folds=2)

    assert sorted(path.name for path in demo.iterdir()) == before


@pytest.mark.slow
def test_the_linear_model_stands_beside_a_network(demo: Path) -> None:
    tiny = (
        "encoder.kind=bilstm",
        "encoder.hidden=4",
        "embedding.dimensions=4",
        "training.epochs=1",
    )

    found = cross_validate(demo / "intents.toml", folds=2, overrides=tiny)

    assert found.mean["baseline"] > found.mean["accuracy"]


def test_one_fold_is_none(demo: Path) -> None:
    with pytest.raises(UsageError, match="1 folds are none"):
        cross_validate(demo / "intents.toml", folds=1)
