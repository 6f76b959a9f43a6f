"""Texts that were written, on a real home: recorded, traced back, told right, and guarded."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.serving.household import Household, make_household
from tests.serving.keyed import Keyed, running_house
from tests.serving.running import QUICK, wait_until
from textwright.lifecycle.counts import add_counts
from textwright.lifecycle.judge import judge
from textwright.lifecycle.tables_served import Prediction
from textwright.lifecycle.tally import Counted
from textwright.monitoring.trace import trace
from textwright.recipe.rollout import RolloutSettings
from textwright.serving.limits import RecordLimits, RolloutLimits
from textwright.serving.options import Options

SOON = replace(QUICK, rollout=RolloutLimits(settle_s=0.0), records=RecordLimits(write_s=0.02))
BODY = {"model": "poems", "prompt": "rain", "n": 2, "max_tokens": 4, "user": "ann", "seed": 1}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Household]:
    made = make_household(tmp_path / "home")
    yield made
    made.sessions.close()


@contextmanager
def serving(house: Household, **records: object) -> Iterator[Keyed]:
    house.register("poems", writes=True, records=records)
    house.promote("poems@1")
    with running_house(house, Options(port=0, limits=SOON)) as found:
        yield found


def recorded(keyed: Keyed) -> None:
    """Wait until all is written that was noted."""
    recorder = keyed.running.server.recorder
    wait_until(lambda: recorder.noted and recorder.noted == recorder.settled)


@pytest.mark.parametrize("stream", [False, True])
def test_each_text_leads_back_to_its_version_and_to_what_was_right(
    house: Household, stream: bool
) -> None:
    with serving(house, keep="text") as keyed:
        headers = {"X-Request-Id": "mine"}
        body = {**BODY, "stream": stream}
        answer = keyed.running.ask("POST", "/v1/completions", body, headers=headers)
        assert answer.status == 200
        recorded(keyed)
        with house.sessions() as session:
            rows = {each.id: each for each in session.query(Prediction)}
            (first, second) = rows
            found = trace(session, first)
        told = keyed.ask(
            "POST",
            "/feedback",
            {
                "feedback": [
                    {"id": first, "label": rows[first].label},
                    {"id": second, "label": "no"},
                ]
            },
            role="",
        ).json["feedback"]

    assert first in answer.body.decode()
    assert found.version["name"] == "poems@1"
    assert (found.prediction["text"], found.prediction["request"]) == ("rain", "mine")
    assert len(str(rows[first].label)) == 4
    assert all(each.score is not None and each.error is None for each in rows.values())
    assert [(each["status"], each["correct"]) for each in told] == [
        ("stored", True),
        ("stored", False),
    ]


def test_what_was_written_is_not_kept_where_texts_are_not(house: Household) -> None:
    with serving(house) as keyed:
        assert keyed.running.ask("POST", "/v1/completions", BODY).status == 200
        recorded(keyed)
    with house.sessions() as session:
        rows = list(session.query(Prediction))
    assert [(each.text, each.label) for each in rows] == [(None, None)] * 2
    assert all(each.digest for each in rows)


def test_a_key_counts_a_stream_until_its_end(house: Household) -> None:
    with serving(house) as keyed:
        secret = keyed.secrets["viewer"]
        headers = {"Authorization": f"Bearer {secret}"}
        throttle = keyed.running.server.throttle
        for stream in (True, False):
            answer = keyed.running.ask(
                "POST", "/v1/completions", {**BODY, "stream": stream}, headers=headers
            )
            assert answer.status == 200
        (use,) = throttle.uses.values()
        wait_until(lambda: use.running == 0)
        assert use.texts.tokens < use.texts.room


def test_a_candidate_that_goes_round_is_rolled_back(house: Household) -> None:
    """The guards' counts as servers write them: 3 % of stable's texts go round, 30 % of its."""
    for longest in (10, 11):
        house.register("poems", writes=True, max_tokens=longest)
    house.promote("poems@1")
    policy = RolloutSettings(guards=("errors", "repetition"), units=10)
    start = 30_000_000
    house.roll_out("poems@2", policy, at=start * 60.0)
    with house.sessions.begin() as session:
        rows = [
            Counted("poems", start + minute, version, guard, 50, bad)
            for minute in range(1, 6)
            for version, guard, bad in (
                (1, "errors", 0), (2, "errors", 0), (1, "repetition", 2), (2, "repetition", 15),
            )
        ]  # fmt: skip
        add_counts(session, rows)

    (found,) = judge(house.sessions, "me", now=datetime.fromtimestamp((start + 8) * 60, UTC))

    assert (found.action, found.because) == ("roll_back", "a guard proved the candidate worse")
    assert found.guards == {"errors": "continue", "repetition": "bad"}


def test_a_server_process_ends_its_streams_when_it_is_told_to_stop(house: Household) -> None:
    house.register("poems", writes=True, context=4000)
    house.promote("poems@1")
    command = [sys.executable, "-m", "textwright.cli.main", "serve", "--port", "0"]
    environment = {**os.environ, "TEXTWRIGHT_HOME": str(house.settings.home)}
    told: list[Any] = []
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as server:
        assert server.stderr is not None
        address = server.stderr.readline().split()[-1]
        with openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=9) as ai:
            found = ai.completions.create(model="poems", prompt="a", max_tokens=600, stream=True)
            for chunk in found:
                if not told:
                    server.terminate()
                told.append(chunk.choices[0])
        server.stderr.read()

    assert server.returncode == 0
    assert len("".join(each.text for each in told)) == 600
    assert told[-1].finish_reason == "length"
