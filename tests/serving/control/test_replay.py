"""A request that is sent twice, and done once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.serving.control.answers import actors, code, generation
from tests.serving.keyed import Keyed

PROMOTE = "/deployments/intents/promote"


def test_a_request_sent_twice_is_done_once(keyed: Keyed) -> None:
    body = {"version": 2}
    first = keyed.ask("POST", PROMOTE, body, idempotency_key="a")
    again = keyed.ask("POST", PROMOTE, body, idempotency_key="a")

    assert again.body == first.body
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json["moved"] is True
    assert len(actors(keyed, "promoted")) == 2
    other = keyed.ask("POST", PROMOTE, {"version": 3}, idempotency_key="a")
    assert code(other) == (422, "invalid")
    somebody = keyed.ask("POST", PROMOTE, {"version": 3}, idempotency_key="a", role="approver")
    assert somebody.json["production"] == 3


def test_a_repeat_of_what_was_refused_is_tried_again(keyed: Keyed) -> None:
    body = {"version": 1, "canary": 0.1}
    assert keyed.ask("POST", PROMOTE, body, idempotency_key="a").status == 409
    keyed.ask("POST", PROMOTE, {"version": 2})

    assert keyed.ask("POST", PROMOTE, body, idempotency_key="a").status == 200


def test_many_repeats_at_once_are_done_once(keyed: Keyed) -> None:
    with ThreadPoolExecutor(6) as pool:
        bodies = set(
            pool.map(
                lambda _: keyed.ask("POST", "/keys", {"name": "admin"}, idempotency_key="k").json[
                    "id"
                ],
                range(6),
            )
        )

    assert len(bodies) == 1


@pytest.mark.parametrize("token", ["a" * 129, "tab\tinside", "ä"])
def test_a_word_for_repeats_is_plain_and_short(shared: Keyed, token: str) -> None:
    answer = shared.ask("POST", PROMOTE, {"version": 2}, idempotency_key=token)

    assert code(answer) == (400, "malformed")
    assert generation(shared) == 1
