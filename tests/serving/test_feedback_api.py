"""Feedback and traces over HTTP, on a real home."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.serving.household import Household, make_household
from tests.serving.keyed import Keyed, running_house
from tests.serving.running import QUICK, Answer, Shelf, running, wait_until
from textwright.lifecycle.counts import read_counts
from textwright.recipe.rollout import RolloutSettings
from textwright.serving.limits import RecordLimits, RolloutLimits
from textwright.serving.options import Options

SOON = replace(QUICK, rollout=RolloutLimits(settle_s=0.0), records=RecordLimits(write_s=0.02))
UNKNOWN = "0" * 24


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Household]:
    made = make_household(tmp_path / "home")
    made.register(records={"keep": "text"})
    made.promote("intents@1")
    yield made
    made.sessions.close()


@pytest.fixture
def keyed(house: Household) -> Iterator[Keyed]:
    with running_house(house, Options(port=0, limits=SOON)) as found:
        yield found


def answered(keyed: Keyed, *texts: str, caller: str = "") -> list[str]:
    """Give the ids of answers that are recorded by now."""
    body = {"inputs": texts, "caller": caller}
    given = keyed.ask("POST", "/models/intents/predict", body).json["answers"]
    recorder = keyed.running.server.recorder
    wait_until(lambda: recorder.noted == recorder.settled)
    return [each["id"] for each in given]


def say(keyed: Keyed, *rows: dict[str, object], role: str = "") -> Answer:
    return keyed.ask("POST", "/feedback", {"feedback": list(rows)}, role=role)


def test_feedback_is_joined_to_answers_and_what_is_unknown_says_so_alone(keyed: Keyed) -> None:
    first, second = answered(keyed, "will it rain", "my card")

    told = say(
        keyed,
        {"id": first, "label": "weather"},
        {"id": UNKNOWN, "label": "card"},
        {"id": second, "label": "music"},
    )

    assert told.status == 200
    assert told.json == {
        "matched": 2,
        "feedback": [
            {"id": first, "status": "stored", "correct": True},
            {"id": UNKNOWN, "status": "unknown", "correct": None},
            {"id": second, "status": "stored", "correct": False},
        ],
    }
    again = say(keyed, {"id": first, "label": "weather"}, {"id": second, "label": ["card"]})
    assert [each["status"] for each in again.json["feedback"]] == ["unchanged", "changed"]


def test_feedback_reaches_the_guard_of_a_rollout(house: Household, keyed: Keyed) -> None:
    house.register(strength=2.0)
    house.roll_out("intents@2", RolloutSettings(steps=(0.5,), guards=("wrong",)))
    wait_until(lambda: keyed.running.server.loader.rolling)

    for number in range(6):
        (answer,) = answered(keyed, "my card", caller=f"caller {number}")
        say(keyed, {"id": answer, "label": "music" if number % 2 else "card"})

    with house.sessions() as session:
        found = [
            each
            for each in read_counts(session, "intents", since=0, before=10**9)
            if each.guard == "wrong"
        ]
    assert (sum(each.n for each in found), sum(each.bad for each in found)) == (6, 3)


def test_who_gave_feedback_and_where_the_answer_comes_from_is_traced(keyed: Keyed) -> None:
    (answer,) = answered(keyed, "will it rain")
    say(keyed, {"id": answer, "label": "weather"}, role="viewer")

    found = keyed.ask("GET", f"/predictions/{answer}", role="viewer")

    assert found.status == 200
    assert found.json["prediction"]["text"] == "will it rain"
    assert found.json["feedback"]["actor"] == "viewer"
    assert found.json["version"]["name"] == "intents@1"
    assert found.json["moves"][0]["actor"] == "ann"
    assert keyed.ask("GET", f"/predictions/{answer}", role="").status == 401
    missing = keyed.ask("GET", f"/predictions/{UNKNOWN}")
    assert missing.status == 404
    assert "does not keep every answer" in missing.json["error"]["hint"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"feedback": []},
        {"feedback": [{"id": UNKNOWN}]},
        {"feedback": [{"id": UNKNOWN, "label": ""}]},
        {"feedback": [{"id": UNKNOWN, "label": 7}]},
        {"feedback": [{"id": UNKNOWN, "label": "a" * 10_001}]},
        {"feedback": [{"id": UNKNOWN, "label": ["a" * 1001]}]},
        {"feedback": [{"id": "0" * 65, "label": "card"}]},
        {"feedback": [{"id": UNKNOWN, "label": "card", "score": 1}]},
        {"feedback": [{"id": UNKNOWN, "label": "card"}] * 1001},
    ],
)
def test_feedback_of_another_form_is_refused(keyed: Keyed, body: object) -> None:
    assert keyed.ask("POST", "/feedback", body, role="").status == 422


def test_a_whole_text_may_be_what_is_right(keyed: Keyed) -> None:
    told = say(keyed, {"id": UNKNOWN, "label": "好" * 10_000})

    assert (told.status, told.json["matched"]) == (200, 0)


@pytest.mark.parametrize("odd", ["\0", "../x", "' OR 1=1 --", "你好"])
def test_any_id_and_label_is_taken_as_what_it_is(keyed: Keyed, odd: str) -> None:
    told = say(keyed, {"id": odd, "label": odd})

    assert (told.status, told.json["matched"]) == (200, 0)


def test_a_server_without_a_database_says_so(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.deploy("intents", 1)
    with running(shelf) as server:
        body = {"feedback": [{"id": UNKNOWN, "label": "card"}]}
        assert server.ask("POST", "/api/v1/feedback", body).status == 503
