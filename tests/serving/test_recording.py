"""What a real server over a real database records of its answers, and what it never loses."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.serving.household import Household, make_household
from tests.serving.running import QUICK, Running, running_one, wait_until
from textwright.lifecycle.artifacts import ArtifactStore
from textwright.lifecycle.journal import read_events
from textwright.lifecycle.tables import utc_now
from textwright.lifecycle.tables_served import Prediction
from textwright.serving.deployments import database_source
from textwright.serving.keep import Keep
from textwright.serving.limits import RecordLimits, RolloutLimits
from textwright.serving.options import Options
from textwright.serving.recording import Recorder, erase_expired, is_chosen, write_input
from textwright.serving.server import Server
from textwright.text.examples import Pair

SOON = replace(QUICK, rollout=RolloutLimits(settle_s=0.0), records=RecordLimits(write_s=0.02))
SECRET = "three strawberries 雨"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Household]:
    made = make_household(tmp_path / "home")
    yield made
    made.sessions.close()


@contextmanager
def serving(house: Household, limits: Any = SOON, **records: object) -> Iterator[Running]:
    """Put a version with this [records] into production and serve it."""
    name = house.register(records=records)
    house.promote(name)
    store = ArtifactStore(house.settings.artifacts)
    source = database_source(house.settings.database, store)
    options = Options(port=0, limits=limits)
    with running_one(lambda: Server(source, options, Keep(house.settings))) as server:
        yield server


def recorder(server: Running) -> Recorder:
    found: Recorder = server.server.recorder
    return found


def ids(answer: Any) -> list[str]:
    """Give the ids of a response's answers."""
    return [each["id"] for each in answer.json["answers"]]


def recorded(house: Household) -> dict[str, Prediction]:
    """Give what is recorded, by id."""
    with house.sessions() as session:
        return {each.id: each for each in session.scalars(select(Prediction))}


def settled(server: Running) -> bool:
    """Whether nothing waits to be written."""
    return recorder(server).noted == recorder(server).settled


def count(server: Running, outcome: str) -> float:
    """Give a counter of the server."""
    found = server.ask("GET", "/metrics").body.decode()
    name = f'textwright_records_total{{outcome="{outcome}"}} '
    (line,) = [each for each in found.splitlines() if each.startswith(name)]
    return float(line.removeprefix(name))


def all_bytes(house: Household) -> bytes:
    """Read the database file and its log."""
    return b"".join(path.read_bytes() for path in house.settings.home.glob("textwright.db*"))


def test_every_answer_is_recorded_with_its_version_and_request(house: Household) -> None:
    with serving(house) as server:
        body = {"inputs": ["will it rain", "my card"], "caller": "ann@example.com"}
        given = server.ask(
            "POST", "/api/v1/models/intents/predict", body, headers={"X-Request-Id": "order-7"}
        )
        wait_until(lambda: len(recorded(house)) == 2)
        assert count(server, "written") == 2

    first, second = (recorded(house)[each] for each in ids(given))
    assert (first.label, second.label, first.version) == ("weather", "card", 1)
    assert first.score == given.json["answers"][0]["score"]
    assert (first.request, first.error, first.abstained) == ("order-7", None, False)
    assert first.caller == second.caller
    assert 0 < first.seconds < 10


def test_what_was_noted_is_written_before_the_server_ends(house: Household) -> None:
    late = replace(QUICK, records=RecordLimits(write_s=600.0), rollout=RolloutLimits(settle_s=600))
    with serving(house, late) as server:
        given = server.predict("will it rain")
        assert recorded(house) == {}

    assert list(recorded(house)) == ids(given)


def test_a_text_that_fails_alone_is_recorded_with_its_error(house: Household) -> None:
    name = house.register(breaks_on_rain=True)
    with serving(house) as server:
        house.promote(name)
        wait_until(lambda: server.predict("my card").json["version"] == int(name[-1]))
        assert server.predict("雨").status == 500
        wait_until(lambda: any(each.error for each in recorded(house).values()))

    (failed,) = [each for each in recorded(house).values() if each.error]
    assert (failed.error, failed.label, failed.score) == ("internal", None, None)


def test_without_the_recipes_word_no_text_and_no_caller_reaches_the_disk(
    house: Household,
) -> None:
    with serving(house) as server:
        body = {"inputs": [SECRET], "caller": "ann@example.com"}
        server.ask("POST", "/api/v1/models/intents/predict", body)
        wait_until(lambda: recorded(house))
        found = all_bytes(house)

    assert SECRET.encode() not in found
    assert b"example.com" not in found
    assert SECRET.encode() not in all_bytes(house)


def test_the_text_is_kept_where_the_recipe_says_so_and_not_even_a_hash_where_not(
    house: Household,
) -> None:
    with serving(house, keep="text", days=0) as server:
        (kept,) = ids(server.predict(SECRET))
        wait_until(lambda: recorded(house))
    with serving(house, keep="nothing") as server:
        (bare,) = ids(server.predict(SECRET))
        wait_until(lambda: len(recorded(house)) == 2)

    found = recorded(house)
    assert (found[kept].text, found[kept].expires_at) == (SECRET, None)
    assert (found[bare].text, found[bare].digest) == (None, None)
    assert found[bare].expires_at is not None


