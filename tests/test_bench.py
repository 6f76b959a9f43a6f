"""What the measurements of serving stand on: their generator counts right, their bars hold."""

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.serving.running import Running, Shelf, running
from textwright.recipe.file import read_recipe

BENCH = Path(__file__).parents[1] / "bench"
PREDICT = "/api/v1/models/intents/predict"


@pytest.fixture(scope="module")
def generator() -> Iterator[ModuleType]:
    sys.path.insert(0, str(BENCH))
    yield importlib.import_module("generator")
    sys.path.remove(str(BENCH))


@pytest.fixture(scope="module")
def rounds(generator: ModuleType) -> ModuleType:
    assert generator.__file__ is not None  # the folder is on the path
    return importlib.import_module("rounds")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    shelf = Shelf(tmp_path_factory.mktemp("server"))
    shelf.deploy("intents", 3)
    with running(shelf) as found:
        yield found


def bodies(*texts: str) -> list[str]:
    return [json.dumps({"inputs": [text]}, ensure_ascii=False) for text in texts]


def test_every_text_is_asked_once_and_its_answer_given_back(
    generator: ModuleType, server: Running
) -> None:
    texts = ["will it rain", "where is my card", "歌"] * 7

    found = generator.generate(generator.Job(server.port, PREDICT, bodies(*texts), 4))

    labels = [json.loads(each)["answers"][0]["label"] for each in found["answers"]]
    assert labels == ["weather", "card", "music"] * 7
    assert (found["requests"], found["errors"]) == (21, 0)
    assert 0 < found["p50_ms"] <= found["p99_ms"]


def test_a_timed_load_counts_what_was_not_answered_as_errors(
    generator: ModuleType, server: Running
) -> None:
    broken = ['{"inputs": []}']

    found = generator.generate(generator.Job(server.port, PREDICT, broken, 2, 0.2))

    assert found["requests"] > 0
    assert found["errors"] == found["requests"]
    assert found["rate"] == 0


@pytest.mark.parametrize(
    ("response", "size"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 40),
        (b"HTTP/1.1 200 OK\r\ncontent-length:2\r\n\r\n{}HTTP", 39),
        (b"HTTP/1.1 200 OK\r\nContent-Le", None),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", None),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 59),
    ],
)
def test_the_length_of_a_response_is_read_off_its_head(
    generator: ModuleType, response: bytes, size: int | None
) -> None:
    assert generator.response_size(response) == size


def test_a_bar_is_kept_from_a_ratio_of_one(rounds: ModuleType) -> None:
    assert rounds.at_most("p99", "ms", 200.0, 250.0).ratio == 1.25
    assert rounds.at_most("p99", "ms", 500.0, 250.0).ratio == 0.5
    assert rounds.at_most("lost", "records", 0, 0.0).ratio == 1.0
    assert rounds.at_most("lost", "records", 1, 0.0).ratio == 0.0
    assert rounds.at_least("goodput", "share", 0.45, 0.9).ratio == 0.5


@pytest.fixture(scope="module")
def scores(generator: ModuleType) -> ModuleType:
    assert generator.__file__ is not None  # the folder is on the path
    return importlib.import_module("scores")


def test_every_bar_names_a_recipe_and_metrics_that_its_task_has(scores: ModuleType) -> None:
    for bar in scores.BARS:
        path = BENCH.parent / "examples" / f"{bar.recipe}.toml"
        seeds = [f"{name}=8" for name in bar.seeded]
        recipe = read_recipe(path, [*bar.overrides, *bar.quick, *seeds])

        assert bar.metrics
        assert recipe.training.epochs == 1 or not bar.quick
        assert not bar.before or (path.parents[1] / bar.before).is_file()
    assert len({bar.line for bar in scores.BARS}) == len(scores.BARS)


def test_a_score_stands_beside_each_baseline_that_has_it(scores: ModuleType) -> None:
    run = {"baseline": {"name": "lead", "rouge1": 10.0}, "second_baseline": {"name": "TextRank"}}

    (row,) = scores.stand_beside("mails: rouge1", "rouge1", 25.0, run)
    (alone,) = scores.stand_beside("poems: bits", "bits", 5.0, {})

    assert (row.peer_name, row.peer, row.ratio) == ("lead", 10.0, 2.5)
    assert (alone.ours, alone.peer, alone.ratio) == (5.0, None, None)
    assert scores.ratio(5.0, 0.0) == 0.0
