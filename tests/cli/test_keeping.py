"""Commands that look after what is kept, as they are typed."""

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.commands import Run
from textwright.lifecycle.database import open_database
from textwright.settings import Settings


def test_gc_marks_first_and_takes_away_after_the_time_of_grace(run: Run, home: Settings) -> None:
    stray = Path(home.artifacts) / ("f" * 64)
    stray.mkdir()
    (stray / "manifest.json").touch()

    assert "would be marked: fff" in run("gc", "--dry-run").out
    assert run("gc", "--grace-hours", "0", "--json").json["marked"] == ["f" * 64]
    assert "waits for its time: fff" in run("gc").out
    assert "taken away: fff" in run("gc", "--grace-hours", "0").out
    assert "Everything in the store is in use." in run("gc").out
    assert not stray.exists()


def test_a_backup_comes_back_in_an_empty_home_and_only_there(
    run: Run, home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "2 versions, 2 artifacts" in run("backup", "copy").out
    assert run("backup", "copy").code == 1
    assert run("restore", "copy").code == 1
    assert run("restore", "elsewhere").code == 2
    assert home.home.is_dir()

    monkeypatch.setenv("TEXTWRIGHT_HOME", str(tmp_path / "new"))
    assert run("restore", "copy", "--json").json["rows"]["version"] == 2
    assert "Everything kept is whole." in run("verify").out
    assert run("predict", "intents@2", "where is my parcel").code == 0


@pytest.mark.usefixtures("home")
def test_keys_are_made_shown_once_listed_and_revoked(run: Run) -> None:
    made = run("keys", "create", "ann", "--role", "admin", "--days", "2")
    assert made.out.startswith("tw_")
    assert "not shown again" in made.err
    assert run("keys", "create", "ann", "--json").json["role"] == "admin"
    assert run("keys", "create", "nobody").code == 2
    assert run("keys", "create", "ann", "--role", "king").code == 2

    assert "Key 1 is no key any more." in run("keys", "revoke", "1").out
    assert run("keys", "revoke", "1").code == 1
    listed = run("keys", "list", "--json")
    assert [each["revoked"] is None for each in listed.json["keys"]] == [False, True]
    assert made.out.strip() not in listed.out + run("keys", "list").out


@pytest.mark.usefixtures("home")
def test_webhooks_are_added_listed_and_removed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("webhooks", "add", "http://127.0.0.1:9/").code == 2
    monkeypatch.setenv("TEXTWRIGHT_WEBHOOK_TARGETS", "127.0.0.1, 10.0.0.0/8")
    added = run("webhooks", "add", "http://127.0.0.1:9/", "--kind", "promoted", "--json").json
    assert (len(added["secret"]), added["kinds"]) == (64, ["promoted"])
    run("promote", "intents@1")

    assert "0 delivered, 1 to be tried again" in run("webhooks", "deliver").out
    listed = run("webhooks", "list")
    assert "promoted" in listed.out
    assert added["secret"] not in listed.out
    assert run("webhooks", "remove", "http://127.0.0.1:9/").code == 0
    assert run("webhooks", "list", "--json").json == {"webhooks": []}


@pytest.mark.usefixtures("home")
def test_the_journal_is_exported_to_a_new_file(run: Run, tmp_path: Path) -> None:
    number = run("journal", "export", "events.jsonl", "--json").json["events"]

    assert len((tmp_path / "events.jsonl").read_text().splitlines()) == number > 5
    assert run("journal", "export", "events.jsonl").code == 2
    assert "holds 1 events" in run("journal", "export", "b", "--after", str(number - 1)).out


def test_a_journal_cut_off_is_found_by_the_head_that_was_kept(
    run: Run, home: Settings, tmp_path: Path
) -> None:
    head = run("verify", "--head")
    assert set(json.loads(head.out)) == {"sequence", "hash", "at", "key", "signature"}
    (tmp_path / "head.json").write_text(head.out)
    assert run("verify", "--kept", "head.json").code == 0
    before = (home.home / "textwright.db").read_bytes()
    assert before

    sessions = open_database(home.database)
    with sessions.begin() as session:
        for statement in (
            "DROP TRIGGER event_refuses_DELETE",
            "DELETE FROM event WHERE sequence = (SELECT sequence FROM head)",
            "UPDATE head SET (sequence, hash) = "
            "(SELECT sequence, hash FROM event ORDER BY sequence DESC LIMIT 1)",
        ):
            session.execute(text(statement))
    sessions.close()

    found = run("verify", "--kept", "head.json")
    assert found.code == 1
    assert "BROKEN: The journal was cut off" in found.out
    assert run("verify", "--kept", "missing.json").code == 2
    assert run("verify", "--head").code == 1  # nothing broken is ever signed


@pytest.mark.usefixtures("home")
def test_a_row_is_said_to_be_in_the_training_set_or_not(run: Run) -> None:
    assert (
        "was in the training set of intents@1"
        in run("show", "intents@1", "--row", "train.jsonl:1").out
    )
    assert run("show", "intents@1", "--row", "test.jsonl:1", "--json").json["times"] == 0
    for wrong in ("train.jsonl", "train.jsonl:x", "train.jsonl:0", "train.jsonl:99999"):
        assert run("show", "intents@1", "--row", wrong).code == 2