def test_a_share_of_the_answers_is_kept_and_the_ids_tell_which(house: Household) -> None:
    with serving(house, share=0.1) as server:
        given = [each for _ in range(4) for each in ids(server.predict(*["my card"] * 500))]
        wait_until(lambda: settled(server))

    chosen = {each for each in given if is_chosen(each, 0.1)}
    assert set(recorded(house)) == chosen
    assert 140 <= len(chosen) <= 260  # of 2,000; outside once in 10^5


def test_nothing_is_kept_of_a_version_whose_share_is_zero(house: Household) -> None:
    with serving(house, share=0.0) as server:
        server.predict("my card", "will it rain")
        assert recorder(server).noted == 0


@pytest.mark.parametrize(
    "limits", [RecordLimits(spool_items=3, write_s=0.02), RecordLimits(spool_characters=30)]
)
def test_what_finds_no_room_is_dropped_and_counted_and_the_rest_is_written(
    house: Household, limits: RecordLimits
) -> None:
    with serving(house, replace(SOON, records=replace(limits, write_s=0.02))) as server:
        with closing(lock_out(house)):
            answers = [server.predict("will it rain") for _ in range(5)]
            assert [each.status for each in answers] == [200] * 5
            assert count(server, "dropped") >= 2
            waiting = recorder(server).noted
        wait_until(lambda: settled(server))

        assert len(recorded(house)) == waiting
        server.predict("will it rain")
        wait_until(lambda: len(recorded(house)) == waiting + 1)


def lock_out(house: Household) -> sqlite3.Connection:
    """Let nobody write the database until the connection is closed."""
    database = sqlite3.connect(house.settings.home / "textwright.db", isolation_level=None)
    database.execute("BEGIN IMMEDIATE")
    return database


def test_while_the_database_is_away_nothing_fails_and_nothing_is_lost(house: Household) -> None:
    house.promote(house.register())
    source = database_source(house.settings.database, ArtifactStore(house.settings.artifacts))
    rows = source.deployments()
    known = replace(source, deployments=lambda: rows)
    house.sessions.close()
    path = house.settings.home / "textwright.db"
    away = path.rename(path.with_suffix(".away"))
    options = Options(port=0, limits=SOON)

    with running_one(lambda: Server(known, options, Keep(house.settings))) as server:
        given = [each for _ in range(30) for each in ids(server.predict("rain", "card"))]
        assert recorder(server).noted == 60
        assert recorder(server).settled == 0
        away.rename(path)
        wait_until(lambda: settled(server))

    assert set(recorded(house)) == set(given)
    assert len(given) == 60


def test_a_version_that_the_database_does_not_know_holds_up_nobody(house: Household) -> None:
    with serving(house) as server:
        unknown = replace_version(server)
        wait_until(lambda: settled(server))
        assert unknown
        assert count(server, "dropped") == 1
        server.predict("my card")
        wait_until(lambda: len(recorded(house)) == 1)


def replace_version(server: Running) -> bool:
    """Note an answer of a version that was never registered."""

    def note() -> bool:
        from textwright.serving.predict import Asked, Done, Prediction

        live = server.server.loader.live["intents"]
        given = Prediction("intents", 99, ["0" * 24], [RuntimeError("x")])
        recorder(server).note(Done(Asked("intents", ["rain"]), given, 0.0, 0.0, live))
        return True

    return bool(server.on_loop(note))


def test_a_server_erases_what_was_kept_for_its_time_by_itself(house: Household) -> None:
    with serving(house, days=1) as server:
        server.predict("my card", "will it rain")
        wait_until(lambda: len(recorded(house)) == 2)
    with house.sessions.begin() as session:
        first = session.scalars(select(Prediction).order_by(Prediction.id)).first()
        assert first is not None
        first.expires_at = utc_now() - timedelta(seconds=1)
        gone = first.id
    soon = replace(SOON, records=RecordLimits(write_s=0.02, erase_s=0.02))
    with serving(house, soon, days=1):
        wait_until(lambda: len(recorded(house)) == 1)

    assert gone not in recorded(house)


def test_records_kept_for_their_time_are_erased_and_journalled(house: Household) -> None:
    with serving(house, days=1) as server:
        server.predict("my card", "will it rain")
        wait_until(lambda: len(recorded(house)) == 2)
        keep = server.server.keep
        assert keep is not None
        erase_expired(keep, utc_now())
        assert len(recorded(house)) == 2
        erase_expired(keep, utc_now() + timedelta(days=2))

    assert recorded(house) == {}
    with house.sessions() as session:
        assert session.scalar(select(func.count(Prediction.id))) == 0
        (event,) = read_events(session, kinds=("records_erased",))
        assert (event.actor, event.details["by"], event.details["answers"]) == (
            "textwright",
            "age",
            2,
        )


def test_a_pair_is_recorded_as_the_json_that_asked_for_it(house: Household) -> None:
    name = house.register("pairs", matches=True)
    house.promote(name)
    source = database_source(house.settings.database, ArtifactStore(house.settings.artifacts))
    options = Options(port=0, limits=SOON)
    pair = {"text_a": "play a song", "text_b": "play a song"}

    with running_one(lambda: Server(source, options, Keep(house.settings))) as server:
        body = {"inputs": [pair]}
        answer = server.ask("POST", "/api/v1/models/pairs/predict", body)
        wait_until(lambda: settled(server) and bool(recorded(house)))
        (found,) = recorded(house).values()

    assert found.id in ids(answer)
    assert found.label == "5"
    assert found.score == pytest.approx(5.0, abs=1e-4)
    assert write_input(Pair(**pair)) == '{"text_a":"play a song","text_b":"play a song"}'
