"""Evidence and verdicts, on a file of SQLite and on PostgreSQL."""

import math

import pytest

from textwright.errors import RefusedError
from textwright.lifecycle.database import Sessions
from textwright.lifecycle.evidence import (
    add_evidence,
    read_evidence,
    read_verdicts,
    record_verdicts,
    standing_verdicts,
)
from textwright.lifecycle.gates import Verdict, judge
from textwright.lifecycle.journal import read_events
from textwright.lifecycle.registry import NewVersion, add_model, add_version, find_version
from textwright.lifecycle.rollout import promote
from textwright.recipe.gates import AtLeast, AtMost, GateSettings

GATES: list[GateSettings] = [
    AtLeast(metric="accuracy", value=0.9),
    AtMost(metric="auroc", value=1.0),
]


@pytest.fixture
def one(sessions: Sessions) -> Sessions:
    """Hold one version, one of its scores undefined."""
    new = NewVersion("a" * 64, None, {"accuracy": 0.95, "auroc": math.nan}, True)
    with sessions.begin() as session:
        add_model(session, "intents", actor="ann")
        add_version(session, "intents", new, actor="ann")
    return sessions


def test_the_scores_of_a_version_are_evidence_and_an_undefined_one_is_none(one: Sessions) -> None:
    with one() as session:
        evidence = read_evidence(session, find_version(session, "intents@1"))

    assert evidence == {
        "scores": {"accuracy": 0.95, "auroc": None},
        "version": 1,
        "production": None,
    }


def test_the_newest_content_of_a_kind_counts_and_the_older_stays(one: Sessions) -> None:
    with one.begin() as session:
        version = find_version(session, "intents@1")
        for milliseconds in (4.0, 3.0, 3.0):
            add_evidence(session, version, "latency", {"p99_ms": milliseconds}, actor="ann")

    with one() as session:
        version = find_version(session, "intents@1")
        assert read_evidence(session, version)["latency"] == {"p99_ms": 3.0}
        assert len(read_events(session, "intents", kinds=("measured",))) == 2


def test_verdicts_come_back_as_the_gates_gave_them(one: Sessions) -> None:
    with one.begin() as session:
        version = find_version(session, "intents@1")
        verdicts = judge(GATES, read_evidence(session, version))
        assert record_verdicts(session, version, verdicts, actor="ann") == 1

    with one() as session:
        rows = read_verdicts(session, find_version(session, "intents@1"))
    assert [(row.gate, row.outcome, row.numbers, row.reason) for row in rows] == [
        (each.gate, each.outcome, each.numbers, each.reason) for each in verdicts
    ]
    assert [row.outcome for row in rows] == ["pass", "unknown"]


def test_each_judging_is_a_round_and_only_the_newest_is_read(one: Sessions) -> None:
    with one.begin() as session:
        version = find_version(session, "intents@1")
        assert read_verdicts(session, version) == []
        rounds = [
            record_verdicts(session, version, judge(gates, {"scores": version.scores}), actor="ann")
            for gates in (GATES, GATES[:1], GATES[:0])
        ]

        assert rounds == [1, 2, 3]
        assert read_verdicts(session, version) == []
        told = read_events(session, "intents", kinds=("gated",))
        assert [len(entry.details["verdicts"]) for entry in told] == [0, 1, 2]


def against(production: int | None) -> Verdict:
    return Verdict("not worse", "pass", {"production": production}, "It is better.")


def test_a_verdict_against_an_earlier_production_is_unknown_and_lets_nothing_through(
    one: Sessions,
) -> None:
    with one.begin() as session:
        first = find_version(session, "intents@1")
        record_verdicts(session, first, [against(None)], actor="ann")
        for letter in "bc":
            new = NewVersion(letter * 64, None, {"accuracy": 0.95}, True)
            version, _ = add_version(session, "intents", new, actor="ann")
            record_verdicts(session, version, [against(1)], actor="ann")
        assert standing_verdicts(session, first) == [against(None)]
        promote(session, first, actor="ann", reason="")
        promote(session, find_version(session, "intents@2"), actor="ann", reason="")

    with one() as session:
        second, third = (find_version(session, f"intents@{number}") for number in (2, 3))
        assert standing_verdicts(session, second) == [against(1)]  # in production itself
        (stale,) = standing_verdicts(session, third)
        assert stale.outcome == "unknown"
        assert "Gate it again" in stale.reason
        assert [row.outcome for row in read_verdicts(session, third)] == ["pass"]
        assert read_evidence(session, third)["production"] == 2
    with pytest.raises(RefusedError, match="Production has changed"), one.begin() as session:
        promote(session, find_version(session, "intents@3"), actor="ann", reason="")

    with one.begin() as session:
        third = find_version(session, "intents@3")
        record_verdicts(session, third, [against(2)], actor="ann")
        assert promote(session, third, actor="ann", reason="").moved
