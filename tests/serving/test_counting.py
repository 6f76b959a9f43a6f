"""What is counted of the requests of a rollout, and how it reaches the database."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from time import sleep
from typing import Any, cast

import pytest

from tests.serving.household import Household, make_household
from tests.serving.running import QUICK, Running, Shelf, running, wait_until
from tests.serving.test_crowds import connected, post
from tests.serving.test_live import GUARDED
from textwright.errors import DatabaseError, DeadlineError, InvalidInputError, OverloadedError
from textwright.lifecycle.counts import read_counts
from textwright.lifecycle.tally import Counted
from textwright.serving.counting import ALL_MINUTES, Counting
from textwright.serving.deployments import Deployment
from textwright.serving.keep import Keep
from textwright.serving.predict import Asked, Done, Left, Prediction
from textwright.serving.queues import Outcome

MINUTE = 29_000_000
AT = MINUTE * 60.0 + 1
BOTH = replace(GUARDED, guards=("errors", "slow", "disagreement"))
BROKEN = RuntimeError("the network broke")


@pytest.fixture
def counting(shelf: Shelf) -> Iterator[Counting]:
    """Give the counting of a server with a rollout of version 2 against version 1."""
    roll_out(shelf, "salt")
    with running(shelf) as server:
        yield counting_of(server)


def counting_of(server: Running) -> Counting:
    found: Counting = server.server.rollouts.counting
    return found


def roll_out(shelf: Shelf, salt: str) -> None:
    if "intents" not in shelf.targets:
        shelf.deploy("intents", 1)
        shelf.make("intents", 2, strength=2.0)
    stable = shelf.targets["intents"]
    candidate = replace(stable, version=2, address=shelf.kept["intents"][2])
    shelf.rows = {"intents": Deployment(stable, candidate, candidate, 0.5, salt, BOTH)}


def done(
    outcomes: Sequence[Outcome | None] = (None,), *, version: int = 1, caller: str = "",
    name: str = "intents", seconds: float = 0.01, at: float = AT, timeout_s: float | None = None,
) -> Done:  # fmt: skip
    """Make an answered request; None stands for any answer."""
    asked = Asked(name, ["rain"] * len(outcomes), caller, timeout_s=timeout_s)
    given = Prediction("intents", version, ["id"] * len(outcomes), list(outcomes))
    return Done(asked, given, at, seconds, live=cast(Any, None))  # no count depends on it


def sums(counting: Counting, minute: int = MINUTE + 1) -> dict[tuple[int, str], tuple[int, int]]:
    """Collect, and give units and bad ones by version and guard."""
    counting.collect(minute)
    return {(key[2], key[3]): (each[0], each[1]) for key, each in counting.spool.items()}


def test_each_version_is_counted_apart_for_each_guard(counting: Counting) -> None:
    counting.count(done())
    counting.count(done(version=2, seconds=0.3))
    counting.count(done([None, BROKEN], version=2))
    assert sums(counting) == {
        (1, "errors"): (1, 0),
        (1, "slow"): (1, 0),
        (2, "errors"): (2, 1),
        (2, "slow"): (2, 1),
    }


def test_a_caller_counts_once_in_a_window_and_who_is_unknown_always(counting: Counting) -> None:
    for _ in range(3):
        counting.count(done(caller="ann"))
        counting.count(done())
    assert sums(counting)[1, "errors"] == (4, 0)


@pytest.mark.parametrize(
    ("error", "timeout_s", "bad"),
    [
        (BROKEN, None, 1),
        (DeadlineError("Late.", "Wait."), None, 1),
        (DeadlineError("Late.", "Wait."), 60.0, 1),
        (DeadlineError("Late.", "Wait."), 0.001, 0),
        (InvalidInputError("Bad.", "Mend it."), None, 0),
        (OverloadedError("Full.", "Wait."), None, 0),
    ],
)
def test_only_our_own_failures_are_errors(
    counting: Counting, error: Exception, timeout_s: float | None, bad: int
) -> None:
    counting.count(done([error], timeout_s=timeout_s))
    assert sums(counting)[1, "errors"] == (1, bad)


def test_who_left_counts_as_slow_only_when_it_was_slow_by_then(counting: Counting) -> None:
    asked = Asked("intents", ["rain"])
    for seconds in (0.1, 5.0):
        counting.count_left(Left(asked, "intents", 2, AT, seconds))
    assert sums(counting) == {(2, "slow"): (1, 1)}


def test_who_asks_for_a_version_by_name_is_no_sample(counting: Counting) -> None:
    for name in ("intents@1", "intents@candidate", "intents@production"):
        counting.count(done(name=name))
    counting.count(done(version=7))
    assert sums(counting) == {}


def test_without_a_rollout_nothing_is_counted(shelf: Shelf) -> None:
    shelf.deploy("intents", 1)
    with running(shelf) as server:
        assert server.predict("rain").status == 200
        assert sums(counting_of(server), ALL_MINUTES) == {}


def test_only_minutes_that_are_over_are_taken(counting: Counting) -> None:
    counting.count(done())
    assert sums(counting, MINUTE) == {}
    assert sums(counting, MINUTE + 1)[1, "errors"] == (1, 0)


def test_a_new_rollout_begins_with_no_caller_counted_and_the_old_counts_are_kept(
    shelf: Shelf,
) -> None:
    roll_out(shelf, "salt")
    with running(shelf) as server:
        counting = counting_of(server)
        counting.count(done(caller="ann"))
        roll_out(shelf, "another")
        wait_until(lambda: counting.loader.deployed["intents"].row.salt == "another")
        counting.count(done(caller="ann"))
        assert sums(counting, MINUTE)[1, "errors"] == (1, 0)  # of the one that is over
        assert list(counting.tallies) == ["another"]
        assert sums(counting)[1, "errors"] == (2, 0)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Household]:
    made = make_household(tmp_path / "home")
    made.register()
    made.register(strength=2.0)
    yield made
    made.sessions.close()


def counted(house: Household) -> list[Counted]:
    with house.sessions() as session:
        return read_counts(session, "intents", since=0, before=2 * MINUTE)


def test_counts_reach_the_database_once(counting: Counting, house: Household) -> None:
    keep = Keep(house.settings)
    counting.count(done([BROKEN]))
    for _ in range(3):
        counting.write(keep, MINUTE + 1)
    keep.close()
    assert counted(house) == [
        Counted("intents", MINUTE, 1, "errors", 1, 1),
        Counted("intents", MINUTE, 1, "slow", 1, 0),
    ]
    text = counting.metrics.text()
    labels = b'{bad="yes",guard="errors",model="intents",version="1"}'
    assert b"textwright_guard_units_total" + labels + b" 1.0" in text


def test_while_the_database_is_away_counts_wait_and_are_written_when_it_is_back(
    counting: Counting, house: Household
) -> None:
    keep = Keep(house.settings)
    path = house.settings.home / "textwright.db"
    house.sessions.close()
    away = path.rename(path.with_suffix(".away"))
    for later in range(3):
        counting.count(done(at=AT + 60 * later))
        with pytest.raises(DatabaseError):
            counting.write(keep, MINUTE + 10)
    away.rename(path)
    counting.write(keep, MINUTE + 10)
    keep.close()
    assert [(each.minute - MINUTE, each.n) for each in counted(house)] == [
        (0, 1), (0, 1), (1, 1), (1, 1), (2, 1), (2, 1),
    ]  # fmt: skip
    assert not counting.spool


def test_what_waits_is_bounded_and_what_is_dropped_is_told(
    counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textwright.serving.counting.SPOOL_MINUTES", 2)
    for later in range(5):
        counting.count(done(at=AT + 60 * later))
        counting.collect(MINUTE + 10)
    assert sorted({key[1] - MINUTE for key in counting.spool}) == [3, 4]
    assert b"textwright_counts_dropped_total 6.0" in counting.metrics.text()


def test_counts_of_a_version_the_database_does_not_have_do_not_wait_for_ever(
    counting: Counting, tmp_path: Path
) -> None:
    emptied = make_household(tmp_path / "restored")
    emptied.register()
    emptied.sessions.close()
    keep = Keep(emptied.settings)
    counting.count(done(version=2))
    with pytest.raises(Exception, match="FOREIGN KEY"):
        counting.write(keep, MINUTE + 1)
    assert not counting.spool
    keep.close()


def test_an_answer_over_the_wire_is_counted(shelf: Shelf) -> None:
    roll_out(shelf, "salt")
    shelf.rows["intents"] = replace(shelf.rows["intents"], shadow=None)
    with running(shelf) as server:
        path = "/api/v1/models/intents/predict"
        for each in range(20):
            server.ask("POST", path, {"inputs": ["rain"], "caller": f"caller {each}"})
        found = sums(counting_of(server), ALL_MINUTES)
    assert found[1, "errors"][0] + found[2, "errors"][0] == 20
    assert min(found[1, "slow"][0], found[2, "slow"][0]) > 0


def test_a_client_that_goes_away_late_is_counted_as_slow(shelf: Shelf) -> None:
    roll_out(shelf, "salt")
    guarded = replace(BOTH, latency_s=0.01)
    row = replace(shelf.rows["intents"], share=1.0, guarded=guarded)
    shelf.rows = {"intents": row}
    with running(shelf, QUICK) as server:
        candidate = server.server.loader.deployed["intents"].candidate
        assert candidate is not None
        with candidate.batcher.session_free, connected(server) as leaving:
            leaving.sendall(post("rain"))
            wait_until(lambda: candidate.batcher.items == 1)
            sleep(0.05)
            leaving.close()
            wait_until(lambda: sums(counting_of(server), ALL_MINUTES) == {(2, "slow"): (1, 1)})
