"""What a server counts."""

import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textwright.lifecycle.tally import Counted, Seen, Tally

ANN = Seen("intents", 60, 1, "errors", "ann", False)


def test_the_first_request_of_a_caller_in_a_minute_counts() -> None:
    tally = Tally()

    assert tally.add(replace(ANN, bad=True))
    assert not tally.add(ANN)
    assert tally.add(replace(ANN, minute=61))
    assert tally.add(replace(ANN, caller="ben"))

    assert tally.take(100) == [
        Counted("intents", 60, 1, "errors", 2, 1),
        Counted("intents", 61, 1, "errors", 1, 0),
    ]


def test_requests_without_a_caller_are_units_of_their_own() -> None:
    tally = Tally()
    for caller in (None, "", None):
        assert tally.add(replace(ANN, caller=caller))

    assert tally.take(61) == [Counted("intents", 60, 1, "errors", 3, 0)]


def test_a_longer_window_and_more_requests_a_caller_are_settings() -> None:
    tally = Tally(per_caller=2, window=10)

    assert [tally.add(replace(ANN, minute=minute)) for minute in (60, 63, 69, 70)] == [
        True,
        True,
        False,
        True,
    ]


def test_guards_versions_and_models_count_apart() -> None:
    tally = Tally()
    others = [replace(ANN, guard="slow"), replace(ANN, version=2), replace(ANN, model="topics")]

    assert all(tally.add(each) for each in (ANN, *others))
    assert len(tally.take(61)) == 4


def test_only_minutes_that_are_over_are_taken_and_only_once() -> None:
    tally = Tally()
    tally.add(ANN)
    tally.add(replace(ANN, minute=61))

    assert tally.take(60) == []
    assert [each.minute for each in tally.take(61)] == [60]
    assert [each.minute for each in tally.take(62)] == [61]
    assert tally.take(62) == []


def test_callers_of_windows_past_are_forgotten() -> None:
    tally = Tally()
    for minute in range(60, 160):
        tally.add(replace(ANN, minute=minute))

    assert len(tally.callers) == 1


def test_a_straggler_from_the_window_before_does_not_open_it_again() -> None:
    tally = Tally(window=10)
    tally.add(replace(ANN, minute=70))

    assert not tally.add(replace(ANN, minute=69))


@given(st.lists(st.tuples(st.integers(60, 64), st.sampled_from("abc"), st.booleans())))
def test_no_caller_ever_counts_more_than_once_a_minute(
    requests: list[tuple[int, str, bool]],
) -> None:
    tally = Tally()
    for minute, caller, bad in sorted(requests):
        tally.add(Seen("intents", minute, 1, "errors", caller, bad))

    for each in tally.take(100):
        callers = {caller for minute, caller, _ in requests if minute == each.minute}
        assert each.n == len(callers)
        assert each.bad <= each.n


def test_a_clock_that_was_far_ahead_and_set_right_counts_again() -> None:
    tally = Tally(window=10)
    tally.add(replace(ANN, minute=600_000))

    assert tally.add(ANN)
    assert not tally.add(ANN)


def test_only_so_many_callers_are_remembered_and_those_known_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("textwright.lifecycle.tally.MOST_CALLERS", 3)
    tally = Tally(per_caller=2)
    counted = [tally.add(replace(ANN, caller=f"caller {each}")) for each in range(5)]

    assert counted == [True, True, True, False, False]
    assert tally.add(replace(ANN, caller="caller 0"))
    assert tally.add(replace(ANN, caller=""))
    assert tally.take(61) == [Counted("intents", 60, 1, "errors", 5, 0)]


def test_counting_imports_no_sqlalchemy() -> None:
    script = "import sys, textwright.lifecycle.tally; sys.exit('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
