"""The registry, on a file of SQLite and on PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.lifecycle.conftest import on_sqlite
from textwright.errors import RefusedError, UnknownNameError, UsageError
from textwright.lifecycle.database import Sessions
from textwright.lifecycle.journal import check_chain, read_events
from textwright.lifecycle.registry import (
    NewRun,
    NewVersion,
    add_model,
    add_version,
    fail_run,
    find_version,
    finish_run,
    list_models,
    list_running,
    list_versions,
    start_run,
)
from textwright.lifecycle.tables import Deployment, Event, Model, Run, Version

RUN = NewRun(
    recipe='name = "intents"\n',
    datasets={"train": "1" * 64, "test": "2" * 64},
    seed=7,
    machine={"cores": 2},
    libraries={"numpy": "2.0"},
    folder="/home/ann/.textwright/runs/1",
)


def new_version(letter: str) -> NewVersion:
    """Describe an artifact by the letter its address consists of."""
    return NewVersion(artifact=letter * 64, run=None, scores={"accuracy": 0.9}, evaluated=True)


def add(session: Session, model: str, letters: str) -> list[str]:
    """Add a model with a version for each letter; gives their names."""
    add_model(session, model, actor="ann")
    added = [add_version(session, model, new_version(each), actor="ann") for each in letters]
    return [version.name for version, _ in added]


def test_writers_at_the_same_time_get_different_numbers(sessions: Sessions) -> None:
    def register(attempt: int) -> int:
        with sessions.begin() as session:
            version, _ = add_version(session, "intents", new_version(f"{attempt:x}"), actor="ann")
            return version.number

    with sessions.begin() as session:
        add_model(session, "intents", actor="ann")
    with ThreadPoolExecutor(max_workers=4) as pool:
        numbers = list(pool.map(register, range(12)))

    assert sorted(numbers) == list(range(1, 13))
    with sessions() as session:
        assert check_chain(session) == []


def test_models_added_at_the_same_time_are_one(sessions: Sessions) -> None:
    def ensure(_: int) -> int:
        with sessions.begin() as session:
            return add_model(session, "intents", actor="ann").id

    with ThreadPoolExecutor(max_workers=4) as pool:
        assert len(set(pool.map(ensure, range(8)))) == 1


def test_a_failed_transaction_leaves_no_trace(sessions: Sessions) -> None:
    def interrupted() -> None:
        with sessions.begin() as session:
            add(session, "intents", "a")
            raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError):
        interrupted()

    with sessions() as session:
        for table in (Model, Version, Event, Deployment):
            assert session.scalar(select(func.count()).select_from(table)) == 0


def test_the_same_artifact_twice_is_the_same_version_and_told_once(sessions: Sessions) -> None:
    with sessions.begin() as session:
        add_model(session, "intents", actor="ann")
        first, new = add_version(session, "intents", new_version("a"), actor="ann")
        again, new_again = add_version(session, "intents", new_version("a"), actor="ben")

        assert (new, new_again) == (True, False)
        assert first.id == again.id
        assert len(read_events(session, kinds=("registered",))) == 1


def test_two_models_may_hold_the_same_artifact(sessions: Sessions) -> None:
    with sessions.begin() as session:
        assert add(session, "intents", "a") == ["intents@1"]
        assert add(session, "topics", "a") == ["topics@1"]


def test_a_mistyped_model_is_answered_with_the_nearest_name(sessions: Sessions) -> None:
    with sessions.begin() as session:
        add(session, "intents", "a")

        with pytest.raises(UnknownNameError, match="Did you mean 'intents'"):
            add_version(session, "intent", new_version("b"), actor="ann")
        with pytest.raises(UnknownNameError, match="Did you mean 'intents'"):
            find_version(session, "intnets@1")


@on_sqlite
@pytest.mark.parametrize("name", ["", "Intents", "-x", "a" * 65, "a b", "意图", "a@1", "../a"])
def test_a_name_that_no_model_may_have_is_refused(sessions: Sessions, name: str) -> None:
    with pytest.raises(UsageError, match="no name for a model"), sessions.begin() as session:
        add_model(session, name, actor="ann")


def test_a_version_is_found_by_its_number_and_as_the_latest(sessions: Sessions) -> None:
    with sessions.begin() as session:
        add(session, "intents", "abc")

        assert find_version(session, "intents@2").artifact == "b" * 64
        assert find_version(session, "intents@latest").name == "intents@3"


def test_the_views_of_the_deployment_are_found_from_its_row(sessions: Sessions) -> None:
    with sessions.begin() as session:
        add(session, "intents", "abc")
        deployment = session.scalars(select(Deployment)).one()
        deployment.stable, deployment.candidate = 2, 3
        session.flush()

        assert find_version(session, "intents@production").number == 2
        assert find_version(session, "intents@candidate").number == 3


@on_sqlite
@pytest.mark.parametrize(
    ("reference", "hint"),
    [
        ("intents@9", "Its newest version is intents@3"),
        ("intents@0", "Its newest version is intents@3"),
        ("intents@99999999999999999999", "Its newest version is intents@3"),
        ("intents@production", "textwright promote intents@3"),
        ("intents@prodction", "Did you mean 'production'"),
        ("intents@²", "Known names"),
        ("empty@latest", "textwright train"),
    ],
)
def test_a_version_that_is_not_there_is_answered_with_what_is(
    sessions: Sessions, reference: str, hint: str
) -> None:
    with sessions.begin() as session:
        add(session, "intents", "abc")
        add_model(session, "empty", actor="ann")

        with pytest.raises(UnknownNameError, match=hint):
            find_version(session, reference)


@on_sqlite
@pytest.mark.parametrize("reference", ["intents", "intents@"])
def test_a_reference_without_a_version_is_told_how_to_write_one(
    sessions: Sessions, reference: str
) -> None:
    with sessions.begin() as session:
        add(session, "intents", "a")

        with pytest.raises(UsageError, match="Write intents@3, intents@production"):
            find_version(session, reference)


def test_models_and_versions_come_in_pages(sessions: Sessions) -> None:
    with sessions.begin() as session:
        for name in ("topics", "intents", "spam"):
            add_model(session, name, actor="ann")
        add(session, "intents", "abc")

        assert [model.name for model in list_models(session, limit=2)] == ["intents", "spam"]
        assert [model.name for model in list_models(session, after="spam")] == ["topics"]
        assert [each.number for each in list_versions(session, "intents", limit=2)] == [3, 2]
        assert [each.number for each in list_versions(session, "intents", before=2)] == [1]


def test_what_was_loaded_stays_usable_after_the_session(sessions: Sessions) -> None:
    with sessions.begin() as session:
        add(session, "intents", "a")
    with sessions() as session:
        version = find_version(session, "intents@1")

    assert (version.name, version.scores) == ("intents@1", {"accuracy": 0.9})
    assert version.created_at.tzinfo is not None


def test_a_run_is_running_until_it_ends_once(sessions: Sessions) -> None:
    with sessions.begin() as session:
        good = start_run(session, "intents", RUN, actor="ann").id
        bad = start_run(session, "intents", RUN, actor="ann").id
    with sessions() as session:
        assert [run.id for run in list_running(session, "intents")] == [good, bad]
        assert list_running(session, "topics") == []

    with sessions.begin() as session:
        finish_run(session, good, actor="ann", seconds=1.5, artifact="a" * 64)
        fail_run(session, bad, actor="ann", reason="the disk is full")

    with sessions() as session:
        assert list_running(session) == []
        ended = session.get_one(Run, good)
        assert (ended.state, ended.seconds, ended.artifact) == ("finished", 1.5, "a" * 64)
        assert session.get_one(Run, bad).error == "the disk is full"
        assert (ended.datasets, ended.seed) == (RUN.datasets, 7)
    with pytest.raises(RefusedError, match="is not running"), sessions.begin() as session:
        finish_run(session, good, actor="ann", seconds=1.5, artifact=None)
