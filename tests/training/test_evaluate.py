"""Scores of labelled rows, against counts made by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.training.small import small_recipe
from textwright.recipe.file import check_recipe
from textwright.recipe.recipe import Recipe
from textwright.tasks.classify import probabilities
from textwright.text.examples import Dataset, Example, make_dataset
from textwright.text.labels import Labels
from textwright.training.baseline import commonest_answer, score_baselines, train_baseline
from textwright.training.evaluate import (
    Evaluation,
    make_rows,
    score_rows,
    score_without_leaks,
)

LABELS = Labels(("card", "money", "rain"), temperature=2.0)
GOLD = [("card",), ("money",), ("rain",), ("rain",), (), ("snow",)]
LOGITS = np.array(
    [[4, 0, 0], [4, 0, 0], [0, 0, 4], [0, 1, 6], [0.1, 0, 0], [0, 3, 0]], dtype=np.float32
)
TEXTS = {
    "card": ["my card is lost", "卡丢了", "new card", "the card was stolen"],
    "money": ["send money", "转账", "transfer ten euros"],
    "rain": ["will it rain", "下雨吗"],
}


def examples(gold: list[tuple[str, ...]] = GOLD) -> list[Example]:
    return [
        Example(f"text {row}", labels, {"part": "ab"[row % 2]}) for row, labels in enumerate(gold)
    ]


def dataset(rows: list[Example]) -> Dataset:
    return make_dataset("test.jsonl", rows, (), {})


def training_rows() -> Dataset:
    rows = [Example(text, (label,)) for label, texts in TEXTS.items() for text in texts]
    return dataset([*rows, *[Example("nothing of that", ())] * 9])


def scored() -> Evaluation:
    return score_rows("classify", probabilities(LOGITS, LABELS), examples(), LABELS)


def softmax(row: NDArray[np.float32]) -> NDArray[np.float64]:
    powers = np.exp(row.astype(np.float64))
    share: NDArray[np.float64] = powers / powers.sum()
    return share


def test_scores_are_calibrated_and_counted_over_rows_of_a_class() -> None:
    found = scored()

    for row, logits in zip(found.scores, LOGITS, strict=True):
        assert row == pytest.approx(softmax(logits / 2))
    assert found.metrics["rows"] == 6
    assert found.metrics["in_scope_rows"] == 5
    assert found.metrics["unknown_label_rows"] == 1
    assert found.metrics["accuracy"] == 3 / 5  # the unknown label counts as wrong
    slices = found.metrics["slices"]["part"]
    assert (slices["a"]["rows"], slices["a"]["accuracy"]) == (3, 1.0)
    assert (slices["b"]["rows"], slices["b"]["accuracy"]) == (3, pytest.approx(1 / 3))


def test_rows_keep_truth_and_slices_beside_their_scores() -> None:
    rows = make_rows(np.arange(18, dtype=np.float64).reshape(6, 3), examples())
    few = rows.take(np.array([False, True, False, False, True, False]))

    assert few.scores.tolist() == [[3, 4, 5], [12, 13, 14]]
    assert list(few.gold) == [("money",), ()]
    assert [each["part"] for each in few.slices] == ["b", "a"]


@pytest.mark.parametrize(
    ("leaked", "accuracy"),
    [
        ([True, False, False, False, False, False], 2 / 4),
        ([False, True, False, False, True, True], 1),
    ],
)
def test_without_leaks_just_the_other_rows_are_scored(leaked: list[bool], accuracy: float) -> None:
    found = score_without_leaks("classify", scored().scores, dataset(examples()), leaked, LABELS)

    assert found["accuracy"] == pytest.approx(accuracy)
    assert found["rows"] == 6 - sum(leaked)
    assert set(found) <= {
        "rows",
        "accuracy",
        "macro_f1",
        "overall_accuracy",
        "out_of_scope_auroc",
    }


def test_when_every_row_leaked_nothing_is_left_to_score() -> None:
    scores, everything = scored().scores, [True] * 6

    found = score_without_leaks("classify", scores, dataset(examples()), everything, LABELS)

    assert found == {"rows": 0}


def test_the_commonest_label_is_counted_over_rows_of_a_class_alone() -> None:
    rows = dataset(examples([("card",), ("card",), ("rain",), (), ()]))

    found = score_baselines(bag_recipe(), training_rows(), rows, LABELS)

    assert found == {"majority": pytest.approx(2 / 3)}  # a bag is its own baseline


def bag_recipe() -> Recipe:
    return check_recipe({"name": "bag", "data": {"train": "train.jsonl"}})


def test_a_network_stands_beside_the_linear_model_and_its_interval() -> None:
    rows = dataset([Example(text, (label,)) for label, texts in TEXTS.items() for text in texts])

    found = score_baselines(small_recipe(), training_rows(), rows, Labels(tuple(sorted(TEXTS))))

    low, high = found["baseline"]["accuracy_interval"]
    assert low <= found["baseline"]["accuracy"] <= high
    assert found["baseline"]["accuracy"] == 1.0
    assert found["majority"] == pytest.approx(4 / 9)


def test_the_linear_model_learns_rows_of_no_class_as_speaking_against_all() -> None:
    score = train_baseline(small_recipe(), training_rows(), Labels(tuple(sorted(TEXTS))))

    logits = score(["nothing of that", "my card"])
    assert logits.shape == (2, 3)
    assert logits[0].max() < 0 < logits[1].max()
    assert score([]).shape == (0, 3)


def test_the_baseline_is_the_same_each_time_and_takes_its_seed_from_the_recipe() -> None:
    labels, texts = Labels(tuple(sorted(TEXTS))), ["card", "rain", "转账"]
    scores = [
        train_baseline(small_recipe(training={"seed": seed}), training_rows(), labels)(texts)
        for seed in (7, 7, 8)
    ]

    assert scores[0].tobytes() == scores[1].tobytes()
    assert scores[0].tobytes() != scores[2].tobytes()


def test_the_baseline_of_several_labels_gives_each_its_own_yes() -> None:
    rows = dataset(
        [Example(text, (label,)) for label, texts in TEXTS.items() for text in texts]
        + [Example("my card is lost will it rain", ("card", "rain")), Example("hello", ())]
    )
    labels = Labels(tuple(sorted(TEXTS)), multi=True)
    recipe = check_recipe(
        {
            "name": "several",
            "data": {"train": "train.jsonl", "multi_label": True},
            "encoder": {"kind": "bilstm"},
        }
    )

    logits = train_baseline(recipe, rows, labels)(["my card is lost will it rain", "hello"])

    assert (logits[0] > 0).tolist() == [True, False, True]
    assert (logits[1] > 0).tolist() == [False, False, False]
    assert commonest_answer(rows) == ("card",)
