"""Files that may be erased, on a file of SQLite and on PostgreSQL."""

from datetime import timedelta
from pathlib import Path

import pytest

from textwright.lifecycle.database import Sessions
from textwright.lifecycle.held_out import (
    Erased,
    add_held_out,
    erase,
    find_expired,
    list_held_out,
    name_versions,
)
from textwright.lifecycle.journal import check_chain, read_events
from textwright.lifecycle.registry import NewVersion, add_model, add_version
from textwright.lifecycle.tables import utc_now
from textwright.manifest import hash_file

ARTIFACT = "a" * 64


@pytest.fixture
def records(sessions: Sessions, tmp_path: Path) -> Path:
    """Hold two records of an artifact that two models share."""
    folder = tmp_path / "records" / ARTIFACT
    folder.mkdir(parents=True)
    (folder / "answers.jsonl").write_text("two\nlines\n")
    (folder / "train_rows").write_bytes(b"x" * 64)
    with sessions.begin() as session:
        for model in ("intents", "moods"):
            add_model(session, model, actor="ann")
            new = NewVersion(ARTIFACT, None, {}, evaluated=True)
            add_version(session, model, new, actor="ann")
        add_held_out(session, ARTIFACT, folder, {"answers.jsonl": 2, "train_rows": 2}, days=30)
    return tmp_path / "records"


def erase_all(sessions: Sessions, records: Path) -> list[Erased]:
    with sessions.begin() as session:
        chosen = list_held_out(session, ARTIFACT)
        return erase(session, records, chosen, actor="ann", reason="asked for")


def test_what_was_kept_is_listed_with_its_digest(sessions: Sessions, records: Path) -> None:
    with sessions() as session:
        rows = list_held_out(session)

        assert [(each.path, each.rows) for each in rows] == [
            ("answers.jsonl", 2),
            ("train_rows", 2),
        ]
        assert rows[0].digest == hash_file(records / ARTIFACT / "answers.jsonl")
        assert list_held_out(session, "b" * 64) == []


def test_an_erased_file_is_gone_and_its_row_and_digest_stay(
    sessions: Sessions, records: Path
) -> None:
    digest = hash_file(records / ARTIFACT / "answers.jsonl")

    done = erase_all(sessions, records)

    assert done == [Erased(ARTIFACT, "answers.jsonl", 2), Erased(ARTIFACT, "train_rows", 2)]
    assert list((records / ARTIFACT).iterdir()) == []
    with sessions() as session:
        row = list_held_out(session)[0]
        assert row.erased_at is not None
        assert row.digest == digest


def test_every_version_of_the_artifact_tells_of_it(sessions: Sessions, records: Path) -> None:
    erase_all(sessions, records)

    with sessions() as session:
        told = read_events(session, kinds=("erased",))
        assert {each.subject for each in told} == {"intents@1", "moods@1"}
        assert {each.details["path"] for each in told} == {"answers.jsonl", "train_rows"}
        assert all(each.details["reason"] == "asked for" for each in told)
        assert check_chain(session) == []
        assert name_versions(session, ARTIFACT) == ["intents@1", "moods@1"]


def test_erasing_twice_does_nothing_the_second_time(sessions: Sessions, records: Path) -> None:
    erase_all(sessions, records)

    assert erase_all(sessions, records) == []
    with sessions() as session:
        assert len(read_events(session, kinds=("erased",))) == 4


def test_a_file_that_a_killed_command_had_taken_away_is_erased_by_the_next(
    sessions: Sessions, records: Path
) -> None:
    (records / ARTIFACT / "answers.jsonl").unlink()

    assert len(erase_all(sessions, records)) == 2


def test_only_what_was_kept_for_its_time_expires(sessions: Sessions, records: Path) -> None:
    with sessions.begin() as session:
        add_held_out(session, ARTIFACT, records / ARTIFACT, {"train_rows": 2}, days=None)

    with sessions() as session:
        assert find_expired(session, utc_now() + timedelta(days=29)) == []
        later = find_expired(session, utc_now() + timedelta(days=31))
        assert [each.path for each in later] == ["answers.jsonl"]
    erase_all(sessions, records)
    with sessions() as session:
        assert find_expired(session, utc_now() + timedelta(days=31)) == []


def test_a_run_that_leaves_the_same_artifact_again_brings_the_records_back(
    sessions: Sessions, records: Path
) -> None:
    erase_all(sessions, records)
    (records / ARTIFACT / "answers.jsonl").write_text("three\nnew\nlines\n")

    with sessions.begin() as session:
        add_held_out(session, ARTIFACT, records / ARTIFACT, {"answers.jsonl": 3}, days=None)

    with sessions() as session:
        row = list_held_out(session)[0]
        assert (row.rows, row.erased_at, row.retention_until) == (3, None, None)
