"""The loss of each text, against torch's own and against hand-made numbers."""

import math

import numpy as np
import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from tests.training.small import small_settings
from textwright.errors import DataError
from textwright.text.batch import Encoding
from textwright.training.objective import Contrast, Objective, balance
from textwright.training.rows import Rows

LOGITS = torch.tensor([[2.0, -1.0, 0.5], [0.0, 1.0, 3.0], [1.0, 1.0, 1.0]])
TARGETS = torch.tensor([[1.0, 0, 0], [0, 1.0, 0], [1.0, 0, 0]])
TRUTH = torch.tensor([0, 1, 0])
NOTHING = float("nan")
UNITS = torch.eye(4)


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


def contrast(targets: np.ndarray, **changes: float) -> Contrast:
    return Contrast(small_settings(**changes), targets.astype(np.float32), multi=True)


def named(*rows: tuple[float, float, float]) -> torch.Tensor:
    return torch.tensor(rows, dtype=torch.float32)


def test_the_loss_is_the_cross_entropy_towards_the_own_partner_both_ways() -> None:
    targets = named((0, 1, NOTHING), (2, 3, NOTHING))
    vectors = torch.stack([UNITS[0], UNITS[0], UNITS[1], UNITS[0]])  # b finds the wrong one

    found = contrast(targets.numpy(), temperature=0.5)(vectors, targets)

    rows = [math.log(2), math.log(2)]  # both second texts are alike to each first one
    columns = [math.log(1 + math.exp(-2)), math.log(1 + math.exp(2))]
    expected = [(row + column) / 2 for row, column in zip(rows, columns, strict=True)]
    assert found.tolist() == pytest.approx(expected)


def test_repeats_of_a_text_are_no_negatives() -> None:
    vectors = torch.stack([UNITS[0], UNITS[0], UNITS[0], UNITS[0]])
    repeated, other = named((0, 1, 0), (0, 2, 0)), named((0, 1, 0), (3, 2, 0))
    turned = named((0, 1, 0), (1, 2, 0))

    assert contrast(repeated.numpy())(vectors, repeated).tolist() == pytest.approx([0, 0])
    assert contrast(turned.numpy())(vectors, turned).tolist() == pytest.approx([0, 0])
    assert contrast(other.numpy())(vectors, other).tolist() == pytest.approx([math.log(2)] * 2)


def test_a_vector_of_zeros_has_a_loss_and_a_gradient_of_numbers() -> None:
    targets = named((0, 1, 0), (2, 3, 0))
    vectors = torch.zeros(4, 3, requires_grad=True)

    contrast(targets.numpy())(vectors, targets).sum().backward()  # type: ignore[no-untyped-call]

    assert vectors.grad is not None
    assert torch.isfinite(vectors.grad).all()


def test_without_labels_dev_counts_who_finds_a_partner_else_the_rank_correlation() -> None:
    vectors = torch.stack([UNITS[0], UNITS[0], UNITS[1], UNITS[2]])
    plain, scored = named((0, 1, NOTHING), (2, 3, NOTHING)), named((0, 1, 5), (2, 3, 1))

    retrieval, spearman = contrast(plain.numpy()), contrast(scored.numpy())

    assert (retrieval.metric, retrieval.score(vectors, plain)) == ("retrieval", 0.5)
    assert spearman.metric == "spearman"
    assert spearman.score(vectors, scored) == pytest.approx(1)


def rows_of(labels: list[float]) -> Rows:
    encodings = [Encoding(np.array([place])) for place in range(2 * len(labels))]
    targets = [[2 * row, 2 * row + 1, label] for row, label in enumerate(labels)]
    return Rows(encodings, np.array(targets, dtype=np.float32).reshape(-1, 3), 2)


def test_only_pairs_that_are_alike_are_learned_from() -> None:
    found = Contrast.choose(rows_of([0, 5, 3.9, 4, NOTHING]), small_settings(alike=0.8))

    assert found.targets[:, 0].tolist() == [2, 6, 8]
    assert [int(each.ids[0]) for each in found.encodings] == [2, 3, 6, 7, 8, 9]


def test_no_more_pairs_are_learned_from_than_the_recipe_says() -> None:
    rows = rows_of([NOTHING] * 50)

    few, again = (Contrast.choose(rows, small_settings(pairs=7)) for _ in range(2))

    assert len(few.targets) == 7
    assert few.targets[:, 0].tolist() == again.targets[:, 0].tolist()


def test_rows_without_a_pair_that_is_alike_are_refused() -> None:
    with pytest.raises(DataError, match="no pair of texts that are alike"):
        Contrast.choose(rows_of([]), small_settings())
