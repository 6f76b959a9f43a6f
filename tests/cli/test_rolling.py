"""The commands that move versions, as they are typed."""

import json
from pathlib import Path

import pytest

from tests.commands import Run
from tests.lifecycle.test_webhooks import Receiver, receiver
from textwright.lifecycle.counts import add_counts
from textwright.lifecycle.tables import utc_now
from textwright.lifecycle.tally import Counted
from textwright.settings import Settings
from textwright.workflow.opening import open_keep

__all__ = ["receiver"]
STRICT = '[{rule = "at_least", value = 0.999999}]'


@pytest.fixture
def running(run: Run, home: Settings) -> Run:
    """Put intents@1 into production."""
    assert home
    assert run("promote", "intents@1").code == 0
    return run


def test_a_canary_is_begun_after_saying_what_its_guards_are_good_for(running: Run) -> None:
    done = running("promote", "intents@2", "--canary", "0.1", "--reason", "try it")

    assert done.code == 0
    for part in ("errors", "slow", "touched", "chance of at most 0.01"):
        assert part in done.out
    assert "intents@2 answers 0.1 of the callers of intents@1." in done.out
    assert running("models", "--json").json["models"][0]["production"] == 1


def test_a_canary_as_json(running: Run) -> None:
    found = running("promote", "intents@2", "--canary", "0.2", "--json").json

    assert (found["moved"], found["production"], found["candidate"]) == (True, 1, "intents@2")
    small, large, slow = found["detection"]
    assert small["requests"] > large["requests"] > 0
    assert slow["guard"] == "slow"


def test_a_shadow_is_begun_and_goes_on_to_the_recipes_steps(running: Run) -> None:
    done = running("promote", "intents@2", "--shadow")
    advanced = running("rollout", "advance", "intents", "--json")

    assert "intents@2 runs in the shadow of intents@1." in done.out
    assert "disagreement" in done.out
    assert advanced.json["share"] == 0.01


def test_a_rollout_is_steered_to_production(running: Run) -> None:
    running("promote", "intents@2", "--canary", "0.4")

    assert "stays at its step" in running("rollout", "hold", "intents").out
    assert running("status", "--json").json["deployments"][0]["held"] is True
    assert "goes on" in running("rollout", "resume", "intents").out
    assert "0.5 of the callers" in running("rollout", "advance", "intents").out
    assert "is in production, after intents@1" in running("rollout", "advance", "intents").out
    assert running("models", "--json").json["models"][0]["production"] == 2


def test_rollback_drops_the_candidate_first(running: Run) -> None:
    running("promote", "intents@2", "--canary", "0.1")

    dropped = running("rollback", "intents")

    assert "The candidate intents@2 is dropped; intents@1 stays." in dropped.out
    assert running("rollback", "intents").code == 1


def test_a_rollout_is_aborted_once(running: Run) -> None:
    running("promote", "intents@2", "--canary", "0.1")

    assert "is dropped" in running("rollout", "abort", "intents").out
    assert running("rollout", "abort", "intents").code == 1


def test_a_direct_promotion_says_that_a_rollout_ended(running: Run) -> None:
    running("promote", "intents@2", "--canary", "0.1")

    done = running("promote", "intents@1")

    assert (done.code, "rollout of intents@2 ended" in done.err) == (0, True)


@pytest.mark.parametrize("share", ["0", "1", "1.5", "-0.1"])
def test_a_share_outside_0_to_1_is_wrong_usage(running: Run, share: str) -> None:
    done = running("promote", "intents@2", f"--canary={share}")

    assert (done.code, "between 0 and 1" in done.err) == (2, True)
    assert running("status", "--json").json["deployments"][0]["state"] == "promoted"


def test_a_canary_without_production_is_refused(run: Run, home: Settings) -> None:
    assert home
    done = run("promote", "intents@2", "--canary", "0.1")

    assert (done.code, "nothing in production" in done.err) == (1, True)


@pytest.mark.usefixtures("demo")
def test_a_failed_gate_is_overridden_with_a_reason_alone(run: Run) -> None:
    run("train", "intents.toml", "--set", f"gates={STRICT}")

    assert run("promote", "intents@1").code == 1
    assert run("promote", "intents@1", "--override").code == 2
    assert run("promote", "intents@1", "--override", "--reason", "the old one is down").code == 0
    event = run("history", "intents", "--json").json["events"][-1]
    assert event["details"]["override"]["role"] == "direct"
    assert event["details"]["override"]["verdicts"][0]["outcome"] == "fail"


def test_watch_judges_what_servers_counted(running: Run, home: Settings) -> None:
    running("promote", "intents@2", "--canary", "0.1")
    shift_start(home, minutes=30)
    minute = int(utc_now().timestamp()) // 60
    with open_keep(home) as keep, keep.sessions.begin() as session:
        add_counts(
            session,
            [
                Counted("intents", minute - 5, version, "errors", 100, bad)
                for version, bad in ((1, 1), (2, 60))
            ],
        )

    assert "roll_back, a guard proved the candidate worse" in running("watch", "--once").out
    assert running("watch", "--once").out == ""
    told = running("status").out
    assert "rolled_back" in told
    assert "Guards" not in told


def test_status_shows_guards_of_a_rollout_under_way(running: Run) -> None:
    running("promote", "intents@2", "--canary", "0.1")
    assert "hold, a guard has no data" in running("watch", "--once").out

    told = running("status").out

    for part in ("canary", "1 of 2", "errors", "no_data", "Guards of intents@2"):
        assert part in told


def shift_start(home: Settings, *, minutes: int) -> None:
    """Let the judge begin to read earlier, as if the rollout had begun then."""
    from textwright.lifecycle.rollout import read_deployment

    with open_keep(home) as keep, keep.sessions.begin() as session:
        row = read_deployment(session, "intents")
        row.guard_state = {"looked": row.guard_state["looked"] - minutes}


def test_a_recipe_says_how_its_versions_roll_out(run: Run, demo: Path) -> None:
    assert demo
    run("train", "intents.toml")
    run("promote", "intents@1")
    run(
        "train",
        "intents.toml",
        "--set",
        "encoder.word_ngrams=3",
        "--set",
        "rollout.steps=[0.3,0.6]",
    )

    shadow = run("promote", "intents@2", "--shadow", "--json")
    run("rollout", "advance", "intents")

    assert shadow.code == 0
    row = run("status", "--json").json["deployments"][0]
    assert (row["share"], row["step"], row["steps"]) == (0.3, 1, 2)
    assert json.dumps(row)


def test_watch_tells_webhooks_as_a_server_does(
    running: Run, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXTWRIGHT_WEBHOOK_TARGETS", "127.0.0.1")
    running("webhooks", "add", receiver.url, "--kind", "promoted")
    running("promote", "intents@2")

    assert "webhooks: 1 told, 0 failed, 0 given up" in running("watch", "--once").out
    assert json.loads(receiver.got[0][1])["subject"] == "intents@2"
    assert running("watch", "--once").out == ""


def test_a_rollout_begun_says_that_a_server_takes_part_and_how_to_watch_it(running: Run) -> None:
    done = running("promote", "intents@2", "--canary", "0.1")

    assert "A running `textwright serve` takes part" in done.out
    assert "`textwright status`" in done.out
