"""Where installed packages lie."""

from pathlib import Path

import pytest

import textwright
from textwright.recipe.packages import package_folders


def test_a_package_is_found_by_its_name() -> None:
    assert package_folders("textwright") == [Path(each) for each in textwright.__path__]


@pytest.mark.parametrize("name", ["", "no_such_package", "textwright.text", "../textwright", "ast"])
def test_no_other_name_leads_to_a_folder(name: str) -> None:
    assert package_folders(name) == []
