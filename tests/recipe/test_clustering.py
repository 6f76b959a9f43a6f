"""The settings of clustering: what each method takes, and within which ranges."""

import pytest

from textwright.errors import RecipeError
from textwright.recipe.check import read_settings
from textwright.recipe.clustering import METHODS, HdbscanSettings, KMeansSettings


@pytest.mark.parametrize("method", METHODS)
def test_a_method_is_found_by_its_name_and_has_defaults(method: str) -> None:
    settings = read_settings(METHODS[method], {}, method)

    assert settings == METHODS[method]()
    assert settings.method == method


def test_a_method_has_the_settings_that_mean_something_to_it() -> None:
    assert read_settings(KMeansSettings, {"k": 4, "seed": 1}, "kmeans").k == 4
    assert read_settings(HdbscanSettings, {"min_size": 9}, "hdbscan").min_size == 9
    with pytest.raises(RecipeError, match=r"no setting kmeans\.min_size"):
        read_settings(KMeansSettings, {"min_size": 9}, "kmeans")
    with pytest.raises(RecipeError, match=r"no setting hdbscan\.restarts"):
        read_settings(HdbscanSettings, {"restarts": 3}, "hdbscan")


@pytest.mark.parametrize(
    "given",
    [
        {"k": -1},
        {"most": 1},
        {"restarts": 0},
        {"whiten": 1.5},
        {"whiten": -0.1},
        {"words": 0},
        {"neighbours": -1},
        {"dimensions": 2.5},
        {"normalize": 1},
    ],
    ids=str,
)
def test_a_value_out_of_range_or_of_another_type_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(RecipeError, match=f"kmeans.{next(iter(given))} is"):
        read_settings(KMeansSettings, given, "kmeans")
