"""Many who promote at once what they decided on the same generation: one wins each round."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest

from tests.lifecycle.test_registry import new_version
from textwright.errors import StaleError
from textwright.lifecycle.database import Sessions, open_database
from textwright.lifecycle.evidence import record_verdicts
from textwright.lifecycle.journal import check_chain, read_events
from textwright.lifecycle.records import compare_records
from textwright.lifecycle.registry import add_model, add_version, find_version
from textwright.lifecycle.rollout import promote, read_deployment
from textwright.serving.control import moves
from textwright.serving.control.operations import Order
from textwright.serving.control.wire import Promote

LETTERS = "abcdef"


def add_versions(sessions: Sessions, letters: str = LETTERS) -> None:
    """Register versions of intents that have no gates; the first is in production."""
    with sessions.begin() as session:
        add_model(session, "intents", actor="ann")
        for letter in letters:
            version, _ = add_version(session, "intents", new_version(letter), actor="ann")
            record_verdicts(session, version, [], actor="ann")
        promote(session, find_version(session, "intents@1"), actor="ann", reason="")


def promote_once(sessions: Sessions, place: int, aim: int, seen: int) -> str:
    """Try to move production, as the API does for who saw a generation; ``won`` or ``lost``."""
    given = Promote(version=aim)
    order = Order(f"promoter {place}", "approver", ["intents"], given, Path, match=f'"{seen}"')
    try:
        with sessions.begin() as session:
            moves.promote(session, order)
    except StaleError:
        return "lost"
    return "won"


def race(address: str, promoters: int, rounds: int) -> Counter[str]:
    """Let promoters run against one another; gives how the attempts ended."""
    chance = Random(7)
    opened = [open_database(address) for _ in range(promoters)]
    ended: Counter[str] = Counter()
    with ThreadPoolExecutor(max_workers=promoters) as pool:
        for _ in range(rounds):
            with opened[0]() as session:
                row = read_deployment(session, "intents")
            others = [each for each in range(1, len(LETTERS) + 1) if each != row.stable]
            aims = [chance.choice(others) for _ in range(promoters)]

            def attempt(place: int, aims: list[int] = aims, seen: int = row.generation) -> str:
                return promote_once(opened[place], place, aims[place], seen)

            results = list(pool.map(attempt, range(promoters)))
            assert results.count("won") == 1
            ended.update(results)
    for each in opened:
        each.close()
    return ended


def check_history(sessions: Sessions, rounds: int) -> None:
    """See that each move began where the one before had ended, and none is missing."""
    with sessions() as session:
        told = read_events(session, "intents", kinds=("promoted",), limit=rounds + 2)[::-1]
        deployments = [each.details["deployment"] for each in told]
        assert [each["generation"] for each in deployments] == list(range(1, rounds + 2))
        assert [each.details["from"] for each in told[1:]] == [
            each["stable"] for each in deployments[:-1]
        ]
        assert [*check_chain(session), *compare_records(session)] == []


def test_of_many_promoters_at_once_one_wins(sessions: Sessions, address: str) -> None:
    add_versions(sessions)

    ended = race(address, promoters=10, rounds=5)

    assert (ended["won"], ended.total()) == (5, 50)
    check_history(sessions, 5)


@pytest.mark.faults
def test_fifty_promoters_for_two_hundred_rounds(
    sessions: Sessions, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    add_versions(sessions)

    ended = race(address, promoters=50, rounds=200)

    with capsys.disabled():
        print(f"\nraces on {'PostgreSQL' if '://' in address else 'SQLite'}: {json.dumps(ended)}")
    assert (ended["won"], ended.total()) == (200, 200 * 50)
    check_history(sessions, 200)
