"""Taking away what nothing refers to: in two phases, never what is in use."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from tests.lifecycle.conftest import make_artifact
from tests.lifecycle.test_registry import RUN
from textwright.errors import ArtifactError
from textwright.lifecycle import gc
from textwright.lifecycle.artifacts import ArtifactStore
from textwright.lifecycle.database import Sessions
from textwright.lifecycle.gc import announce, collect, keep_artifact, sweep
from textwright.lifecycle.journal import read_events
from textwright.lifecycle.registry import NewVersion, add_model, add_version, finish_run, start_run
from textwright.lifecycle.tables import utc_now
from textwright.lifecycle.verify import verify

NOW = timedelta(0)


@pytest.fixture
def loose(store: ArtifactStore, tmp_path: Path) -> str:
    """Store an artifact that nobody announced."""
    return store.put(make_artifact(tmp_path / "loose", "loose"))


@pytest.fixture
def tomorrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let more than a day have gone by."""
    monkeypatch.setattr(gc, "utc_now", lambda: utc_now() + timedelta(days=2))


def test_a_loose_artifact_is_marked_first_and_taken_away_after_the_time_of_grace(
    sessions: Sessions, store: ArtifactStore, loose: str
) -> None:
    first = collect(sessions, store, actor="ann", grace=timedelta(hours=1))
    second = collect(sessions, store, actor="ann", grace=timedelta(hours=1))
    assert (first.marked, first.removed, second.waiting) == ((loose,), (), (loose,))
    assert store.addresses() == [loose]

    third = collect(sessions, store, actor="ann", grace=NOW)
    fourth = collect(sessions, store, actor="ann", grace=NOW)

    assert (third.removed, fourth.removed, store.addresses()) == ((loose,), (), [])
    with sessions() as session:
        (event,) = read_events(session, kinds=("collected",))
    assert (event.actor, event.details) == ("ann", {"artifact": loose})


def test_what_a_version_or_a_run_refers_to_stays(
    sessions: Sessions, store: ArtifactStore, tmp_path: Path
) -> None:
    version = keep_artifact(sessions, store, make_artifact(tmp_path / "version", "version"))
    of_run = keep_artifact(sessions, store, make_artifact(tmp_path / "run", "run"))
    with sessions.begin() as session:
        run = start_run(session, "intents", RUN, actor="ann").id
        finish_run(session, run, actor="ann", seconds=1.0, artifact=of_run)
        add_version(session, "intents", NewVersion(version, None, {}, True), actor="ann")

    for _ in range(3):
        found = collect(sessions, store, actor="ann", grace=NOW)
        assert (found.marked, found.removed) == ((), ())
    assert store.addresses() == sorted([version, of_run])
    assert verify(sessions, store) == []


def test_a_dry_run_says_what_would_be_done_and_changes_nothing(
    sessions: Sessions, store: ArtifactStore, loose: str
) -> None:
    for _ in range(2):
        assert collect(sessions, store, actor="ann", grace=NOW, pretend=True).marked == (loose,)
    collect(sessions, store, actor="ann", grace=NOW)

    assert collect(sessions, store, actor="ann", grace=NOW, pretend=True).removed == (loose,)
    assert store.addresses() == [loose]


def test_what_is_being_registered_is_not_marked_for_a_day(
    sessions: Sessions, store: ArtifactStore, artifact: Path
) -> None:
    keep_artifact(sessions, store, artifact)

    assert collect(sessions, store, actor="ann", grace=NOW).marked == ()


@pytest.mark.usefixtures("tomorrow")
def test_a_registration_killed_long_ago_leaves_a_loose_artifact(
    sessions: Sessions, store: ArtifactStore, artifact: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(gc, "utc_now", utc_now)
        address = keep_artifact(sessions, store, artifact)

    assert collect(sessions, store, actor="ann", grace=NOW).marked == (address,)


def test_an_artifact_announced_again_after_its_mark_is_not_taken_away(
    sessions: Sessions, store: ArtifactStore, loose: str
) -> None:
    collect(sessions, store, actor="ann", grace=NOW)
    with sessions.begin() as session:
        announce(session, loose)

    assert not sweep(sessions, store, loose, "ann")
    assert store.addresses() == [loose]


def test_an_artifact_registered_after_its_mark_stays_and_loses_the_mark(
    sessions: Sessions, store: ArtifactStore, loose: str
) -> None:
    collect(sessions, store, actor="ann", grace=NOW)
    with sessions.begin() as session:
        add_model(session, "intents", actor="ann")
        add_version(session, "intents", NewVersion(loose, None, {}, True), actor="ann")

    assert not sweep(sessions, store, loose, "ann")
    assert collect(sessions, store, actor="ann", grace=NOW).removed == ()
    assert store.addresses() == [loose]


def test_a_call_that_died_between_removing_and_committing_is_gone_on_with(
    sessions: Sessions, store: ArtifactStore, loose: str
) -> None:
    collect(sessions, store, actor="ann", grace=NOW)
    store.take_away(loose)  # and here the process was killed

    assert collect(sessions, store, actor="ben", grace=NOW).removed == ()
    with sessions() as session:
        assert [each.actor for each in read_events(session, kinds=("collected",))] == ["ben"]


def test_a_store_that_cannot_be_written_moves_nothing(
    sessions: Sessions, store: ArtifactStore, loose: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    collect(sessions, store, actor="ann", grace=NOW)

    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    with monkeypatch.context() as broken:
        broken.setattr("os.rename", refuse)
        with pytest.raises(ArtifactError, match="Read-only"):
            collect(sessions, store, actor="ann", grace=NOW)
    assert collect(sessions, store, actor="ann", grace=NOW).removed == (loose,)


def test_what_is_announced_while_another_call_looks_is_never_marked(
    sessions: Sessions, store: ArtifactStore, loose: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = gc.look
    announced = threading.Thread(target=announce_alone, args=(sessions, loose))

    def slowly(session: Session, stored: list[str]) -> gc.Looked:
        found = look(session, stored)
        announced.start()
        announced.join(0.3)  # it waits for the head
        return found

    with monkeypatch.context() as slow:
        slow.setattr(gc, "look", slowly)
        collect(sessions, store, actor="ann", grace=NOW)
    announced.join()

    assert collect(sessions, store, actor="ann", grace=NOW).removed == ()
    assert store.addresses() == [loose]


def announce_alone(sessions: Sessions, address: str) -> None:
    """Announce an artifact, as a registration does."""
    with sessions.begin() as session:
        announce(session, address)
