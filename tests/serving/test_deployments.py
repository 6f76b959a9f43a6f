"""What the deployment rows of a real database say."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving.household import Household, make_household
from textwright.errors import ArtifactError, DatabaseError
from textwright.lifecycle.artifacts import ArtifactStore
from textwright.recipe.rollout import RolloutSettings
from textwright.serving.deployments import Deployment, Guarded, Source, Target, database_source


def source_of(home: Path) -> Source:
    return database_source(f"sqlite:///{home / 'textwright.db'}", ArtifactStore(home / "artifacts"))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Household]:
    made = make_household(tmp_path / "home")
    yield made
    made.sessions.close()


def test_only_a_promoted_version_is_deployed_and_its_artifact_is_found(house: Household) -> None:
    source = source_of(house.settings.home)
    assert source.deployments() == {}
    house.register()
    house.register(strength=2.0)
    assert source.deployments() == {}
    house.promote("intents@2")
    row = source.deployments()["intents"]
    assert row == Deployment(Target(2, row.stable.address))
    assert source.folder(row.stable.address).name == row.stable.address


def test_a_rollout_is_read_with_what_its_guards_count(house: Household) -> None:
    house.register()
    house.register(strength=2.0)
    house.promote("intents@1")
    policy = RolloutSettings(
        guards=("errors", "slow"), per_caller=3, caller_minutes=10, latency_ms=50.0
    )
    house.roll_out("intents@2", policy)
    row = source_of(house.settings.home).deployments()["intents"]
    assert row.candidate is not None
    assert (row.stable.version, row.candidate.version, row.shadow) == (1, 2, None)
    assert (row.share, len(row.salt)) == (0.01, 32)
    assert row.guarded == Guarded(("errors", "slow"), 3, 10, 0.05)
    assert [each.version for each in row.targets] == [1, 2]


def test_a_shadow_is_the_candidate_and_named_once(house: Household) -> None:
    house.register()
    house.register(strength=2.0)
    house.promote("intents@1")
    house.roll_out("intents@2", RolloutSettings(), shadow=True)
    row = source_of(house.settings.home).deployments()["intents"]
    assert row.shadow == row.candidate
    assert row.share == 0.0
    assert [each.version for each in row.targets] == [1, 2]


def test_every_version_has_its_address_also_one_that_was_never_promoted(house: Household) -> None:
    source = source_of(house.settings.home)
    house.register()
    house.register(strength=2.0)
    house.register("topics", strength=3.0)
    versions = source.versions("intents")
    assert list(versions) == [1, 2]
    assert source.folder(versions[2]).is_dir()
    assert source.versions("nothing") == {}


def test_a_database_that_comes_later_is_read_then(tmp_path: Path) -> None:
    home = tmp_path / "home"
    source = source_of(home)
    for read in (source.deployments, lambda: source.versions("intents")):
        with pytest.raises(DatabaseError):
            read()
    make_household(home).sessions.close()
    assert source.deployments() == {}
    with pytest.raises(ArtifactError, match="holds no artifact"):
        source.folder("0" * 64)
