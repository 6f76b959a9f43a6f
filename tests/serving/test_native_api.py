"""The native protocol over a real socket."""

import msgspec
import pytest

from tests.serving.running import Running, Shelf, running
from textwright.runtime.answer import EMPTY, UNKNOWN
from textwright.serving.limits import BatchLimits, Limits
from textwright.serving.native_api import Answered, PredictResponse
from textwright.serving.statuses import NativeFailure

PREDICT = "/api/v1/models/intents/predict"


def test_texts_are_answered_in_their_order_each_with_an_id_and_all_by_one_version(
    server: Running,
) -> None:
    answer = server.predict("play a song", "我的卡", "will it rain")
    assert answer.status == 200
    told = msgspec.json.decode(answer.body, type=PredictResponse)
    answers = [msgspec.convert(each, Answered) for each in told.answers]
    assert (told.model, told.version) == ("intents", 3)
    assert [each.label for each in answers] == ["music", "card", "weather"]
    assert len({each.id for each in answers}) == 3
    assert answers[0].score == max(answers[0].scores.values())


def test_unusual_texts_are_answered_and_say_what_is_unusual(server: Running) -> None:
    texts = ["", "quux blorb", "rain " * 20_000, "rain\x00", "rain \U0001f327", "\ufeffrain"]
    empty, unknown, long, *others = server.predict(*texts).json["answers"]
    assert empty["warning"] == EMPTY
    assert unknown["warning"] == UNKNOWN
    assert long["truncated"] is True
    assert [each["label"] for each in others] == ["weather"] * 3


def test_the_answer_is_the_same_in_a_crowd(server: Running) -> None:
    (alone,) = server.predict("a new card").json["answers"]
    crowd = server.predict("a new card", *["rain or snow " * n for n in range(200)])
    together = crowd.json["answers"][0]
    assert together["scores"] == pytest.approx(alone["scores"], abs=1e-5)


@pytest.mark.parametrize("name", ["intents@production", "intents@3", "intents%403"])
def test_the_version_that_answers_may_be_named(server: Running, name: str) -> None:
    assert server.predict("rain", name=name).json["version"] == 3


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("intent", "Did you mean 'intents'?"),
        ("weather", "Known names: intents."),
        ("intents@", "Did you mean 'intents@latest'?"),
        ("%00", "Known names: intents."),
        ("%ff%ff", "Known names: intents."),
        ("..%2f..", "Known names: intents."),
    ],
)
def test_an_unknown_model_or_version_is_answered_with_the_nearest(
    server: Running, name: str, hint: str
) -> None:
    answer = server.predict("rain", name=name)
    assert answer.status == 404
    assert answer.json["error"]["code"] == "unknown_name"
    assert answer.json["error"]["hint"] == hint


def test_a_version_that_is_named_is_asked_for_with_a_key(server: Running) -> None:
    answer = server.predict("rain", name="intents@2")
    assert (answer.status, "role operator" in answer.json["error"]["hint"]) == (401, True)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b'{"inputs": NaN}', 400),
        (b'{"inputs": ["\\ud800"]}', 400),
        (b'{"inputs": ["\xed\xa0\x80"]}', 400),
        (b'{"inputs": ["rain"]} {}', 400),
        (b'{"x":' * 100_000, 422),
        (b'{"inputs": ' + b"[" * 100_000, 422),
        (b"null", 422),
        (b"[]", 422),
        (b"{}", 422),
        (b'{"inputs": []}', 422),
        (b'{"inputs": "rain"}', 422),
        (b'{"inputs": [1]}', 422),
        (b'{"inputs": [null]}', 422),
        (b'{"inputs": [["rain"]]}', 422),
        (b'{"inputs": ["rain"], "input": "rain"}', 422),
        (b'{"inputs": ["rain"], "caller": 7}', 422),
    ],
)
def test_a_bad_body_is_refused_in_the_native_form(
    server: Running, body: bytes, status: int
) -> None:
    answer = server.ask("POST", PREDICT, body)
    assert answer.status == status
    failure = msgspec.json.decode(answer.body, type=NativeFailure).error
    assert failure.message
    assert failure.hint
    assert failure.request_id == answer.headers["x-request-id"]
    assert b"Traceback" not in answer.body


def test_too_many_texts_are_refused_and_as_many_as_allowed_answered(server: Running) -> None:
    assert server.predict(*["rain"] * 2049).status == 413
    assert len(server.predict(*["rain"] * 2048).json["answers"]) == 2048


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_not_declared_as_json_is_refused(server: Running, kind: str) -> None:
    answer = server.ask("POST", PREDICT, b'{"inputs":["rain"]}', headers={"Content-Type": kind})
    assert answer.status == 415
    assert answer.json["error"]["code"] == "not_json"


def test_json_with_a_charset_is_read(server: Running) -> None:
    kind = {"Content-Type": "application/json; charset=UTF-8"}
    assert server.ask("POST", PREDICT, {"inputs": ["rain"]}, headers=kind).status == 200


def test_a_full_queue_refuses_with_the_seconds_to_wait(shelf: Shelf) -> None:
    shelf.deploy("intents", 1)
    limits = Limits(poll_s=0.02, batch=BatchLimits(queue_items=5))
    with running(shelf, limits) as server:
        refused = server.predict(*["rain"] * 6)
        assert refused.status == 429
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.json["error"]["code"] == "overloaded"
        assert server.predict(*["rain"] * 5).status == 200
        assert b'textwright_shed_total{model="intents"} 6.0' in server.ask("GET", "/metrics").body


def test_past_its_time_a_request_is_given_up(shelf: Shelf) -> None:
    shelf.deploy("intents", 1)
    with running(shelf, Limits(poll_s=0.02, answer_s=-1.0)) as server:
        answer = server.predict("rain")
        assert answer.status == 504
        assert answer.json["error"]["code"] == "deadline"


def test_an_input_that_breaks_the_network_fails_alone(shelf: Shelf) -> None:
    shelf.deploy("intents", 1, breaks_on_rain=True)
    with running(shelf) as server:
        answer = server.predict("card", "雨", "song")
        assert answer.status == 200
        card, broken, song = answer.json["answers"]
        assert (card["label"], song["label"]) == ("card", "music")
        assert set(broken) == {"error"}
        assert broken["error"]["code"] == "internal"
        alone = server.predict("雨")
        assert alone.status == 500
        assert "indices" not in alone.body.decode()
