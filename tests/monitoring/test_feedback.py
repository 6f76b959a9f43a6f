"""Feedback joined to answers, and what a rollout's guard gets of it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from tests.monitoring.answers import NOON, give, name
from textwright.errors import InvalidInputError
from textwright.lifecycle.counts import read_counts
from textwright.lifecycle.database import Sessions
from textwright.lifecycle.registry import find_version
from textwright.lifecycle.rollout import Cause, start
from textwright.lifecycle.tables_served import Feedback
from textwright.monitoring.feedback import Given, Taken, add_feedback
from textwright.recipe.rollout import RolloutSettings

MINUTE = int(NOON.timestamp() // 60)


@pytest.fixture
def rolling(intents: Sessions) -> Sessions:
    """Begin a rollout of intents@2, an hour before noon."""
    began = NOON - timedelta(hours=1)
    with intents.begin() as session:
        version = find_version(session, "intents@2")
        policy = RolloutSettings(per_caller=2, caller_minutes=10)
        start(session, version, policy, Cause("ann", "try it", at=began), shadow=False)
    return intents


def say(
    sessions: Sessions, *given: tuple[str, str | list[str]], now: datetime = NOON
) -> list[Taken]:
    """Give feedback in a transaction of its own."""
    with sessions.begin() as session:
        words = [Given(each, label) for each, label in given]
        return add_feedback(session, words, actor="ann", now=now)


def wrong(sessions: Sessions) -> dict[tuple[int, int], tuple[int, int]]:
    """Give the counts of the guard, by minute from noon on and version."""
    with sessions() as session:
        found = read_counts(session, "intents", since=0, before=2 * MINUTE)
    return {(each.minute - MINUTE, each.version): (each.n, each.bad) for each in found}


def test_feedback_is_joined_by_the_answers_id(intents: Sessions) -> None:
    right, false = give(intents, 1), give(intents, 2)

    taken = say(intents, (right, "card"), (false, "weather"), (name(9), "card"), ("\0", "card"))

    assert taken == [
        Taken(right, "stored", correct=True),
        Taken(false, "stored", correct=False),
        Taken(name(9), "unknown"),
        Taken("\0", "unknown"),
    ]
    with intents() as session:
        rows = session.scalars(select(Feedback).order_by(Feedback.prediction_id)).all()
        assert [(each.label, each.correct, each.actor) for each in rows] == [
            ("card", True, "ann"),
            ("weather", False, "ann"),
        ]


def test_said_again_it_changes_nothing_and_something_else_replaces_it(intents: Sessions) -> None:
    answer = give(intents, 1)
    say(intents, (answer, "card"))

    assert say(intents, (answer, "card")) == [Taken(answer, "unchanged", correct=True)]
    assert say(intents, (answer, "rain")) == [Taken(answer, "changed", correct=False)]
    twice = say(intents, (answer, "rain"), (answer, "card"))
    assert [each.status for each in twice] == ["unchanged", "changed"]
    with intents() as session:
        assert session.scalars(select(Feedback.label)).all() == ["card"]


def test_abstaining_is_right_where_nothing_the_model_knows_is(intents: Sessions) -> None:
    abstained, answered = give(intents, 1, abstained=True), give(intents, 2)

    assert say(intents, (abstained, "oos"))[0].correct
    assert say(intents, (abstained, "card"))[0].correct
    assert not say(intents, (abstained, "weather"))[0].correct
    assert not say(intents, (answered, "oos"))[0].correct


def test_several_labels_are_right_in_any_order(intents: Sessions) -> None:
    answer = give(intents, 1, label="card, rain")

    assert say(intents, (answer, ["rain", "card"]))[0].correct
    assert not say(intents, (answer, ["rain"]))[0].correct


def test_an_answer_without_a_label_takes_no_feedback(intents: Sessions) -> None:
    failed = give(intents, 1, label=None, score=None, abstained=None, error="deadline")

    assert say(intents, (failed, "card")) == [Taken(failed, "unknown")]


def test_any_label_can_be_stored(intents: Sessions) -> None:
    answer = give(intents, 1)

    assert say(intents, (answer, "a\0b \ud800"))[0].status == "stored"


def test_without_a_rollout_nothing_is_counted(intents: Sessions) -> None:
    say(intents, (give(intents, 1), "weather"))

    assert wrong(intents) == {}


def test_while_a_rollout_is_under_way_the_guard_gets_what_arrives(rolling: Sessions) -> None:
    for number in range(4):
        give(rolling, number, version=1 + number % 2, caller=f"caller {number}")

    say(rolling, (name(0), "card"), (name(1), "weather"))
    say(rolling, (name(2), "weather"), (name(3), "weather"), now=NOON + timedelta(minutes=3))

    assert wrong(rolling) == {(0, 1): (1, 0), (0, 2): (1, 1), (3, 1): (1, 1), (3, 2): (1, 1)}


def test_only_the_first_word_on_an_answer_counts(rolling: Sessions) -> None:
    answer = give(rolling, 1)

    say(rolling, (answer, "card"), (answer, "weather"))
    say(rolling, (answer, "card"))

    assert wrong(rolling) == {(0, 1): (1, 0)}


def test_answers_from_before_the_rollout_do_not_count(rolling: Sessions) -> None:
    say(rolling, (give(rolling, 1, at=NOON.timestamp() - 4000), "weather"))

    assert wrong(rolling) == {}


def test_a_caller_counts_as_often_in_a_window_as_the_policy_says(rolling: Sessions) -> None:
    for number in range(9):
        give(rolling, number)

    say(rolling, (name(0), "card"))
    say(rolling, *((name(number), "weather") for number in range(1, 5)))
    say(rolling, (name(5), "weather"), now=NOON + timedelta(minutes=9))
    say(rolling, (name(6), "weather"), now=NOON + timedelta(minutes=10))

    assert wrong(rolling) == {(0, 1): (2, 1), (10, 1): (1, 1)}


def test_a_caller_whom_nobody_named_is_a_unit_each_time(rolling: Sessions) -> None:
    for number in range(5):
        give(rolling, number, caller="")

    say(rolling, *((name(number), "weather") for number in range(5)))

    assert wrong(rolling) == {(0, 1): (5, 5)}


def test_a_callers_feedback_at_once_counts_no_more_than_one_after_the_other(
    rolling: Sessions,
) -> None:
    for number in range(12):
        give(rolling, number)

    with ThreadPoolExecutor(max_workers=4) as pool:
        list(pool.map(lambda number: say(rolling, (name(number), "weather")), range(12)))

    assert wrong(rolling) == {(0, 1): (2, 2)}
    with rolling() as session:
        assert session.scalar(select(func.count(Feedback.prediction_id))) == 12


def test_a_score_is_right_within_half_a_grade(intents: Sessions) -> None:
    with intents.begin() as session:
        find_version(session, "intents@1").scores = {"spearman": 0.9, "tolerance": 0.5}
        session.flush()
    near, far, odd = (give(intents, each, label="2.4", score=2.4) for each in (1, 2, 3))

    taken = say(intents, (near, "2.9"), (far, "4"))

    assert [each.correct for each in taken] == [True, False]
    with pytest.raises(InvalidInputError, match="'good' is no number"):
        say(intents, (odd, "good"))
