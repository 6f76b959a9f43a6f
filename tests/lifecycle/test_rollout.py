"""Moves of the deployment row, on a file of SQLite and on PostgreSQL."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from textwright.errors import RefusedError, UnknownNameError
from textwright.lifecycle.database import Sessions
from textwright.lifecycle.evidence import record_verdicts
from textwright.lifecycle.gates import Outcome, Verdict
from textwright.lifecycle.history import describe
from textwright.lifecycle.journal import read_events
from textwright.lifecycle.registry import NewVersion, add_model, add_version, find_version
from textwright.lifecycle.rollout import MOVES, Move, promote, read_deployment, rollback

PASS = Verdict("accuracy at least 0.9", "pass", {"value": 0.95, "limit": 0.9}, "It is 0.95.")


@pytest.fixture
def three(sessions: Sessions) -> Sessions:
    """Hold the model intents with three versions that passed their gates."""
    with sessions.begin() as session:
        for letter in "abc":
            add_gated(session, letter, [PASS])
    return sessions


def add_gated(
    session: Session, letter: str, verdicts: Sequence[Verdict], *, evaluated: bool = True
) -> str:
    """Add a version of intents with its verdicts; gives its name."""
    add_model(session, "intents", actor="ann")
    new = NewVersion(letter * 64, None, {"accuracy": 0.95}, evaluated)
    version, _ = add_version(session, "intents", new, actor="ann")
    record_verdicts(session, version, verdicts, actor="ann")
    return version.name


def go(sessions: Sessions, reference: str) -> Move:
    """Promote in a transaction of its own."""
    with sessions.begin() as session:
        version = find_version(session, reference)
        return promote(session, version, actor="ann", reason="better")


def back(sessions: Sessions) -> Move:
    """Roll back in a transaction of its own."""
    with sessions.begin() as session:
        return rollback(session, "intents", actor="ben", reason="worse")


def production(sessions: Sessions) -> tuple[int | None, str, int]:
    """Give stable version, state and generation, and see that the journal says the same."""
    with sessions() as session:
        row = read_deployment(session, "intents")
        moves = read_events(session, "intents", kinds=MOVES)
        assert len(moves) == row.generation
        assert not moves or moves[0].details["deployment"]["stable"] == row.stable
        return row.stable, row.state, row.generation


def test_a_version_that_passed_its_gates_goes_to_production(three: Sessions) -> None:
    assert production(three) == (None, "idle", 0)

    assert go(three, "intents@2") == Move(True, "intents", 2, None, 1)

    assert production(three) == (2, "promoted", 1)


def test_promoting_what_is_in_production_writes_nothing_and_says_so(three: Sessions) -> None:
    go(three, "intents@2")

    assert go(three, "intents@2") == Move(False, "intents", 2, None, 1)
    assert go(three, "intents@2").moved is False
    assert production(three) == (2, "promoted", 1)


def test_rolling_back_goes_back_one_after_the_other_and_never_forward(three: Sessions) -> None:
    for number in (1, 2, 3):
        go(three, f"intents@{number}")

    assert back(three) == Move(True, "intents", 2, 3, 4)
    assert back(three) == Move(True, "intents", 1, 2, 5)
    with pytest.raises(RefusedError, match="nothing to go back to"):
        back(three)
    assert production(three) == (1, "rolled_back", 5)


def test_a_version_promoted_after_a_rollback_goes_back_to_the_one_it_replaced(
    three: Sessions,
) -> None:
    for number in (1, 2):
        go(three, f"intents@{number}")
    back(three)
    go(three, "intents@3")

    assert back(three).stable == 1


def test_the_first_promotion_has_nothing_before_it(three: Sessions) -> None:
    with pytest.raises(RefusedError, match="nothing to go back to"):
        back(three)
    go(three, "intents@1")
    with pytest.raises(RefusedError, match="nothing to go back to"):
        back(three)


@pytest.mark.parametrize("outcome", ["fail", "unknown"])
def test_a_version_with_a_gate_not_passed_is_refused_with_its_numbers(
    three: Sessions, outcome: Outcome
) -> None:
    failed = Verdict("f1 at least 0.9", outcome, {"value": 0.88, "limit": 0.9}, "It is 0.88.")
    with three.begin() as session:
        name = add_gated(session, "d", [PASS, failed])

    with pytest.raises(RefusedError, match=rf"f1 at least 0\.9: {outcome}\. It is 0\.88") as error:
        go(three, name)

    assert "accuracy" not in error.value.what
    assert production(three) == (None, "idle", 0)


def test_an_unevaluated_version_is_refused(three: Sessions) -> None:
    with three.begin() as session:
        name = add_gated(session, "d", [], evaluated=False)

    with pytest.raises(RefusedError, match="unevaluated"):
        go(three, name)


def test_a_version_whose_gates_were_not_judged_is_refused(three: Sessions) -> None:
    with three.begin() as session:
        new = NewVersion("d" * 64, None, {"accuracy": 0.95}, True)
        version, _ = add_version(session, "intents", new, actor="ann")

    with pytest.raises(RefusedError, match="textwright gate intents@4"):
        go(three, version.name)


def test_a_version_that_has_no_gates_passes_once_that_was_judged(three: Sessions) -> None:
    with three.begin() as session:
        name = add_gated(session, "d", [])

    assert go(three, name).moved


def test_only_the_newest_round_of_verdicts_counts(three: Sessions) -> None:
    failed = Verdict("accuracy at least 0.9", "fail", {"value": 0.8, "limit": 0.9}, "It is 0.8.")
    with three.begin() as session:
        name = add_gated(session, "d", [failed])
        record_verdicts(session, find_version(session, name), [PASS], actor="ann")
    assert go(three, name).moved

    with three.begin() as session:
        record_verdicts(session, find_version(session, "intents@1"), [failed], actor="ann")
    with pytest.raises(RefusedError):
        go(three, "intents@1")


def test_promoters_that_take_it_as_it_is_all_move_one_after_the_other(three: Sessions) -> None:
    def attempt(number: int) -> bool:
        return go(three, f"intents@{number % 3 + 1}").moved

    with ThreadPoolExecutor(max_workers=4) as pool:
        moved = sum(pool.map(attempt, range(12)))

    assert production(three)[2] == moved


def test_a_move_that_fails_before_its_end_leaves_the_pointer_and_no_event(three: Sessions) -> None:
    go(three, "intents@1")

    def interrupted() -> None:
        with three.begin() as session:
            promote(session, find_version(session, "intents@2"), actor="ann", reason="")
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        interrupted()

    assert production(three) == (1, "promoted", 1)


def test_the_database_refuses_a_version_that_the_model_does_not_have(three: Sessions) -> None:
    def forge() -> None:
        with three.begin() as session:
            read_deployment(session, "intents").stable = 9

    with pytest.raises(IntegrityError):
        forge()


@pytest.mark.parametrize("share", [-0.01, 1.01])
def test_the_database_refuses_a_share_outside_0_to_1(three: Sessions, share: float) -> None:
    def forge() -> None:
        with three.begin() as session:
            read_deployment(session, "intents").share = share

    with pytest.raises(IntegrityError):
        forge()


def test_an_unknown_model_has_no_deployment(three: Sessions) -> None:
    with three() as session, pytest.raises(UnknownNameError, match="Did you mean 'intents'"):
        read_deployment(session, "intent")


def test_the_history_reads_as_sentences(three: Sessions) -> None:
    go(three, "intents@1")
    go(three, "intents@2")
    back(three)

    with three() as session:
        told = [describe(each) for each in read_events(session, "intents", limit=5)]

    assert told == [
        "production went back from intents@2 to intents@1: worse",
        "intents@2 went to production, after intents@1: better",
        "intents@1 went to production: better",
        "intents@3 was gated: accuracy at least 0.9 pass",
        f"intents@3 was registered, artifact {'c' * 12}",
    ]
