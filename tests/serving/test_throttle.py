"""What one key may ask, and when it may ask again."""

from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.serving.household import make_household
from tests.serving.keyed import QUICKLY, Keyed, running_house
from tests.serving.running import QUICK, Answer, wait_until
from textwright.errors import RateError
from textwright.lifecycle.roles import Caller
from textwright.serving.limits import KeyLimits
from textwright.serving.predict import Asked
from textwright.serving.throttle import REMEMBERED, Bucket, Throttle

CALLER = Caller(1, "ann", "viewer")


def test_a_second_of_tokens_may_come_at_once_and_then_the_rate_holds() -> None:
    bucket = Bucket(10.0, now=0.0)
    for _ in range(10):
        assert bucket.wait_s(0.0) == 0.0
        bucket.take(1)

    assert bucket.wait_s(0.0) == pytest.approx(0.1)
    assert bucket.wait_s(0.05) == pytest.approx(0.05)
    assert bucket.wait_s(0.1) == 0.0
    bucket.take(1)
    assert bucket.wait_s(0.1) == pytest.approx(0.1)
    assert bucket.wait_s(100.0) == 0.0
    assert bucket.tokens == 10.0


def test_a_large_request_passes_and_its_debt_is_waited_off() -> None:
    bucket = Bucket(10.0, now=0.0)
    bucket.take(1000)

    assert bucket.wait_s(0.0) == pytest.approx(99.1)
    assert bucket.wait_s(99.0) > 0.0
    assert bucket.wait_s(99.1) == 0.0


def test_a_slow_rate_lets_one_through_and_says_when_the_next_may_come() -> None:
    throttle = Throttle(KeyLimits(requests_per_s=0.1))
    throttle.enter(1)

    with pytest.raises(RateError, match=r"may ask 0\.1 times a second") as refused:
        throttle.enter(1)
    assert refused.value.retry_s == 10
    throttle.enter(2)


def test_requests_at_a_time_are_counted_down_when_they_end() -> None:
    throttle = Throttle(KeyLimits(concurrency=2))
    throttle.enter(1)
    throttle.enter(1)
    with pytest.raises(RateError, match="2 requests of this key are running"):
        throttle.enter(1)

    throttle.leave(1)

    throttle.enter(1)


def test_texts_are_charged_to_their_key_alone() -> None:
    throttle = Throttle(KeyLimits(texts_per_s=5))
    throttle.enter(1)
    throttle.charge(Asked("intents", ["a"] * 20, key=CALLER))

    with pytest.raises(RateError, match="5 texts a second") as refused:
        throttle.charge(Asked("intents", ["a"], key=CALLER))
    assert refused.value.retry_s == 4
    throttle.charge(Asked("intents", ["a"] * 20))
    throttle.enter(2)
    throttle.charge(Asked("intents", ["a"], key=Caller(2, "ben", "viewer")))


def test_keys_that_ask_nothing_are_forgotten() -> None:
    throttle = Throttle(KeyLimits(requests_per_s=1e12))
    throttle.enter(0)
    for key in range(1, 2 * REMEMBERED):
        throttle.enter(key)
        throttle.leave(key)

    assert len(throttle.uses) <= REMEMBERED
    throttle.leave(0)


def ask(keyed: Keyed, *texts: str, role: str = "viewer") -> Answer:
    return keyed.ask("POST", "/models/intents/predict", {"inputs": texts}, role=role)


def test_over_the_wire_a_key_gone_wild_is_refused_and_others_are_not(tmp_path: Path) -> None:
    house = make_household(tmp_path / "home")
    house.register()
    house.promote("intents@1")
    limits = replace(QUICK, key=KeyLimits(requests_per_s=5, texts_per_s=100, concurrency=2))
    with running_house(house, replace(QUICKLY, limits=limits)) as keyed:
        statuses = [ask(keyed, "rain") for _ in range(40)]
        refused = [each for each in statuses if each.status == 429]
        assert statuses[0].status == 200
        assert refused
        assert refused[0].json["error"]["code"] == "rate_limited"
        assert int(refused[0].headers["retry-after"]) >= 1
        assert ask(keyed, "rain", role="operator").status == 200
        assert ask(keyed, *["rain"] * 500, role="admin").status == 200
        many = ask(keyed, "rain", role="admin")
        assert many.status == 429
        assert int(many.headers["retry-after"]) in (3, 4, 5)
        assert keyed.running.predict("rain").status == 200
        check_running(keyed)
    house.sessions.close()


def check_running(keyed: Keyed) -> None:
    """See that a third request of a key is refused while two are under way."""
    keep = keyed.running.server.keep
    assert keep is not None
    held = Event()
    blocked = [keep.pool.submit(held.wait, 10) for _ in range(keep.pool._max_workers)]
    threads = [Thread(target=keyed.ask, args=("GET", "/models")) for _ in range(2)]
    for each in threads:
        each.start()
    uses = keyed.running.server.throttle.uses
    wait_until(lambda: max(use.running for use in uses.values()) == 2)
    answer = keyed.ask("GET", "/models")
    held.set()
    for thread in threads:
        thread.join(10)
    assert (answer.status, answer.json["error"]["code"]) == (429, "rate_limited")
    assert "are running" in answer.json["error"]["message"]
    assert all(each.result(10) for each in blocked)
