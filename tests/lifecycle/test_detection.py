"""How soon a defect is caught."""

from dataclasses import replace

import numpy as np
import pytest

from textwright.lifecycle.detection import (
    CANDIDATE_A_MINUTE,
    Defect,
    array_block,
    draw_blocks,
    first_proofs,
    requests_to_detection,
)
from textwright.recipe.rollout import RolloutSettings

POLICY = RolloutSettings()


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_a_larger_defect_is_caught_sooner(share: float) -> None:
    small = requests_to_detection(POLICY, Defect("errors", 0.01, 0.02), share=share)
    large = requests_to_detection(POLICY, Defect("errors", 0.01, 0.05), share=share)

    assert small.caught == large.caught == 1.0
    assert small.requests is not None
    assert large.requests is not None
    assert large.requests * 5 < small.requests < 10_000
    assert small.touched == round(small.requests * 0.01)
    assert large.touched == round(large.requests * 0.04)


def test_a_candidate_that_is_no_worse_is_not_caught() -> None:
    found = requests_to_detection(
        replace(POLICY, alpha=0.001), Defect("errors", 0.01, 0.01), share=0.5, rollouts=20
    )

    assert (found.caught, found.requests, found.touched) == (0.0, None, None)


def test_a_smaller_alpha_takes_longer_and_so_does_a_tolerance() -> None:
    defect = Defect("slow", 0.01, 0.03)
    quick, strict, lax = (
        requests_to_detection(replace(POLICY, **changed), defect, share=0.1).requests or 0  # type: ignore[arg-type]
        for changed in ({"alpha": 0.05}, {"alpha": 0.0001}, {"slow_tolerance": 0.01})
    )

    assert quick < strict
    assert quick < lax


def test_disagreement_in_shadow_is_caught_against_its_budget() -> None:
    found = requests_to_detection(POLICY, Defect("disagreement", 0.1, 0.3), share=1.0)

    assert found.caught == 1.0
    assert found.requests is not None
    assert found.requests <= 4 * CANDIDATE_A_MINUTE


def test_the_same_seed_gives_the_same_number() -> None:
    defect = Defect("wrong", 0.1, 0.2)

    assert requests_to_detection(POLICY, defect, share=0.1) == requests_to_detection(
        POLICY, defect, share=0.1
    )


def test_traffic_is_drawn_with_the_candidates_share() -> None:
    block = next(draw_blocks(np.random.default_rng(1), Defect("errors", 0.5, 0.9), 0.1, 3))

    assert list(np.asarray(block.stable)) == [450] * 3
    assert list(np.asarray(block.candidate)) == [50] * 3
    assert (np.asarray(block.candidate_bad) > 30).all()


def test_each_rollout_is_caught_in_its_own_minute() -> None:
    bad = [(1, 60), (1, 60), (60, 60), (60, 1)]  # of 100, by minute, in each of two rollouts
    full = np.array([900, 900]), np.array([9, 9]), np.array([100, 100])
    blocks = [array_block(*full, np.array(each)) for each in bad]

    assert list(first_proofs("errors", POLICY, blocks)) == [2, 0]
    assert list(first_proofs("errors", POLICY, blocks[:2])) == [-1, 0]
