"""Promotions under load: nothing dropped, nothing mixed, no version before or after its time."""

import http.client
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Event
from time import monotonic

import pytest

from tests.serving.household import Household, make_household
from tests.serving.running import QUICK, Running, running_one, wait_until
from textwright.lifecycle.artifacts import ArtifactStore
from textwright.serving.deployments import database_source
from textwright.serving.keep import Keep
from textwright.serving.options import Options
from textwright.serving.server import Server

CONNECTIONS = 4
TEXTS = ["rain", "will it rain", "snow tomorrow", "rain"] * 3
STRENGTHS = {1: 1.0, 2: 2.0}  # so that a version is known by its scores


@dataclass
class Answered:
    """A request: when it was sent, when answered, by which version, and the scores."""

    sent: float
    received: float
    status: int
    version: int
    scores: tuple[float, ...]


@dataclass
class Reign:
    """A version's time in production: from its promotion until the next one is seen to answer."""

    version: int
    begins: float
    ends: float = field(default=float("inf"))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Household]:
    made = make_household(tmp_path / "home")
    for strength in STRENGTHS.values():
        made.register(strength=strength)
    made.promote("intents@1")
    yield made
    made.sessions.close()


def keep_asking(port: int, done: Event) -> list[Answered]:
    """Send requests over one connection until told to end."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    body = json.dumps({"inputs": TEXTS})
    headers = {"Content-Type": "application/json"}
    answered = []
    while not done.is_set():
        sent = monotonic()
        connection.request("POST", "/api/v1/models/intents/predict", body, headers)
        response = connection.getresponse()
        told = json.loads(response.read())
        scores = tuple(round(each["score"], 6) for each in told.get("answers", ()))
        answered.append(
            Answered(sent, monotonic(), response.status, told.get("version", 0), scores)
        )
    connection.close()
    return answered


def answers_now(server: Running, version: int) -> bool:
    found: int = server.server.loader.live["intents"].target.version
    return found == version


def promote_in_turn(house: Household, server: Running, count: int) -> list[Reign]:
    """Promote one version and the other, each as soon as the one before answers."""
    reigns = [Reign(1, 0.0)]
    for turn in range(count):
        version = 2 - turn % 2
        reigns.append(Reign(version, monotonic()))
        house.promote(f"intents@{version}")
        wait_until(partial(answers_now, server, version), timeout_s=30)
        reigns[-2].ends = monotonic()
    return reigns


@pytest.mark.parametrize("count", [10, pytest.param(100, marks=pytest.mark.faults)])
def test_promotions_under_load_drop_nothing_and_mix_nothing(house: Household, count: int) -> None:
    settings = house.settings
    source = database_source(settings.database, ArtifactStore(settings.artifacts))
    options = Options(port=0, limits=QUICK)
    done = Event()
    with (
        running_one(lambda: Server(source, options, Keep(settings))) as server,
        ThreadPoolExecutor(CONNECTIONS) as pool,
    ):
        load = [pool.submit(keep_asking, server.port, done) for _ in range(CONNECTIONS)]
        try:
            reigns = promote_in_turn(house, server, count)
        finally:
            done.set()
        answered = [each for one in load for each in one.result(20)]
    print(f"{count} promotions, {len(answered)} requests")
    assert {each.status for each in answered} == {200}
    assert {each.version for each in answered} == {1, 2}
    assert len({(each.version, each.scores) for each in answered}) == 2
    for each in answered:
        assert any(
            each.version == reign.version
            and each.received >= reign.begins
            and each.sent <= reign.ends
            for reign in reigns
        ), each
