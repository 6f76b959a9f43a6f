"""Verify, after damage of every kind."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.lifecycle.conftest import make_artifact, on_sqlite
from tests.lifecycle.test_artifacts import KILLED
from tests.lifecycle.test_registry import RUN
from textwright.lifecycle.artifacts import ArtifactStore
from textwright.lifecycle.database import Sessions
from textwright.lifecycle.evidence import add_evidence, record_verdicts
from textwright.lifecycle.gates import judge
from textwright.lifecycle.registry import (
    NewVersion,
    add_model,
    add_version,
    find_version,
    finish_run,
    start_run,
)
from textwright.lifecycle.rollout import promote, rollback
from textwright.lifecycle.verify import Problem, verify
from textwright.recipe.gates import AtLeast


@pytest.fixture
def kept(sessions: Sessions, store: ArtifactStore, tmp_path: Path) -> Sessions:
    """Keep two versions with run, evidence and verdicts; promote both and go back once."""
    for content in ("first", "second"):
        with sessions.begin() as session:
            run = start_run(session, "intents", RUN, actor="ann").id
        address = store.put(make_artifact(tmp_path / content, content))
        with sessions.begin() as session:
            finish_run(session, run, actor="ann", seconds=1.0, artifact=address)
            new = NewVersion(address, run, {"accuracy": 0.95, "auroc": float("nan")}, True)
            version, _ = add_version(session, "intents", new, actor="ann")
            add_evidence(session, version, "latency", {"p99_ms": 3.5}, actor="ann")
            verdicts = judge([AtLeast(value=0.9)], {"scores": new.scores})
            record_verdicts(session, version, verdicts, actor="ann")
            promote(session, version, actor="ann", reason="")
    with sessions.begin() as session:
        rollback(session, "intents", actor="ann", reason="")
    return sessions


def tamper(sessions: Sessions, statement: str) -> None:
    """Run a statement as one who holds the database could."""
    with sessions.begin() as session:
        session.execute(text(statement))


def test_what_is_whole_has_no_problems(kept: Sessions, store: ArtifactStore) -> None:
    assert verify(kept, store) == []


@on_sqlite
def test_an_empty_database_without_a_store_has_no_problems(
    sessions: Sessions, store: ArtifactStore
) -> None:
    with sessions.begin() as session:
        add_model(session, "intents", actor="ann")

    assert verify(sessions, store) == []


@on_sqlite
def test_one_flipped_bit_is_found_and_file_and_version_are_named(
    kept: Sessions, store: ArtifactStore
) -> None:
    with kept() as session:
        network = store.root / find_version(session, "intents@2").artifact / "model.onnx"
    network.chmod(0o644)
    content = bytearray(network.read_bytes())
    content[5] ^= 1
    network.write_bytes(content)

    (problem,) = verify(kept, store)

    assert (problem.kind, problem.broken) == ("artifact", True)
    assert problem.what == f"intents@2: {network} was changed: its hash differs."


@on_sqlite
@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE deployment SET stable = 2", "deployment of intents is not what"),
        ("UPDATE deployment SET generation = 9", "deployment of intents is not what"),
        ("UPDATE deployment SET earlier = '[2]'", "deployment of intents is not what"),
        ("DELETE FROM deployment", "deployment of intents is in the journal, and not"),
        (
            "UPDATE version SET scores = '{\"accuracy\": 0.99}' WHERE number = 2",
            "version intents@2 is not what",
        ),
        ("UPDATE version SET evaluated = NOT evaluated WHERE number = 1", "version intents@1"),
        ("UPDATE version SET gated = 0 WHERE number = 1", "gating 1 of intents@1"),
        ("UPDATE verdict SET outcome = 'fail' WHERE id = 1", "gating 1 of intents@1 is not"),
        ("DELETE FROM verdict WHERE id = 1", "gating 1 of intents@1 is not what"),
        ("UPDATE evidence SET content = '{}' WHERE id = 1", "evidence latency of intents@1"),
        ("DELETE FROM evidence WHERE id = 1", "evidence latency of intents@1"),
        ("UPDATE run SET seed = 8 WHERE id = 1", "run 1 is not what"),
        ("UPDATE run SET recipe = '' WHERE id = 1", "run 1 is not what"),
    ],
)
def test_a_record_changed_behind_the_journal_is_found(
    kept: Sessions, store: ArtifactStore, statement: str, what: str
) -> None:
    tamper(kept, statement)

    problems = verify(kept, store)

    assert [problem.kind for problem in problems if what in problem.what] == ["record"]


@on_sqlite
def test_what_a_killed_writer_left_is_named_and_nothing_is_broken(
    kept: Sessions, store: ArtifactStore, tmp_path: Path
) -> None:
    folder = make_artifact(tmp_path / "third", "third")
    command = [sys.executable, "-c", KILLED, str(store.root), str(folder), "2"]

    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    (problem,) = verify(kept, store)

    assert (problem.kind, problem.broken) == ("stray", False)
    assert store.stray()[0] in problem.what


@on_sqlite
def test_an_artifact_that_was_put_and_never_registered_is_named(
    kept: Sessions, store: ArtifactStore, tmp_path: Path
) -> None:
    address = store.put(make_artifact(tmp_path / "third", "third"))

    what = f"{store.root / address} belongs to no version and no run."
    assert verify(kept, store) == [Problem("stray", False, what)]


@on_sqlite
def test_an_artifact_of_a_run_that_was_not_registered_is_no_stray(
    kept: Sessions, store: ArtifactStore, tmp_path: Path
) -> None:
    address = store.put(make_artifact(tmp_path / "third", "third"))
    with kept.begin() as session:
        run = start_run(session, "intents", RUN, actor="ann").id
        finish_run(session, run, actor="ann", seconds=1.0, artifact=address)

    assert verify(kept, store) == []


@on_sqlite
def test_a_run_that_never_ended_is_named_with_its_checkpoints(
    kept: Sessions, store: ArtifactStore
) -> None:
    with kept.begin() as session:
        start_run(session, "intents", RUN, actor="ann")

    (problem,) = verify(kept, store)

    assert (problem.kind, problem.broken) == ("run", False)
    assert f"its checkpoints are in {RUN.folder}" in problem.what


@on_sqlite
def test_the_broken_stands_before_what_was_left_behind(
    kept: Sessions, store: ArtifactStore
) -> None:
    (store.root / "notes.txt").touch()
    tamper(kept, "UPDATE deployment SET stable = 2")

    assert [problem.broken for problem in verify(kept, store)] == [True, False]
