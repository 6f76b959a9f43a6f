"""Any order of moves, held against a model of a few lines: row, journal and model agree."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy.orm import Session

from tests.lifecycle.test_races import LETTERS, add_versions
from textwright.errors import RefusedError
from textwright.lifecycle.database import open_database
from textwright.lifecycle.journal import check_chain
from textwright.lifecycle.records import compare_records
from textwright.lifecycle.registry import find_version
from textwright.lifecycle.rollout import (
    Cause,
    advance,
    promote,
    read_deployment,
    rollback,
    start,
)
from textwright.recipe.rollout import RolloutSettings

NUMBERS = st.integers(1, len(LETTERS))
STEPS = (0.01, 0.5)
CAUSE = Cause("ann", "")
Act = Callable[[Session], object]


class Moves(RuleBasedStateMachine):
    """Promotes, rolls out and rolls back; knows what must come of it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.sessions = open_database(Path(self.folder.name) / "textwright.db", create=True)
        add_versions(self.sessions)
        self.stable, self.earlier, self.generation = 1, list[int](), 1
        self.candidate: int | None = None
        self.share, self.shadow = 0.0, False

    def teardown(self) -> None:
        """Close the database."""
        self.sessions.close()
        self.folder.cleanup()

    def act(self, act: Act) -> None:
        """Do something in a transaction."""
        with self.sessions.begin() as session:
            act(session)

    def refuse(self, act: Act) -> None:
        """Do something that must be refused."""
        with pytest.raises(RefusedError):
            self.act(act)

    def end_rollout(self) -> None:
        """Count a change that ends whatever rollout there was."""
        self.candidate, self.share, self.shadow = None, 0.0, False
        self.generation += 1

    def take_over(self, number: int) -> None:
        """Count a version as the stable one."""
        if number != self.stable:
            self.earlier.insert(0, self.stable)
        self.stable = number
        self.end_rollout()

    @rule(number=NUMBERS)
    def promote(self, number: int) -> None:
        """Put a version into production."""

        def act(session: Session) -> object:
            version = find_version(session, f"intents@{number}")
            return promote(session, version, actor="ann", reason="")

        if number == self.stable and self.candidate is None:
            self.act(act)  # it is there: nothing is written
        else:
            self.act(act)
            self.take_over(number)

    @rule(number=NUMBERS, shadow=st.booleans())
    def start(self, number: int, shadow: bool) -> None:
        """Begin a rollout."""

        def act(session: Session) -> object:
            version = find_version(session, f"intents@{number}")
            return start(session, version, RolloutSettings(steps=STEPS), CAUSE, shadow=shadow)

        if self.candidate is not None or number == self.stable:
            self.refuse(act)
            return
        self.act(act)
        self.candidate, self.shadow = number, shadow
        self.share = 0.0 if shadow else STEPS[0]
        self.generation += 1

    @rule()
    @precondition(lambda self: self.candidate is not None)
    def advance(self) -> None:
        """Take the candidate a step further."""
        candidate = self.candidate
        assert candidate is not None
        self.act(
            lambda session: advance(session, find_version(session, "intents@candidate"), CAUSE)
        )
        if self.share == STEPS[-1]:
            self.take_over(candidate)
            return
        self.share = STEPS[0] if self.shadow else STEPS[1]
        self.shadow = False
        self.generation += 1

    @rule()
    def rollback(self) -> None:
        """Drop the candidate, or go back."""

        def act(session: Session) -> object:
            return rollback(session, "intents", actor="ann", reason="")

        if self.candidate is None and not self.earlier:
            self.refuse(act)
            return
        self.act(act)
        if self.candidate is None:
            self.stable = self.earlier.pop(0)
        self.end_rollout()

    @invariant()
    def row_journal_and_model_agree(self) -> None:
        """Compare all three."""
        with self.sessions() as session:
            row = read_deployment(session, "intents")
            found = (row.stable, row.candidate, row.share, row.earlier, row.generation)
            assert [*check_chain(session), *compare_records(session)] == []
        assert row.shadow == (self.candidate if self.shadow else None)
        assert found == (self.stable, self.candidate, self.share, self.earlier, self.generation)


def play(examples: int, steps: int) -> None:
    """Play so many games of so many moves."""
    run_state_machine_as_test(
        Moves,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.slow
def test_moves_in_any_order_lead_where_the_model_says() -> None:
    play(examples=6, steps=15)


@pytest.mark.faults
def test_hundreds_of_games_lead_where_the_model_says(capsys: pytest.CaptureFixture[str]) -> None:
    play(examples=300, steps=50)
    with capsys.disabled():
        print('\nmoves in any order: {"games": 300, "moves of a game": 50, "violations": 0}')
