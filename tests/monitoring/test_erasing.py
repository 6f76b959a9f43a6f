"""How records of answers go."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.lifecycle.conftest import on_sqlite
from tests.monitoring.answers import NOON, all_bytes, count, give, name
from textwright.lifecycle.database import Sessions
from textwright.lifecycle.journal import check_chain, read_events
from textwright.lifecycle.records import compare_records
from textwright.lifecycle.tables_served import Feedback
from textwright.monitoring import erasing
from textwright.monitoring.erasing import (
    Erasure,
    empty_log,
    erase_answer,
    erase_caller,
    erase_expired,
)
from textwright.monitoring.feedback import Given, add_feedback


def test_an_answer_is_erased_with_its_feedback_and_the_journal_tells_numbers_alone(
    intents: Sessions,
) -> None:
    give(intents, 1, keep="text")
    give(intents, 2)
    with intents.begin() as session:
        add_feedback(session, [Given(name(1), "card")], actor="ann", now=NOON)

    with intents.begin() as session:
        assert erase_answer(session, name(1), actor="ann", reason="asked") == Erasure(1, 1)
    with intents.begin() as session:
        assert erase_answer(session, name(1), actor="ann", reason="asked") == Erasure(0, 0)

    assert count(intents) == 1
    with intents() as session:
        assert session.scalar(select(func.count(Feedback.prediction_id))) == 0
        (event,) = read_events(session, kinds=("records_erased",))
        assert set(event.details) == {"by", "answers", "feedback", "ids", "reason"}
        assert (event.details["answers"], event.details["reason"]) == (1, "asked")
        assert check_chain(session) == []
        assert compare_records(session) == []


def test_a_callers_answers_are_erased_and_nobody_elses(intents: Sessions) -> None:
    give(intents, 1)
    give(intents, 2)
    give(intents, 3, caller="ben@example.com")
    give(intents, 4, caller="")

    with intents.begin() as session:
        erased = erase_caller(session, "ann@example.com", actor="dpo", reason="")

    assert erased == Erasure(2, 0)
    assert count(intents) == 2
    with intents() as session:
        (event,) = read_events(session, kinds=("records_erased",))
        assert "ann" not in str(event)


def test_what_was_kept_for_its_time_is_erased_in_steps(
    intents: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "ERASED_AT_ONCE", 2)
    for number, days in enumerate([1, 1, 1, 5, 0]):
        give(intents, number, days=days)

    done = []
    for _ in range(3):
        with intents.begin() as session:
            late = NOON + timedelta(days=1)
            done.append(erase_expired(session, late, actor="textwright", reason="").answers)

    assert done == [2, 1, 0]
    assert count(intents) == 2


@on_sqlite
def test_an_erased_text_is_no_longer_in_the_files(intents: Sessions, address: str) -> None:
    for number in range(100):
        give(intents, number, keep="text", text=f"my secret is {number} strawberries")
    assert b"strawberries" in all_bytes(address)

    with intents.begin() as session:
        erase_caller(session, "ann@example.com", actor="dpo", reason="")
    empty_log(intents)

    assert b"strawberries" not in all_bytes(address)
