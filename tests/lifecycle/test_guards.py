"""Guards: exact where the algebra is, by simulation where chance is."""

import json
import math
from dataclasses import replace
from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ville import BernoulliTest
from ville.evalues import combine

from tests.lifecycle.callers import Callers, simulate
from textwright.lifecycle.detection import first_proofs
from textwright.lifecycle.guards import (
    MEMORY,
    ODDS,
    SILENT_MINUTES,
    Block,
    GuardState,
    guess_share,
    judge_guard,
    log_mean,
    one_sample,
    read_state,
    shift_odds,
    threshold,
    tolerance,
    two_samples,
    update,
    write_state,
)
from textwright.recipe.rollout import WRITTEN, RolloutSettings

POLICY = RolloutSettings()
STRICT = replace(POLICY, error_tolerance=0.0, guards=("errors",))


def binomial(n: int, bad: int, share: float) -> float:
    """Probability of ``bad`` of ``n``."""
    return math.comb(n, bad) * share**bad * (1 - share) ** (n - bad)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 6),
    st.integers(1, 6),
    st.floats(0, 1),
    st.floats(0, 0.5),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_wealth_does_not_grow_on_average_while_the_candidate_is_within_the_tolerance(
    stable: int, candidate: int, share: float, allowed: float, less: float, guess: float
) -> None:
    worst = min(1.0, share + allowed) * less  # of the candidate: anything up to the tolerance
    guessed = guess_share(100.0, 100.0 * guess)
    expected = sum(
        binomial(stable, bad_a, share)
        * binomial(candidate, bad_b, worst)
        * np.exp(two_samples(Block(stable, bad_a, candidate, bad_b), guessed, allowed))
        for bad_a in range(stable + 1)
        for bad_b in range(candidate + 1)
    )

    assert np.max(expected) <= 1 + 1e-9


def test_callers_may_differ_within_a_minute() -> None:
    stable, candidate = (0.0, 0.6), (0.5, 0.1)  # shares of two callers each; the same mean
    expected = sum(
        math.prod(
            share if bad else 1 - share for share, bad in zip(stable + candidate, fate, strict=True)
        )
        * np.exp(two_samples(Block(2, sum(fate[:2]), 2, sum(fate[2:])), 0.3, 0.0))
        for fate in np.ndindex(2, 2, 2, 2)
    )

    assert np.max(expected) <= 1 + 1e-9


def test_wealth_grows_where_the_candidate_is_worse_than_the_tolerance() -> None:
    expected = sum(
        binomial(50, bad_a, 0.1)
        * binomial(50, bad_b, 0.3)
        * two_samples(Block(50, bad_a, 50, bad_b), 0.1, 0.05)
        for bad_a in range(51)
        for bad_b in range(51)
    )

    assert np.max(expected) > 1.0


def test_without_a_tolerance_it_is_the_published_likelihood_ratio() -> None:
    block, guess = Block(7, 1, 3, 2), 0.02
    share = shift_odds(guess, ODDS)
    null = (7 * guess + 3 * share) / 10
    published = (
        np.log(guess / null)
        + 6 * np.log((1 - guess) / (1 - null))
        + 2 * np.log(share / null)
        + np.log((1 - share) / (1 - null))
    )

    assert two_samples(block, guess, 0.0) == pytest.approx(published, abs=1e-12)


def test_the_test_against_a_budget_is_that_of_another_package() -> None:
    budget, outcomes = 0.1, [0, 1, 1, 0, 0, 0, 1, 0, 1, 1, 0, 0] * 5
    points = []  # a Beta of almost no width is a point
    for share in shift_odds(budget, ODDS):
        peer = BernoulliTest(budget, prior=(share * 1e9, (1 - share) * 1e9)).fit(outcomes)
        points.append(float(peer.e_values_[-1]))
    ours = one_sample(Block(candidate=60, candidate_bad=25), budget)

    assert np.exp(ours) == pytest.approx(points, rel=1e-3)
    assert np.exp(log_mean(ours)) == pytest.approx(combine(points), rel=1e-3)


@pytest.mark.parametrize(("share", "bad"), [(0.05, False), (0.1, False), (0.3, True)])
def test_the_budget_guard_and_a_peer_agree_on_clear_cases(share: float, bad: bool) -> None:
    outcomes = np.random.default_rng(3).random((40, 50)) < share
    policy = replace(POLICY, guards=("disagreement",))
    state = GuardState()
    for minute in outcomes:
        block = Block(candidate=50, candidate_bad=int(minute.sum()))
        state = update("disagreement", policy, state, block)
    peer = BernoulliTest(policy.disagreement, alpha=policy.alpha).fit(outcomes.ravel() * 1.0)

    assert (judge_guard(policy, state) == "bad") is bad
    assert peer.rejected_ or not bad  # it is two-sided: it also finds a share that is too small


