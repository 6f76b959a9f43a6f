"""A database of each kind, with two versions of a model whose answers may be recorded."""

import pytest

from tests.lifecycle.conftest import address, postgresql, sessions, sqlite_template
from textwright.lifecycle.database import Sessions
from textwright.lifecycle.datasets import NewDataset, add_run_datasets
from textwright.lifecycle.evidence import record_verdicts
from textwright.lifecycle.gates import Verdict
from textwright.lifecycle.registry import NewRun, NewVersion, add_version, finish_run, start_run
from textwright.lifecycle.rollout import promote

__all__ = ["address", "postgresql", "sessions", "sqlite_template"]
RECIPE = 'name = "intents"\n[data]\ntrain = "train.jsonl"\nout_of_scope = "oos"\n'
PASS = Verdict("accuracy at least 0.9", "pass", {"value": 0.95}, "It is 0.95.")


@pytest.fixture
def intents(sessions: Sessions) -> Sessions:
    """Register intents@1, which is in production, and intents@2."""
    train = NewDataset("d" * 64, 100, ("text", "label"), "train.jsonl")
    for number in (1, 2):
        with sessions.begin() as session:
            new = NewRun(RECIPE, {"train": train.digest}, number, {"cores": 2}, {"numpy": "2"})
            run = start_run(session, "intents", new, actor="ann")
            add_run_datasets(session, run, {"train": train})
            artifact = str(number) * 64
            finish_run(session, run.id, actor="ann", seconds=1.5, artifact=artifact)
            made = NewVersion(artifact, run.id, {"accuracy": 0.95}, evaluated=True)
            version, _ = add_version(session, "intents", made, actor="ann")
            record_verdicts(session, version, [PASS], actor="ann")
            if number == 1:
                promote(session, version, actor="ben", reason="the first one")
    return sessions
