"""Which trial is the best."""

from textwright.training.trial import Trial, find_best


def trial(number: int, score: float | None) -> Trial:
    return Trial(number, "done" if score is not None else "stopped", {}, score, 0, 1.0)


def test_the_best_has_the_largest_score_or_the_smallest() -> None:
    trials = [trial(1, 0.5), trial(2, 0.9), trial(3, None), trial(4, 0.1)]

    assert find_best(trials, smaller=False).number == 2
    assert find_best(trials, smaller=True).number == 4


def test_of_equal_scores_the_first_is_the_best() -> None:
    trials = [trial(1, 0.5), trial(2, 0.9), trial(3, 0.9)]

    assert find_best(trials, smaller=False).number == 2
    assert find_best(trials[:1] * 2, smaller=True) is trials[0]