def test_a_minute_in_which_a_version_has_no_unit_changes_no_wealth() -> None:
    for block in (Block(), Block(stable=5, stable_bad=5), Block(candidate=5, candidate_bad=5)):
        assert update("errors", POLICY, GuardState(), block).wealth == GuardState().wealth


def test_stable_is_guessed_from_minutes_before_and_older_ones_count_less() -> None:
    state = update("errors", POLICY, GuardState(), Block(1000, 100, 10, 0))
    later = update("errors", POLICY, state, Block(1000, 300, 10, 0))

    assert (state.recent, state.recent_bad) == (MEMORY * 50.0 + 1000, MEMORY * 0.5 + 100)
    assert later.recent_bad == MEMORY * state.recent_bad + 300
    assert guess_share(100.0, 0.0) == 1e-4
    assert guess_share(100.0, 100.0) == 0.98


def test_a_guard_shows_the_sums_of_the_rollout() -> None:
    blocks = (Block(10, 1, 5, 2), Block(20, 0, 6, 1))
    state = reduce(lambda each, block: update("errors", POLICY, each, block), blocks, GuardState())

    assert (state.stable, state.stable_bad, state.candidate, state.candidate_bad) == (30, 1, 11, 3)


def test_the_three_verdicts_of_a_guard() -> None:
    edge = math.log(4 / 0.01)

    assert threshold(POLICY) == pytest.approx(edge)
    assert judge_guard(POLICY, GuardState()) == "no_data"
    assert judge_guard(POLICY, GuardState(candidate=1)) == "continue"
    assert judge_guard(POLICY, GuardState(candidate=1, peak=edge - 1e-9)) == "continue"
    assert judge_guard(POLICY, GuardState(candidate=1, peak=threshold(POLICY))) == "bad"
    assert judge_guard(POLICY, GuardState(candidate=1, silent=SILENT_MINUTES - 1)) == "continue"
    assert judge_guard(POLICY, GuardState(candidate=1, silent=SILENT_MINUTES)) == "no_data"


def test_silence_is_counted_and_ends_with_the_next_units_of_both() -> None:
    quiet = [Block(), Block(stable=3), Block(candidate=3)]
    state = reduce(lambda each, block: update("slow", POLICY, each, block), quiet, GuardState())
    heard = update("slow", POLICY, state, Block(stable=1, candidate=1))
    shadow = update("disagreement", POLICY, state, Block(candidate=1))

    assert (state.silent, heard.silent, shadow.silent) == (3, 0, 0)
    assert update("disagreement", POLICY, state, Block(stable=1)).silent == 4


def test_what_was_proved_stays_proved() -> None:
    proved = reduce(
        lambda each, _: update("errors", POLICY, each, Block(90, 0, 10, 10)),
        range(3),
        GuardState(),
    )
    later = reduce(
        lambda each, _: update("errors", POLICY, each, Block(90, 90, 10, 0)), range(9), proved
    )

    assert judge_guard(POLICY, proved) == judge_guard(POLICY, later) == "bad"
    assert log_mean(np.array(later.wealth)) < threshold(POLICY) <= later.peak == proved.peak


def test_each_guard_has_its_own_tolerance() -> None:
    policy = replace(POLICY, error_tolerance=0.1, slow_tolerance=0.2, wrong_tolerance=0.3)

    assert [tolerance(guard, policy) for guard in ("errors", "slow", "wrong")] == [0.1, 0.2, 0.3]
    written = replace(POLICY, length_tolerance=0.4, repetition_tolerance=0.5, cut_tolerance=0.0)
    assert [tolerance(guard, written) for guard in WRITTEN] == [0.4, 0.5, 0.0]


def test_alpha_is_split_over_the_guards_there_are() -> None:
    alone = replace(POLICY, guards=("errors",))

    assert threshold(alone) == pytest.approx(math.log(100))
    assert threshold(replace(alone, alpha=0.05)) == pytest.approx(math.log(20))


