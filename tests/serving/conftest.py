"""Servers for the tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from tests.serving.running import Running, Shelf, running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Give a server of one model, shared by the tests of a file that change nothing."""
    shelf = Shelf(tmp_path_factory.mktemp("server"))
    shelf.deploy("intents", 3)
    with running(shelf) as found:
        yield found


@pytest.fixture(scope="module")
def ai(server: Running) -> Iterator[openai.OpenAI]:
    """Give OpenAI's own client of the server that the file has, or of this one."""
    address = f"http://127.0.0.1:{server.port}/v1"
    with openai.OpenAI(base_url=address, api_key="none", max_retries=0) as found:
        yield found


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """Give an empty shelf, for a test that runs its own server."""
    return Shelf(tmp_path)
