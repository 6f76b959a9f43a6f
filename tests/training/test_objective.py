"""The loss of each text, against torch's own and against hand-made numbers."""

import math

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from tests.training.small import small_settings
from textwright.training.objective import Objective, balance

LOGITS = torch.tensor([[2.0, -1.0, 0.5], [0.0, 1.0, 3.0], [1.0, 1.0, 1.0]])
TARGETS = torch.tensor([[1.0, 0, 0], [0, 1.0, 0], [1.0, 0, 0]])
TRUTH = torch.tensor([0, 1, 0])


def test_one_label_is_softmax_cross_entropy() -> None:
    objective = Objective(small_settings(), TARGETS.numpy(), multi=False)

    expected = cross_entropy(LOGITS, TRUTH, reduction="none")
    torch.testing.assert_close(objective(LOGITS, TARGETS), expected)


def test_smoothing_is_torchs_smoothing() -> None:
    objective = Objective(small_settings(label_smoothing=0.2), TARGETS.numpy(), multi=False)

    expected = cross_entropy(LOGITS, TRUTH, reduction="none", label_smoothing=0.2)
    torch.testing.assert_close(objective(LOGITS, TARGETS), expected)


def test_rare_classes_count_more_and_the_mean_weight_of_a_row_is_one() -> None:
    weights = balance(TARGETS.numpy()[:, :2], multi=False)
    objective = Objective(
        small_settings(class_weights="balanced"), TARGETS.numpy()[:, :2], multi=False
    )

    np.testing.assert_allclose(weights, [3 / 4, 3 / 2])
    expected = cross_entropy(LOGITS[:, :2], TRUTH, reduction="none") * torch.tensor(
        [0.75, 1.5, 0.75]
    )
    torch.testing.assert_close(objective(LOGITS[:, :2], TARGETS[:, :2]), expected)


def test_a_row_of_no_class_is_pulled_to_equal_scores() -> None:
    objective = Objective(small_settings(), TARGETS.numpy(), multi=False)
    nowhere = torch.zeros(1, 3)

    even, uneven = (
        objective(each, nowhere).item() for each in (torch.zeros(1, 3), torch.tensor([[3.0, 0, 0]]))
    )

    assert math.isclose(even, math.log(3), rel_tol=1e-6)
    assert uneven > even


def test_several_labels_are_a_yes_or_no_each() -> None:
    targets = torch.tensor([[1.0, 1, 0], [0, 0, 0], [0, 1, 0]])
    objective = Objective(small_settings(label_smoothing=0.2), targets.numpy(), multi=True)

    expected = binary_cross_entropy_with_logits(LOGITS, targets * 0.8 + 0.1, reduction="none")
    torch.testing.assert_close(objective(LOGITS, targets), expected.mean(dim=1))


def test_a_rare_yes_counts_as_much_as_its_many_noes() -> None:
    targets = np.array([[1, 1], [0, 1], [0, 1], [0, 0]], dtype=np.float32)

    np.testing.assert_allclose(balance(targets, multi=True), [3.0, 1 / 3], rtol=1e-6)
