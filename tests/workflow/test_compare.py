"""Versions held against each other on the rows both were measured on."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from textwright.errors import DataError, RefusedError
from textwright.paired import Counts, exact_interval
from textwright.settings import Settings
from textwright.text.labels import Labels
from textwright.training.answers import HeldOut, read_answers
from textwright.workflow.compare import (
    Comparison,
    Pair,
    by_row,
    compare,
    measure_both,
    outcomes_of,
    summarise,
)
from textwright.workflow.opening import find_artifact, open_keep


def row(name: str, right: bool, *, abstained: bool = False, label: str = "a") -> HeldOut:
    answer = label if right else "other"
    labels = (label,) if label else ()
    slices = {"language": "zh" if name.startswith("z") else "en"}
    return HeldOut(name, name, labels, answer, right, 0.5, abstained, slices)


FIRST = [row("e1", True), row("e2", True), row("z1", False), row("z2", False, abstained=True)]
SECOND = [row("e1", True), row("e2", False), row("z1", True), row("z2", True)]


def records_of(home: Settings, reference: str) -> Path:
    with open_keep(home) as keep:
        return home.records / find_artifact(keep, reference).artifact.address


def summarised(pairs: list[Pair], *, multi: bool) -> Comparison:
    lines = measure_both("classify", [Labels((), multi)] * 2, pairs)
    return summarise("m@1", "m@2", pairs, lines, multi=multi)


def test_rows_are_counted_by_who_is_right() -> None:
    found = summarised(list(zip(FIRST, SECOND, strict=True)), multi=False)

    line = found.first_metric
    assert (line.name, line.rows, line.won, line.lost) == ("accuracy", 4, 2, 1)
    assert (line.first, line.second) == (0.5, 0.75)
    assert found.difference == exact_interval(Counts(2, 1, 4), alpha=0.025)
    assert [each.text for each in found.won] == ["z1", "z2"]
    assert [each.text for each in found.lost] == ["e2"]
    assert found.other == ()
    coverage = {each.name: each for each in found.metrics}["coverage"]
    assert (coverage.won, coverage.lost, coverage.first) == (1, 0, 0.75)
    assert "out_of_scope_recall" not in {each.name for each in found.metrics}


def test_slices_are_compared_one_by_one_with_adjusted_p_values() -> None:
    found = summarised(list(zip(FIRST, SECOND, strict=True)), multi=False)

    assert [(each.name, each.won, each.lost) for each in found.slices] == [
        ("language=en", 0, 1),
        ("language=zh", 2, 0),
    ]
    assert all(each.p is not None and 0 < each.p <= 1 for each in found.slices)


def test_rows_out_of_scope_count_for_abstention() -> None:
    rows = [row("o1", False, abstained=True, label=""), row("o2", False, label="")]

    found = outcomes_of(rows, multi=False)

    assert np.isnan(found["accuracy"]).all()
    assert found["out_of_scope_recall"].tolist() == [1.0, 0.0]
    assert found["overall_accuracy"].tolist() == [1.0, 0.0]


def test_with_several_labels_rows_without_one_count_too() -> None:
    pairs = [(row("o1", True, label=""), row("o1", False, label=""))]

    found = summarised(pairs, multi=True)

    assert (found.rows, found.first_metric.lost) == (1, 1)


def test_the_same_row_twice_is_two_rows() -> None:
    assert len(by_row([FIRST[0], FIRST[0], FIRST[1]])) == 3


def test_two_versions_are_compared_on_the_rows_they_share(home: Settings) -> None:
    found = compare("intents@1", "intents@2", settings=home)

    assert found.rows == found.first_metric.rows == 617
    line = found.first_metric
    assert found.difference.value == pytest.approx(line.second - line.first)
    assert found.difference.value == pytest.approx((len(found.won) - len(found.lost)) / 617)
    assert found.difference.low <= found.difference.value <= found.difference.high
    assert all(each.first != each.second for each in (*found.won, *found.lost, *found.other))
    assert {each.name for each in found.metrics} == {
        "accuracy",
        "overall_accuracy",
        "coverage",
        "out_of_scope_recall",
    }
    assert [each.name for each in found.slices] == ["language=en", "language=zh"]


def test_a_version_compared_with_itself_does_not_differ(home: Settings) -> None:
    found = compare("intents@1", "intents@1", settings=home)

    assert found.difference.value == 0
    assert found.difference.low == -found.difference.high
    assert found.first_metric.p == 1.0
    assert found.won == found.lost == found.other == ()


def test_versions_without_shared_rows_are_not_compared(home: Settings) -> None:
    path = records_of(home, "intents@1") / "answers.jsonl"
    text = path.read_text("utf-8").replace('"digest": "', '"digest": "0')
    path.write_text(text, "utf-8")

    with pytest.raises(RefusedError, match="not measured on the same rows"):
        compare("intents@1", "intents@2", settings=home)


def test_texts_that_are_not_here_are_named(home: Settings) -> None:
    shutil.rmtree(records_of(home, "intents@2"))

    with pytest.raises(RefusedError, match="no held-out texts of intents@2"):
        compare("intents@1", "intents@2", settings=home)


def test_a_file_that_is_none_of_ours_is_refused(tmp_path: Path) -> None:
    for content in ('{"digest": 1', '{"digest": "1", "mood": "bad"}', "[]"):
        (tmp_path / "answers.jsonl").write_text(content)
        with pytest.raises(DataError, match="is no file of held-out answers"):
            read_answers(tmp_path / "answers.jsonl")
    assert read_answers(tmp_path / "nothing.jsonl") == []
