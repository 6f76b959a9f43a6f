"""Servers for the tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving.running import Running, Shelf, running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Give a server of one model, shared by the tests of a file that change nothing."""
    shelf = Shelf(tmp_path_factory.mktemp("server"))
    shelf.deploy("intents", 3)
    with running(shelf) as found:
        yield found


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """Give an empty shelf, for a test that runs its own server."""
    return Shelf(tmp_path)
