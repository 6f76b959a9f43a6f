"""Servers of a home with three versions, and what their answers say."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving.household import Household, make_household
from tests.serving.keyed import Keyed, running_house
from textwright.lifecycle.database import open_database
from textwright.settings import Settings


def fill(house: Household) -> Household:
    """Register three versions, the first of them in production."""
    for strength in (7.0, 8.0, 9.0):
        house.register(strength=strength)
    house.promote("intents@1")
    return house


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fill a home once, to copy."""
    home = tmp_path_factory.mktemp("template") / "home"
    fill(make_household(home)).sessions.close()
    return home


def copy_house(template: Path, home: Path) -> Household:
    shutil.copytree(template, home)
    settings = Settings(home, f"sqlite:///{home / 'textwright.db'}", str(home / "artifacts"))
    return Household(settings, open_database(settings.database))


@pytest.fixture
def house(template: Path, tmp_path: Path) -> Iterator[Household]:
    made = copy_house(template, tmp_path / "home")
    yield made
    made.sessions.close()


@pytest.fixture
def keyed(house: Household) -> Iterator[Keyed]:
    with running_house(house) as found:
        yield found


@pytest.fixture(scope="module")
def shared(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    """Give a server for tests that change nothing."""
    house = copy_house(template, tmp_path_factory.mktemp("shared") / "home")
    with running_house(house) as found:
        yield found
    house.sessions.close()
