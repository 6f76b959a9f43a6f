"""What is found in data where each fault was planted."""

import hashlib
import json
from pathlib import Path

import pytest

from tests.conftest import copy_demo
from textwright.errors import DataError, RecipeError, TextwrightError, UsageError
from textwright.workflow.inspect_data import InspectOptions, inspect_data
from textwright.workflow.inspection import Inspection, Overlap

TWIN = "my parcel never came and nobody at the shop answers the telephone"
PLANTED = [
    {"text": "where is my parcel today", "label": "track_order", "language": "en"},
    {"text": "where is my parcel today ", "label": "track_order", "language": "en"},
    {"text": "我的包裹到现在还没有送到怎么办", "label": "track_order", "language": "zh"},
    {"text": "我的包裹到现在还没有送到怎么办", "label": "refund_status", "language": "zh"},
    {"text": TWIN, "label": "track_order", "language": "en"},
    {"text": TWIN.upper() + "!!!", "label": "talk_to_human", "language": "en"},
    {"text": "how do i reset the password of my account", "label": "return_item", "language": "en"},
    {"text": "a bell \u0007 rings", "label": "out_of_scope", "language": "en"},
    {"text": "   ", "label": "track_order", "language": "en"},
    {"text": "mis\ufffdread", "label": "out_of_scope", "language": "en"},
    {"text": "long " * 2_000, "label": "out_of_scope", "language": "en"},
]


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Inspection]:
    """Give a folder whose test file ends with the planted rows, and what was found there."""
    folder = copy_demo(tmp_path_factory.mktemp("planted"))
    with (folder / "test.jsonl").open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in PLANTED)
    with (folder / "train.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(PLANTED[0]) + "\n")
    return folder, inspect_data(folder / "intents.toml", options=InspectOptions(folds=3))


def names_of(found: Inspection, places: tuple[int, ...]) -> list[str]:
    return [found.rows[place].name for place in places]


def test_repeats_are_found_within_and_across_splits(planted: tuple[Path, Inspection]) -> None:
    _, found = planted

    assert [names_of(found, group.places) for group in found.equal] == [
        ["train.jsonl:2630", "test.jsonl:828", "test.jsonl:829"],
        ["test.jsonl:830", "test.jsonl:831"],
    ]
    assert names_of(found, found.near[0].places) == ["test.jsonl:832", "test.jsonl:833"]
    assert Overlap("train", "test", 2, 0) in found.overlaps
    assert Overlap("test", "test", 2, 1) in found.overlaps
    assert Overlap("train", "dev", 0, 0) in found.overlaps


def test_conflicts_of_labels_are_told_by_the_same_and_nearly_the_same_text(
    planted: tuple[Path, Inspection],
) -> None:
    _, found = planted

    assert [names_of(found, group.places) for group in found.same_text] == [
        ["test.jsonl:830", "test.jsonl:831"]
    ]
    assert [names_of(found, group.places) for group in found.near_text] == [
        ["test.jsonl:832", "test.jsonl:833"]
    ]


def test_a_wrong_label_is_suspected_and_mended(planted: tuple[Path, Inspection]) -> None:
    _, found = planted

    suggested = {found.rows[each.row].name: each.suggested for each in found.issues}

    assert suggested["test.jsonl:834"] == ("reset_password",)
    assert found.judged is not None
    assert found.judged.rows == len(found.rows) - 1  # all but the empty text
    assert found.judged.agreed > 0.85
    assert len(found.issues) < 0.05 * len(found.rows)


def test_odd_texts_are_named(planted: tuple[Path, Inspection]) -> None:
    _, found = planted

    assert {reason: names_of(found, places) for reason, places in found.odd.items()} == {
        "empty": ["test.jsonl:836"],
        "control_characters": ["test.jsonl:835"],
        "replacement_characters": ["test.jsonl:837"],
        "very_long": ["test.jsonl:838"],
    }


def test_labels_are_counted_by_split(planted: tuple[Path, Inspection]) -> None:
    _, found = planted

    label, counts = next(iter(found.balance.items()))

    assert (label, counts) == ("out_of_scope", {"train": 240, "dev": 150, "test": 213})
    assert found.splits["train"].rows == 2630
    assert found.splits["test"].scripts["Han"] > 0.15


def test_each_row_to_look_at_stands_once_with_its_reasons(
    planted: tuple[Path, Inspection],
) -> None:
    _, found = planted
    rows = {f"{row['file']}:{row['row']}": row for row in found.suspicious()}

    assert rows["test.jsonl:829"]["reasons"] == ["duplicate"]
    assert rows["test.jsonl:829"]["same_as"] == "train.jsonl:2630"
    assert "train.jsonl:2630" not in rows
    assert {"duplicate", "label_conflict"} <= set(rows["test.jsonl:831"]["reasons"])
    assert {"label_conflict", "near_duplicate"} <= set(rows["test.jsonl:833"]["reasons"])
    assert rows["test.jsonl:834"]["suggested"] == ["reset_password"]
    assert rows["test.jsonl:836"]["reasons"] == ["empty"]
    assert rows["test.jsonl:836"]["labels"] == ["track_order"]


def test_the_table_is_plain_and_names_rows(planted: tuple[Path, Inspection]) -> None:
    _, found = planted

    table = json.loads(json.dumps(found.table(), allow_nan=False))

    assert table["rows"] == len(found.rows)
    assert table["duplicates"][1] == {
        "similarity": 1.0,
        "rows": ["test.jsonl:830", "test.jsonl:831"],
        "labels": ["refund_status", "track_order"],
        "text": PLANTED[2]["text"],
    }
    assert len(table["wrong_labels"]["issues"]) == len(found.issues)


def test_the_data_is_as_it_was_before(planted: tuple[Path, Inspection]) -> None:
    folder, _ = planted
    before = {path: hashlib.sha256(path.read_bytes()).digest() for path in folder.iterdir()}

    inspect_data(folder / "intents.toml", options=InspectOptions(folds=0))

    after = {path: hashlib.sha256(path.read_bytes()).digest() for path in folder.iterdir()}
    assert before == after


def test_several_labels_are_compared_as_sets(tmp_path: Path) -> None:
    file = tmp_path / "topics.csv"
    lines = [f"{word} number {n},{word}" for word in ("cat", "dog") for n in range(12)]
    lines += ["cat and dog,cat|dog", "cat and dog,dog|cat", "cat with dog,cat", "cat with dog,none"]
    file.write_text("\n".join(["text,label", *lines]), encoding="utf-8")
    several = ["data.multi_label=true", "data.out_of_scope=none"]

    found = inspect_data(file, overrides=several, options=InspectOptions(folds=2))

    assert [len(group.places) for group in found.same_text] == [2]
    assert found.balance == {"cat": {str(file): 15}, "dog": {str(file): 14}, "none": {str(file): 1}}
    assert found.judged is not None
    assert found.judged.rows == 28


def test_rows_without_a_label_are_looked_at_for_their_texts_alone(tmp_path: Path) -> None:
    file = tmp_path / "lines.jsonl"
    file.write_text('{"text": "one text"}\n{"text": "One text!"}\n', encoding="utf-8")

    found = inspect_data([file])

    assert not found.labelled
    assert found.judged is None
    assert found.balance == {}
    assert len(found.near) == 1
    assert found.same_text == found.near_text == []
    assert [row["reasons"] for row in found.suspicious()] == [["near_duplicate"]]


def test_a_recipe_of_plain_text_is_looked_at_piece_by_piece(tmp_path: Path) -> None:
    (tmp_path / "book.txt").write_text("the same line again\n" * 1_000, encoding="utf-8")
    recipe = tmp_path / "book.toml"
    data = 'train = "book.txt[:80%]"\ndev = {share = 0}\ntest = "book.txt[80%:]"'
    recipe.write_text(f'name = "book"\ntask = "language"\n[data]\n{data}\n', encoding="utf-8")

    found = inspect_data(recipe)

    assert [row.name for row in found.rows[-3:]] == [
        "book.txt[:80%]:8", "book.txt[80%:]:9", "book.txt[80%:]:10",
    ]  # fmt: skip
    assert Overlap("train", "test", 2, 0) in found.overlaps
    assert not found.labelled
    assert found.balance == {}


def test_pairs_are_repeats_in_whatever_order_and_their_scores_are_compared(
    tmp_path: Path,
) -> None:
    file = tmp_path / "pairs.jsonl"
    rows = [
        {"text_a": "a cat sleeps", "text_b": "a dog barks\x07", "label": 1},
        {"text_a": "a dog barks\x07", "text_b": "a cat sleeps", "label": 4},
        {"text_a": "a cat sleeps", "text_b": "rain again", "label": 0.5},
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

    found = inspect_data(file, overrides=["task=match"])

    assert [group.places for group in found.same_text] == [(0, 1)]
    assert found.judged is None
    assert found.odd["control_characters"] == (0, 1)
    assert found.table()["duplicates"][0]["text_b"] == "a dog barks\x07"


@pytest.mark.parametrize(
    ("data", "overrides", "options", "kind", "said"),
    [
        ([], [], InspectOptions(), UsageError, "no data to inspect"),
        (["intents.toml", "test.jsonl"], [], InspectOptions(), UsageError, "one recipe"),
        (["none.jsonl"], [], InspectOptions(), DataError, "There is no file"),
        (["none.toml"], [], InspectOptions(), RecipeError, "There is no recipe"),
        (["intents.xml"], [], InspectOptions(), DataError, "no known format"),
        (["test.jsonl"], ["data.label=lable"], InspectOptions(), DataError, "Did you mean 'label'"),
        (["test.jsonl"], ["data.txt=a"], InspectOptions(), RecipeError, "Did you mean 'text'"),
        (["test.jsonl"], [], InspectOptions(similarity=0), UsageError, "similarity is 0"),
        (["test.jsonl"], [], InspectOptions(similarity=1.1), UsageError, "up to 1"),
        (["test.jsonl"], [], InspectOptions(folds=1), UsageError, "Take 2 or more"),
    ],
)
@pytest.mark.usefixtures("demo")
def test_what_cannot_be_inspected_is_refused(
    data: list[str],
    overrides: list[str],
    options: InspectOptions,
    kind: type[TextwrightError],
    said: str,
) -> None:
    with pytest.raises(kind, match=said):
        inspect_data(data, overrides=overrides, options=options)
