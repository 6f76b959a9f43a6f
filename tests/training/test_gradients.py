"""The gradient of a step: its scale over accumulated batches, weights of classes, the clip."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.training.small import LABELS, VOCABULARY, small_recipe, small_rows, small_settings
from textwright.recipe.training import NetworkTrainingSettings
from textwright.training.history import EpochRecord, Silence
from textwright.training.loop import Training, TrainingData
from textwright.training.model import build_model
from textwright.training.optimizer import step_size
from textwright.training.rows import Rows

ROWS = small_rows(24, seed=11)
STILL: dict[str, dict[str, Any]] = {
    "embedding": {"kind": "learned", "dimensions": 8, "dropout": 0.0, "token_dropout": 0.0},
    "encoder": {"kind": "bilstm", "hidden": 6, "dropout": 0.0},
    "decoder": {"dropout": 0.0},
}  # nothing is left to chance, so that two ways to the same gradient may be compared


def new_training(
    rows: Rows = ROWS, *, dev: Rows = ROWS, multi: bool = False, **changes: Any
) -> Training:
    model = build_model(small_recipe(**STILL), VOCABULARY, rows.targets.shape[1]).train()
    return Training(model, TrainingData(rows, dev, multi=multi), small_settings(**changes))


def gradients(training: Training, groups: Sequence[Sequence[int]], texts: int) -> list[Tensor]:
    """Give what some batches, one after the other, add up to."""
    training.model.zero_grad()
    for places in groups:
        training.add_gradients(np.array(places), texts)
    return [each.grad.clone() for each in training.model.parameters() if each.grad is not None]


def norm(parts: Sequence[Tensor]) -> float:
    return float(torch.cat([each.flatten() for each in parts]).norm())


def check_alike(one: Sequence[Tensor], other: Sequence[Tensor]) -> None:
    for each, twin in zip(one, other, strict=True):
        torch.testing.assert_close(each, twin, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("sizes", [(24,), (12, 12), (8, 8, 8), (16, 8), (23, 1), (5, 9, 10)])
def test_accumulated_batches_of_any_sizes_have_the_gradient_of_their_texts_as_one(
    sizes: tuple[int, ...],
) -> None:
    training = new_training()
    edges = np.cumsum([0, *sizes]).tolist()
    parts = [list(range(a, b)) for a, b in pairwise(edges)]

    check_alike(gradients(training, parts, 24), gradients(training, [list(range(24))], 24))


def test_the_gradient_is_that_of_the_mean_over_texts() -> None:
    training = new_training()
    whole = gradients(training, [range(24)], 24)
    alone = [gradients(training, [[row]], 1) for row in range(24)]

    check_alike(whole, [torch.stack(each).mean(dim=0) for each in zip(*alone, strict=True)])


def test_gradients_gathered_for_a_step_are_gone_after_it() -> None:
    training = new_training(batch_size=8)
    training.learn(1, Silence())

    assert all(each.grad is None for each in training.model.parameters())


def test_a_rare_class_pulls_as_hard_as_a_common_one() -> None:
    rows = Rows(ROWS.encodings[:8], np.eye(LABELS, dtype=np.float32)[[0, 0, 0, 0, 0, 0, 1, 2]])
    plain, balanced = new_training(rows), new_training(rows, class_weights="balanced")
    common = 8 / (3 * 6)

    for row, weight in ((0, common), (6, 8 / 3), (7, 8 / 3)):
        expected = [weight * each for each in gradients(plain, [[row]], 1)]
        check_alike(gradients(balanced, [[row]], 1), expected)


def test_smoothing_leaves_a_sure_answer_something_to_learn() -> None:
    sure = torch.tensor([[30.0, 0.0, 0.0]], requires_grad=True)
    target = torch.eye(3)[:1]
    for smoothing, pull in ((0.0, 0.0), (0.3, 0.2)):
        sure.grad = None
        loss = new_training(label_smoothing=smoothing).objective(sure, target).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        assert sure.grad is not None
        assert sure.grad[0, 0].item() == pytest.approx(pull, abs=1e-5)  # 1 - (0.7 + 0.3 / 3)


def test_dev_is_measured_without_smoothing_and_weights() -> None:
    plain = new_training()
    other = new_training(label_smoothing=0.4, class_weights="balanced")

    assert other.measure() == pytest.approx(plain.measure(), rel=1e-6)


def test_dev_is_measured_over_all_its_texts_however_they_are_batched() -> None:
    many = small_rows(300, seed=12)  # more than two batches of dev
    training = new_training(dev=many)
    parts = [new_training(dev=Rows([many.encodings[row]], many.targets[[row]])) for row in range(4)]
    first = new_training(dev=Rows(many.encodings[:4], many.targets[:4]))

    loss, accuracy = first.measure()
    alone = [each.measure() for each in parts]
    assert loss == pytest.approx(np.mean([each for each, _ in alone]), rel=1e-5)
    assert accuracy == np.mean([each for _, each in alone])
    assert 0 <= training.measure()[1] <= 1
    assert training.measure()[1] * 300 == pytest.approx(round(training.measure()[1] * 300))


def steps_taken(training: Training) -> list[float]:
    """Give the learning rate of each step of the first epoch."""
    rates: list[float] = []
    inner = training.optimizer.step

    def step(*arguments: Any, **options: Any) -> Any:
        rates.append(training.optimizer.param_groups[0]["lr"])
        return inner(*arguments, **options)

    training.optimizer.step = step  # type: ignore[method-assign]
    training.learn(1, Silence())
    return rates


@pytest.mark.parametrize(("gradient_accumulation", "steps"), [(1, 6), (2, 3), (4, 2), (9, 1)])
def test_there_is_one_step_for_each_group_of_batches_and_the_schedule_counts_those(
    gradient_accumulation: int, steps: int
) -> None:
    training = new_training(
        batch_size=4,
        gradient_accumulation=gradient_accumulation,
        epochs=5,
        schedule="linear",
        warmup=0.1,
    )

    rates = steps_taken(training)

    expected = [step_size(place, 5 * steps, training.settings) for place in range(steps)]
    assert rates == pytest.approx(expected)


def test_the_last_step_of_the_last_epoch_is_the_smallest() -> None:
    training = new_training(batch_size=4, epochs=2, schedule="linear", warmup=0.0)
    training.run_epoch(Silence())
    first = training.optimizer.param_groups[0]["lr"]
    training.run_epoch(Silence())

    assert training.optimizer.param_groups[0]["lr"] < first
    assert training.optimizer.param_groups[0]["lr"] == step_size(11, 12, training.settings)


class Norms(Silence):
    """Notes how long the gradient is when a batch is done."""

    def __init__(self, training: Training) -> None:
        self.training = training
        self.found: list[float] = []

    def advance(self) -> None:
        """Note the gradient so far."""
        parts = [each.grad for each in self.training.model.parameters() if each.grad is not None]
        self.found.append(norm(parts))


def moved(settings: NetworkTrainingSettings) -> tuple[float, float]:
    """Give how far one plain step of descent goes, and how long its gradient was."""
    model = build_model(small_recipe(**STILL), VOCABULARY, LABELS)
    training = Training(model, TrainingData(ROWS, ROWS), settings)
    training.optimizer = torch.optim.SGD(model.parameters(), lr=0.0)  # type: ignore[assignment]
    before = [each.detach().clone() for each in model.parameters()]
    norms = Norms(training)
    training.learn(1, norms)
    steps = [one - other for one, other in zip(before, model.parameters(), strict=True)]
    return norm([each.detach() for each in steps]), norms.found[-1]


@pytest.mark.parametrize("gradient_accumulation", [1, 3])
@pytest.mark.parametrize("clip_norm", [0.0, 0.01, 1e6])
def test_the_whole_step_is_clipped_once_and_short_ones_are_left(
    clip_norm: float, gradient_accumulation: int
) -> None:
    settings = small_settings(
        epochs=1,
        batch_size=24 // gradient_accumulation,
        gradient_accumulation=gradient_accumulation,
        learning_rate=1.0,
        warmup=0.0,
        clip_norm=clip_norm,
    )

    way, gradient = moved(settings)

    assert gradient > 0.05
    assert way == pytest.approx(0.01 if clip_norm == 0.01 else gradient, rel=1e-3)


def test_a_label_of_several_pulls_by_how_much_rarer_it_is() -> None:
    targets = np.zeros((24, 2), dtype=np.float32)
    targets[:3, 0] = targets[:18, 1] = 1
    rows = Rows(ROWS.encodings, targets)
    plain, balanced = (
        new_training(rows, multi=True, class_weights=each) for each in ("none", "balanced")
    )
    logits, yes, no = torch.zeros(1, 2), torch.ones(1, 2), torch.zeros(1, 2)

    assert balanced.objective(logits, yes).item() == pytest.approx(np.log(2) * (7 + 1 / 3) / 2)
    assert plain.objective(logits, yes).item() == pytest.approx(np.log(2))
    assert balanced.objective(logits, no).item() == plain.objective(logits, no).item()


def test_rows_of_no_label_are_kept_where_several_may_hold_and_left_out_where_one_must() -> None:
    targets = ROWS.targets.copy()
    targets[:10] = 0
    rows = Rows(ROWS.encodings, targets)

    several, one = new_training(rows, dev=rows, multi=True), new_training(rows, dev=rows)
    pulled = new_training(rows, dev=rows, out_of_scope="uniform")

    assert [len(each.train.targets) for each in (several, one, pulled)] == [24, 14, 24]
    assert [len(each.dev.targets) for each in (several, one, pulled)] == [24, 14, 14]


def test_the_loss_told_is_the_mean_over_all_texts_of_the_epoch() -> None:
    training = new_training(batch_size=7, learning_rate=0.0)  # batches of 7, 7, 7 and 3

    told = training.learn(1, Silence())

    assert told == pytest.approx(training.measure()[0], rel=1e-5)


def test_a_record_tells_the_epoch_its_losses_and_its_speed() -> None:
    training = new_training(batch_size=8)
    record = training.run_epoch(Silence())

    assert isinstance(record, EpochRecord)
    assert record.epoch == 1
    assert (record.dev_loss, record.dev_score) == training.measure()
    assert 24 / record.texts_per_second <= record.seconds
    assert training.run_epoch(Silence()).epoch == 2
