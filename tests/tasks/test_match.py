"""Scores of pairs as answers, and answers held against labels."""

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import f1_score, roc_auc_score

from textwright.errors import ArtifactError
from textwright.tasks import match_scores
from textwright.tasks.match import MatchAnswer, answers, check_width, find_label
from textwright.tasks.match_scores import RESAMPLED, best_threshold, outcomes, say, score, tell
from textwright.tasks.scores import Rows
from textwright.text.examples import Example
from textwright.text.labels import Labels, Scale, find_scale

STARS = find_scale(["0", "2.5", "5"], "regression")
GRADES = find_scale(["1", "4", "2"], "graded")
YES = find_scale(["no", "yes"], "binary")


def outputs(*values: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.array(values, dtype=np.float32)[:, None]


def rows(said: list[float], gold: list[str]) -> Rows:
    slices = [{"part": "ab"[place % 2]} for place in range(len(gold))]
    return Rows(np.array(said)[:, None], [(each,) for each in gold], slices)


def test_a_score_is_on_the_scale_of_the_labels_and_held_within_it() -> None:
    found = answers(outputs(0.5, 1.2, -0.3), STARS)

    assert [each.score for each in found] == pytest.approx([2.5, 5.0, 0.0])
    assert [each.label for each in found] == [None] * 3


def test_a_grade_is_the_nearest_one() -> None:
    found = answers(outputs(0.0, 0.4, 0.6, 1.4), GRADES)

    assert GRADES.names == ("1", "2", "3", "4")
    assert [each.label for each in found] == ["1", "2", "3", "4"]


def test_a_binary_label_holds_from_the_threshold_on() -> None:
    found = answers(outputs(-2.0, 2.0), YES)

    assert [each.label for each in found] == ["no", "yes"]
    assert [each.score for each in found] == pytest.approx([0.1192, 0.8808], abs=1e-4)
    assert find_label(0.5, YES) == "yes"


def test_what_does_not_apply_stays_off_the_wire() -> None:
    assert MatchAnswer(2.5).table() == {"score": 2.5}
    assert MatchAnswer(0.9, "yes", truncated=True, warning="Odd.").table() == {
        "score": 0.9, "label": "yes", "truncated": True, "warning": "Odd.",
    }  # fmt: skip
    assert MatchAnswer(0.9, "yes").line() == "yes\t0.9000"
    assert MatchAnswer(2.5, truncated=True).line() == "2.5000  (a text was cut)"


def test_two_answers_agree_within_half_a_grade_or_by_their_label() -> None:
    near, far = MatchAnswer(2.4, tolerance=0.5), MatchAnswer(3.1, tolerance=0.5)

    assert MatchAnswer(2.0, tolerance=0.5).agrees(near)
    assert not near.agrees(far)
    assert MatchAnswer(0.51, "yes").agrees(MatchAnswer(0.99, "yes"))
    assert not MatchAnswer(0.51, "yes").agrees(MatchAnswer(0.49, "no"))
    assert not near.agrees("2.4")


@pytest.mark.parametrize(("width", "labels"), [(2, STARS), ("B", STARS), (1, Labels(("a", "b")))])
def test_a_network_of_another_width_or_other_labels_is_refused(
    width: object, labels: Labels
) -> None:
    with pytest.raises(ArtifactError, match="one score a pair"):
        check_width(width, labels, "model.onnx", "Restore it.")


def test_correlations_are_scipys() -> None:
    chance = np.random.default_rng(0)
    gold = chance.integers(0, 6, 80).astype(float)
    said = gold + chance.normal(size=80)

    found = score(rows(said.tolist(), [str(each) for each in gold]), STARS)

    assert found["spearman"] == pytest.approx(spearmanr(said, gold).statistic)
    assert found["pearson"] == pytest.approx(pearsonr(said, gold).statistic)
    assert found["mean_absolute_error"] == pytest.approx(np.abs(said - gold).mean())
    assert found["within_tolerance"] == np.mean(np.abs(said - gold) <= 0.5)
    low, high = found["spearman_interval"]
    assert low < found["spearman"] < high
    alone = score(rows(said[::2].tolist(), [str(each) for each in gold[::2]]), STARS)
    names = ("rows", "spearman", "pearson", "mean_absolute_error", "within_tolerance")
    assert found["slices"]["part"]["a"] == {name: alone[name] for name in names}


def test_binary_scores_are_those_of_scikit_learn() -> None:
    chance = np.random.default_rng(1)
    gold = chance.integers(0, 2, 60)
    said = np.clip(0.3 * gold + chance.uniform(0, 0.7, 60), 0, 1)

    found = score(rows(said.tolist(), [YES.names[each] for each in gold]), YES)

    assert found["accuracy"] == np.mean((said >= 0.5) == gold)
    assert found["f1"] == pytest.approx(f1_score(gold, said >= 0.5))
    assert found["auroc"] == pytest.approx(roc_auc_score(gold, said))
    assert next(name for name in found if name != "rows") == "accuracy"
    measured = {"rows", "accuracy", "spearman", "pearson", "f1", "auroc"}
    assert found["slices"]["part"]["b"].keys() == measured
    assert list(found["slices"]["part"]["b"])[1] == "accuracy"


def test_a_binary_label_never_met_in_training_counts_as_wrong() -> None:
    found = score(rows([0.9, 0.9, 0.1], ["yes", "perhaps", "no"]), YES)

    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["unknown_label_rows"] == 1
    assert found["auroc"] == 1.0


def test_without_rows_there_is_nothing_but_their_number() -> None:
    assert score(rows([], []), STARS) == {"rows": 0}


@pytest.mark.parametrize("scale", [STARS, GRADES, YES], ids=lambda scale: scale.kind)
def test_the_mean_of_what_rows_count_is_the_metric_of_that_name(scale: Scale) -> None:
    gold = list(scale.names) or ["0", "2.5", "5"]
    said = [scale.low, scale.high, *[scale.high] * (len(gold) - 2)]
    measured = rows(said, gold)

    for name, counted in outcomes(measured, scale).items():
        assert counted.mean() == score(measured, scale)[name]


@pytest.mark.parametrize("scale", [STARS, YES], ids=lambda scale: scale.kind)
def test_resampled_metrics_are_those_of_the_report(scale: Scale) -> None:
    gold = list(scale.names) or ["0", "5"]
    measured = rows([0.2 * scale.high, 0.7 * scale.high], gold)

    (told,) = tell([measured], [scale])

    found = score(measured, scale)
    for name in RESAMPLED.keys() & found.keys():
        assert RESAMPLED[name](told, np.arange(2)) == found[name]


def test_the_threshold_gives_the_most_right_answers_and_stays_near_the_middle() -> None:
    scores = np.array([0.1, 0.2, 0.3, 0.35, 0.9])
    positive = np.array([False, False, False, True, True])

    assert best_threshold(scores, positive) == pytest.approx(0.325)
    assert best_threshold(np.array([0.2, 0.9]), np.array([False, True])) == 0.5


def test_what_is_kept_of_a_row_is_its_label_or_its_score() -> None:
    stars = say(np.array([2.2]), Example("a", ("2.5",), text_b="b"), STARS)
    yes = say(np.array([0.2]), Example("a", ("yes",), text_b="b"), YES)

    assert (stars.answer, stars.right, stars.score) == ("2.2000", True, 2.2)
    assert (yes.answer, yes.right) == ("no", False)


def test_targets_run_from_0_to_1_along_the_scale() -> None:
    examples = [Example("a", (each,), text_b="b") for each in ("0", "2.5", "5")]

    assert match_scores.scale_targets(examples, STARS)[:, 0].tolist() == [0.0, 0.5, 1.0]
