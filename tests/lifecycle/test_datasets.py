"""Data sets and the runs they went into."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from tests.lifecycle.conftest import on_sqlite
from tests.lifecycle.test_registry import RUN
from textwright.errors import RefusedError
from textwright.lifecycle.database import Sessions
from textwright.lifecycle.datasets import (
    NewDataset,
    add_dataset,
    add_run_datasets,
    read_run_datasets,
)
from textwright.lifecycle.records import compare_records
from textwright.lifecycle.registry import start_run

TRAIN = NewDataset("a" * 64, 120, ("label", "text"), "train.jsonl")
TEST = NewDataset("b" * 64, 30, ("label", "text"), "test.jsonl")
GIVEN = replace(RUN, datasets={"train": TRAIN.digest, "test": TEST.digest})


def test_the_same_rows_from_another_file_are_the_same_data_set(sessions: Sessions) -> None:
    with sessions.begin() as session:
        first = add_dataset(session, TRAIN)
        again = add_dataset(session, replace(TRAIN, source="copy.jsonl"))

    assert (again.id, again.source, again.rows) == (first.id, "train.jsonl", 120)


def test_a_run_tells_its_data_sets(sessions: Sessions) -> None:
    with sessions.begin() as session:
        run = start_run(session, "intents", GIVEN, actor="ann")
        add_run_datasets(session, run, {"train": TRAIN, "test": TEST})
        add_run_datasets(session, run, {"train": TRAIN, "test": TEST})  # a resumed run

    with sessions() as session:
        found = read_run_datasets(session, run.id)
        assert {role: each.source for role, each in found.items()} == {
            "train": "train.jsonl",
            "test": "test.jsonl",
        }
        assert compare_records(session) == []


def test_a_data_set_the_run_was_not_begun_with_is_refused(sessions: Sessions) -> None:
    with sessions.begin() as session:
        run = start_run(session, "intents", GIVEN, actor="ann")

        with pytest.raises(RefusedError, match="not begun with this test set"):
            add_run_datasets(session, run, {"test": TRAIN})


@on_sqlite
def test_a_run_given_another_data_set_behind_the_journal_is_found(sessions: Sessions) -> None:
    with sessions.begin() as session:
        run = start_run(session, "intents", GIVEN, actor="ann")
        add_run_datasets(session, run, {"train": TRAIN, "test": TEST})
        session.execute(text("UPDATE run_dataset SET dataset_id = 2 WHERE role = 'train'"))

    with sessions() as session:
        assert compare_records(session) == ["The train set of run 1 is not what the journal says."]
