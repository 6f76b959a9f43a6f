"""Learning from pairs: the loss by hand, the pairs chosen, and what vectors have in common."""

import math

import numpy as np
import pytest
import torch

from tests.training.small import small_settings
from textwright.errors import DataError
from textwright.recipe.file import check_recipe
from textwright.text.batch import Encoding
from textwright.training.contrast import Contrast, find_common
from textwright.training.model import build_model
from textwright.training.rows import Rows

NOTHING = float("nan")
UNITS = torch.eye(4)


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


def test_what_vectors_have_in_common_is_their_first_singular_vector() -> None:
    table = {
        "name": "v",
        "task": "embed",
        "data": {"train": "t.jsonl"},
        "embedding": {"kind": "one-hot"},
        "encoder": {"kind": "none"},
    }
    model = build_model(check_recipe(table), 6, 0)
    texts = [Encoding(np.array(ids)) for ids in ([2, 2, 3], [2, 4], [2, 5, 5], [3])]

    find_common(model, texts)

    counts = np.array([[np.mean(text.ids == each) for each in range(6)] for text in texts])
    expected = np.abs(np.linalg.svd(counts)[2][0])
    assert np.abs(model.decoder.common.numpy()) == pytest.approx(expected, abs=1e-6)
    ids, mask = torch.tensor([[2, 4]]), torch.ones(1, 2, dtype=torch.bool)
    vector = model(ids, mask)[0]
    assert float(vector @ model.decoder.common) == pytest.approx(0, abs=1e-6)
    assert float(vector.norm()) == pytest.approx(1)
