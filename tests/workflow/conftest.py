"""Where the versions that tests of this folder train are kept."""

from pathlib import Path

import pytest

from textwright.settings import Settings, find_settings


@pytest.fixture(scope="module")
def settings(folder: Path) -> Settings:
    """Give the settings of a home in the folder that a file of tests makes for its data."""
    return find_settings(create=True, start=folder, environment={})
