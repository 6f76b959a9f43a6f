"""What the deployment rows of a real database say."""

from pathlib import Path

import pytest

from tests.serving.household import make_household
from textwright.errors import ArtifactError, DatabaseError
from textwright.lifecycle.artifacts import ArtifactStore
from textwright.serving.deployments import database_source


def test_only_a_promoted_version_is_a_target_and_its_artifact_is_found(tmp_path: Path) -> None:
    house = make_household(tmp_path / "home")
    source = database_source(house.settings.database, ArtifactStore(house.settings.artifacts))
    assert source.targets() == {}
    house.register()
    house.register(strength=2.0)
    assert source.targets() == {}
    house.promote("intents@2")
    target = source.targets()["intents"]
    assert target.version == 2
    assert source.folder(target.address).name == target.address
    house.sessions.close()


def test_a_database_that_comes_later_is_read_then(tmp_path: Path) -> None:
    home = tmp_path / "home"
    source = database_source(
        f"sqlite:///{home / 'textwright.db'}", ArtifactStore(home / "artifacts")
    )
    with pytest.raises(DatabaseError):
        source.targets()
    make_household(home).sessions.close()
    assert source.targets() == {}
    with pytest.raises(ArtifactError, match="holds no artifact"):
        source.folder("0" * 64)
