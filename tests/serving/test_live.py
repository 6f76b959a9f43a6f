"""Who is answered by which version."""

import pytest

from tests.serving.running import Running, Shelf, running, wait_until
from textwright.errors import ArtifactError
from textwright.serving.deployments import Deployment, Guarded, Target
from textwright.serving.live import Deployed, choose, open_answerer

CALLERS = [f"caller {each}" for each in range(400)]
GUARDED = Guarded(("errors",), 1, 10, 0.25)


def rolled(shelf: Shelf, share: float) -> Deployment:
    """Deploy version 1, with version 2 as its candidate."""
    shelf.deploy("intents", 1)
    row = Deployment(
        shelf.targets["intents"], shelf.make("intents", 2, strength=2.0), None, share, "salt"
    )
    shelf.rows = {"intents": row}
    return row


def deployed(server: Running) -> Deployed:
    found: Deployed = server.server.loader.deployed["intents"]
    return found


def test_half_of_the_callers_have_the_candidate_and_each_keeps_its_version(shelf: Shelf) -> None:
    rolled(shelf, 0.5)
    with running(shelf) as server:
        first = [choose(deployed(server), each).target.version for each in CALLERS]
        again = [choose(deployed(server), each).target.version for each in CALLERS]
    assert first == again
    assert 140 < first.count(2) < 260


def test_a_growing_share_takes_nobody_back(shelf: Shelf) -> None:
    row = rolled(shelf, 0.2)
    with running(shelf) as server:
        few = {each for each in CALLERS if choose(deployed(server), each).target.version == 2}
        shelf.rows = {"intents": Deployment(row.stable, row.candidate, None, 0.6, row.salt)}
        wait_until(lambda: deployed(server).row.share == 0.6)
        many = {each for each in CALLERS if choose(deployed(server), each).target.version == 2}
    assert few < many


def test_who_names_no_caller_is_drawn_anew_each_time(shelf: Shelf) -> None:
    rolled(shelf, 0.5)
    with running(shelf) as server:
        drawn = {choose(deployed(server), "").target.version for _ in range(100)}
    assert drawn == {1, 2}


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_share_of_nothing_or_everything_is_kept_exactly(shelf: Shelf, share: float) -> None:
    rolled(shelf, share)
    with running(shelf) as server:
        drawn = {choose(deployed(server), each).target.version for each in (*CALLERS, "")}
    assert drawn == {1 + int(share)}


def test_an_artifact_that_is_another_than_its_address_is_not_opened(shelf: Shelf) -> None:
    good = shelf.make("intents", 1)
    assert open_answerer(lambda name: shelf.root / name, good.address).predict(["rain"])
    (shelf.root / "other").symlink_to(shelf.root / good.address)
    with pytest.raises(ArtifactError, match="another address"):
        open_answerer(lambda name: shelf.root / name, "other")


def test_versions_of_a_deployment_are_each_there_once(shelf: Shelf) -> None:
    row = rolled(shelf, 0.0)
    shelf.rows = {"intents": Deployment(row.stable, row.candidate, row.candidate, 0.0, "salt")}
    with running(shelf) as server:
        now = deployed(server)
        assert now.candidate is now.shadow
        assert [each.version for each in now.versions] == [1, 2]
    assert Target(1, "a") != Target(1, "b")