def test_a_restart_every_minute_changes_no_digit() -> None:
    random = np.random.default_rng(5)
    blocks = [
        Block(900, int(random.binomial(900, 0.01)), 100, int(random.binomial(100, 0.03)))
        for _ in range(30)
    ]
    kept, restarted = GuardState(), None
    for block in blocks:
        kept = update("errors", POLICY, kept, block)
        state = update("errors", POLICY, read_state(restarted), block)
        restarted = json.loads(json.dumps(write_state(state)))

    assert read_state(restarted) == kept
    many = [Block(*(np.array([value]) for value in vars(block).values())) for block in blocks]  # type: ignore[arg-type]
    minute = first_proofs("errors", POLICY, many)[0]
    upto = [GuardState()]
    for block in blocks:
        upto.append(update("errors", POLICY, upto[-1], block))
    assert minute >= 0
    assert judge_guard(POLICY, upto[minute]) == "continue"
    assert judge_guard(POLICY, upto[minute + 1]) == "bad"


def false_rollbacks(callers: Callers, alpha: float, *, rollouts: int, minutes: int) -> float:
    """Share of rollouts of an equal candidate that are rolled back, without any tolerance."""
    policy = replace(STRICT, alpha=alpha)
    blocks = simulate(callers, rollouts=rollouts, minutes=minutes, seed=11)
    return float((first_proofs("errors", policy, blocks) >= 0).mean())


def whole_rollouts(
    alpha: float, *, rollouts: int, minutes: int
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Tell which rollouts of an equal candidate any guard ends; each guard near its null's edge.

    The simulated traffic swings by half around its mean: so much below its budget is the share of
    disagreement.
    """
    policy = replace(
        POLICY, alpha=alpha, error_tolerance=0.0, slow_tolerance=0.0, wrong_tolerance=0.0
    )
    shares = {"errors": 0.01, "slow": 0.03, "wrong": 0.1, "disagreement": policy.disagreement / 1.5}
    proofs = [
        first_proofs(
            guard,
            policy,
            simulate(Callers(share, share), rollouts=rollouts, minutes=minutes, seed=seed),
        )
        for seed, (guard, share) in enumerate(shares.items())
    ]
    ended: np.ndarray[tuple[int], np.dtype[np.bool_]] = np.stack(proofs).max(axis=0) >= 0
    return ended


def most(alpha: float, rollouts: int) -> float:
    """Share that a rate of ``alpha`` exceeds once in a thousand times (normal approximation)."""
    return alpha + 3.1 * math.sqrt(alpha * (1 - alpha) / rollouts)


@pytest.mark.parametrize("alpha", [0.01, 0.05])
def test_an_equal_candidate_is_rarely_rolled_back_a_sample(alpha: float) -> None:
    found = false_rollbacks(Callers(0.03, 0.03, number=100), alpha, rollouts=150, minutes=60)

    assert found <= most(alpha, 150)


@pytest.mark.faults
@pytest.mark.parametrize("alpha", [0.01, 0.05])
@pytest.mark.parametrize(
    "callers",
    [
        Callers(0.01, 0.01),
        Callers(0.05, 0.05),
        Callers(0.3, 0.3),
        Callers(0.01, 0.01, spread=0.03, window=POLICY.caller_minutes),
        Callers(0.01, 0.01, spread=0.03, window=10_000),
    ],
    ids=["1 %", "5 %", "30 %", "callers that differ for good", "the same, counted once"],
)
def test_an_equal_candidate_is_rarely_rolled_back(callers: Callers, alpha: float) -> None:
    found = false_rollbacks(callers, alpha, rollouts=1000, minutes=360)

    assert found <= most(alpha, 1000)


@pytest.mark.parametrize("alpha", [0.01, 0.05])
@pytest.mark.parametrize(
    "rollouts", [pytest.param(1000, marks=pytest.mark.faults), pytest.param(100)]
)
def test_all_guards_together_spend_no_more_than_alpha(rollouts: int, alpha: float) -> None:
    minutes = 360 if rollouts == 1000 else 60
    rolled_back = whole_rollouts(alpha, rollouts=rollouts, minutes=minutes)

    assert rolled_back.mean() <= most(alpha, rollouts)


def test_counting_every_request_of_a_bursting_caller_would_be_invalid() -> None:
    callers = Callers(0.03, 0.03, number=100, window=0)

    assert false_rollbacks(callers, 0.01, rollouts=150, minutes=60) > 0.05


def test_a_worse_candidate_is_caught() -> None:
    blocks = simulate(Callers(0.01, 0.1), rollouts=50, minutes=60, seed=2)

    assert (first_proofs("errors", STRICT, blocks) >= 0).mean() > 0.9
