"""What the guards of written texts see, by hand and over a running server."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.serving.running import Running, Shelf, running, wait_until
from tests.serving.test_live import GUARDED
from textwright.serving.counting import ALL_MINUTES
from textwright.serving.deployments import Deployment, Target
from textwright.serving.written import KNOWN, LEAST, WrittenAnswers, edges_of
from textwright.tasks.generate import GenerateAnswer

GUARDS = ("errors", "length", "repetition", "cut")
CLEAN = {"length": False, "repetition": False, "cut": False}


def answer(text: str, end: str = "stop") -> GenerateAnswer:
    return GenerateAnswer(text, end, -1.0)


def known(count: int = LEAST, length: int = 20) -> WrittenAnswers:
    """Judge so many answers of stable in the first minute."""
    found = WrittenAnswers()
    for number in range(count):
        found.judge([answer(f"{number}".rjust(length, "a"))], 1, stable=True)
    return found


@pytest.mark.parametrize(
    ("texts", "bad"),
    [
        (["a" * 20], []),
        (["a" * 10], []),
        (["a" * 9], ["length"]),
        (["a" * 40], []),
        (["a" * 41], ["length"]),
        ([""], ["length"]),
        ([" \n "], ["length"]),
        (["a" * 20, ""], ["length"]),
        (["no no no no no no no"], ["repetition"]),
    ],
)
def test_an_answer_is_held_against_the_lengths_of_stables(texts: list[str], bad: list[str]) -> None:
    found = known().judge([answer(each) for each in texts], 2, stable=False)

    assert found == CLEAN | dict.fromkeys(bad, True)


def test_an_answer_cut_at_its_longest_is_told_from_one_that_ends() -> None:
    judge = known()

    assert judge.judge([answer("a" * 20, "length")], 2, stable=True)["cut"]
    assert judge.judge([answer("a" * 20), answer("a" * 20, "length")], 2, stable=True)["cut"]


def test_what_is_extreme_comes_from_the_minutes_before_alone() -> None:
    judge = known()
    for _ in range(KNOWN):
        judge.judge([answer("a" * 90)], 2, stable=True)

    assert judge.judge([answer("a" * 90)], 2, stable=False)["length"]
    assert not judge.judge([answer("a" * 90)], 3, stable=False)["length"]


def test_what_the_candidate_writes_moves_no_edge() -> None:
    judge = known()
    for _ in range(KNOWN):
        judge.judge([answer("a" * 90)], 2, stable=False)

    assert judge.judge([answer("a" * 90)], 3, stable=False)["length"]


def test_before_enough_is_known_only_an_empty_answer_is_extreme() -> None:
    judge = known(LEAST - 1)

    assert not judge.judge([answer("a" * 900)], 2, stable=False)["length"]
    assert judge.judge([answer("")], 2, stable=False)["length"]


def test_a_few_odd_answers_of_stable_move_no_edge() -> None:
    assert edges_of([20] * 96 + [1, 2, 900, 9000]) == (10.0, 40.0)
    assert edges_of([0] * 100) == (1.0, 0.0)  # then every answer with text is unlike stable's


@pytest.fixture
def rolling(shelf: Shelf) -> Iterator[Running]:
    """Serve a rollout of a version that always says the same against one that draws."""
    shelf.deploy_language("poems", 1)
    shelf.deploy_language("poems", 2, stop_at_line=True)
    stable, candidate = (Target(each, shelf.kept["poems"][each]) for each in (1, 2))
    guarded = replace(GUARDED, guards=GUARDS)
    shelf.rows = {"poems": Deployment(stable, candidate, None, 0.5, "salt", guarded)}
    with running(shelf) as found:
        yield found


def test_texts_over_the_wire_are_counted_for_both_versions(rolling: Running) -> None:
    for number in range(20):
        user = f"caller {number}"
        body = {"model": "poems", "prompt": "rain", "user": user, "max_tokens": 6}
        assert rolling.ask("POST", "/v1/completions", body).status == 200
        native = {"inputs": ["rain"], "caller": f"native {user}"}
        assert rolling.ask("POST", "/api/v1/models/poems/predict", native).status == 200
    counting = rolling.server.rollouts.counting
    counting.collect(ALL_MINUTES)

    units = {(key[2], key[3]): each for key, each in counting.spool.items()}
    assert sum(units[version, "errors"][0] for version in (1, 2)) == 40
    for guard in ("length", "repetition", "cut"):
        assert [units[each, guard][0] for each in (1, 2)] == [
            units[each, "errors"][0] for each in (1, 2)
        ]
    assert units[1, "cut"][0] == units[1, "cut"][1]  # stable never ends by itself


def test_a_model_that_writes_nothing_has_no_such_counts(shelf: Shelf) -> None:
    shelf.deploy("intents", 1)
    shelf.make("intents", 2, strength=2.0)
    stable, candidate = (Target(each, shelf.kept["intents"][each]) for each in (1, 2))
    guarded = replace(GUARDED, guards=GUARDS)
    shelf.rows = {"intents": Deployment(stable, candidate, None, 0.5, "salt", guarded)}
    with running(shelf) as server:
        assert server.predict("rain").status == 200
        counting = server.server.rollouts.counting
        counting.collect(ALL_MINUTES)
        assert {key[3] for key in counting.spool} == {"errors"}
        assert not counting.written


def test_a_rollout_that_is_over_is_forgotten(rolling: Running) -> None:
    body = {"model": "poems", "prompt": "rain", "max_tokens": 2}
    assert rolling.ask("POST", "/v1/completions", body).status == 200
    counting = rolling.server.rollouts.counting
    assert list(counting.written) == ["salt"]
    rolling.shelf.rows = {}
    rolling.shelf.targets = {"poems": rolling.server.loader.deployed["poems"].row.stable}

    def forgotten() -> bool:
        counting.collect(0)
        return not counting.written

    wait_until(forgotten)
