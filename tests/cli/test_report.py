"""A training's result in a terminal: every number that decides, and what to do next."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from textwright.cli.report import (
    next_steps,
    print_evaluated,
    print_scores,
    print_trained,
    print_verdicts,
    score_rows,
)
from textwright.lifecycle.gates import Verdict
from textwright.serving.control.reads import summarise
from textwright.workflow.train import TrainedVersion

Captured = pytest.CaptureFixture[str]

TEST: dict[str, Any] = {
    "rows": 1234,
    "accuracy": 0.9123,
    "accuracy_interval": [0.9, 0.925],
    "macro_f1": 0.8,
    "labels": {
        name: {"f1": place / 10, "precision": 0.5, "recall": 0.25, "rows": place}
        for place, name in enumerate("hgfedcba")
    },
    "slices": {"language": {"en": {"rows": 617, "accuracy": 0.95}}},
    "confusion": [[1]],
}
BASELINE = {"accuracy": 0.7, "accuracy_interval": [0.68, 0.72]}
PASSED = Verdict("accuracy at least 0.9", "pass", {"value": 0.9123}, "0.9123 is enough.")
FAILED = Verdict("macro_f1 at least 0.9", "fail", {"value": 0.8}, "0.8 is below.")
UNKNOWN = Verdict("f1 at least 0.9", "unknown", {}, "There is no metric f1.")


def trained(**changes: Any) -> TrainedVersion:
    values: dict[str, Any] = {
        "model": "intents",
        "number": 3,
        "new": True,
        "artifact": "0123",
        "folder": Path("home/artifacts/0123"),
        "records": Path("home/records/0123"),
        "run": 7,
        "seconds": 2.04,
        "total_seconds": 5.55,
        "report": {"test": TEST},
        "verdicts": (PASSED,),
        "epochs": (),
        "export_difference": 0.0,
    }
    return TrainedVersion(**(values | changes))


def words(captured: Captured) -> str:
    return " ".join(captured.readouterr().out.split())


def test_a_report_says_times_scores_gates_records_and_the_next_command(capsys: Captured) -> None:
    print_trained(trained())

    printed = words(capsys)
    assert "intents@3: trained in 2.0 s, measured in 3.5 s" in printed
    assert "accuracy 0.9123 0.9000 to 0.9250" in printed
    assert "accuracy at least 0.9 passed 0.9123 is enough." in printed
    assert "Pictures and held-out answers: home/records/0123" in printed
    assert "Next: textwright promote intents@3" in printed
    assert "same artifact" not in printed
    assert "Exported network" not in printed


def test_the_same_artifact_again_is_said_to_be_no_new_version(capsys: Captured) -> None:
    print_trained(trained(new=False))
    assert "The same artifact as before: no new version." in words(capsys)

    print_trained(trained(new=False, number=None))
    assert "no new version" not in words(capsys)


def test_what_the_exported_network_differs_by_is_said(capsys: Captured) -> None:
    print_trained(trained(export_difference=8.94e-8))

    assert "differs from the trained one by 8.9e-08." in words(capsys)


@pytest.mark.parametrize(
    ("changes", "step"),
    [
        ({}, "Next: textwright promote intents@3"),
        ({"verdicts": ()}, "Next: textwright promote intents@3"),
        ({"verdicts": (PASSED, FAILED)}, "It cannot be promoted as it is."),
        ({"verdicts": (UNKNOWN, PASSED)}, "It cannot be promoted as it is."),
        ({"report": {}}, 'textwright predict intents@3 "your text"'),
        ({"number": None}, 'textwright predict home/artifacts/0123 "your text"'),
        ({"number": None, "verdicts": (FAILED,)}, "textwright predict home/artifacts/0123"),
    ],
)
def test_the_next_command_is_one_that_works(changes: dict[str, Any], step: str) -> None:
    (told,) = next_steps(trained(**changes))

    assert step in told


def test_a_version_without_a_test_set_is_said_to_be_unevaluated(capsys: Captured) -> None:
    print_trained(trained(report={}))

    printed = words(capsys)
    assert "Unevaluated: there is no test set" in printed
    assert "on the test set" not in printed


def test_each_score_stands_with_its_interval_and_the_baselines_beside_it() -> None:
    rows = list(score_rows(TEST, {"baseline": BASELINE, "majority": 0.125}))

    assert rows == [
        ("accuracy", 0.9123, "0.9000 to 0.9250"),
        ("macro f1", 0.8, ""),
        ("n-gram linear model, accuracy", 0.7, "0.6800 to 0.7200"),
        ("commonest label, accuracy", 0.125, ""),
    ]


@pytest.mark.parametrize("report", [{}, {"baseline": {}}, {"baseline": {"macro_f1": 0.1}}])
def test_without_a_baseline_none_is_shown(report: Mapping[str, Any]) -> None:
    assert [name for name, _, _ in score_rows(TEST, report)] == ["accuracy", "macro f1"]


def test_a_majority_of_zero_is_shown_too() -> None:
    assert ("commonest label, accuracy", 0.0, "") in list(score_rows({}, {"majority": 0.0}))


def test_the_five_weakest_labels_are_listed_worst_first(capsys: Captured) -> None:
    print_scores(TEST, {})

    listed = [
        line.split() for line in capsys.readouterr().out.splitlines() if line[:1] in "hgfedcba"
    ]
    weakest = [line for line in listed if len(line) == 5 and line[2:4] == ["0.5000", "0.2500"]]
    assert [(line[0], line[1], line[4]) for line in weakest] == [
        ("h", "0.0000", "0"),
        ("g", "0.1000", "1"),
        ("f", "0.2000", "2"),
        ("e", "0.3000", "3"),
        ("d", "0.4000", "4"),
    ]


def test_slices_are_listed_by_their_column(capsys: Captured) -> None:
    print_scores(TEST, {})

    assert "by language metric value rows en accuracy 0.9500 617" in words(capsys)


def test_leaked_rows_are_counted_with_the_accuracy_without_them(capsys: Captured) -> None:
    print_scores(TEST, {"leaked_rows": 1001, "without_leaks": {"accuracy": 0.87654}})

    assert (
        "1,001 of 1,234 test rows also stand in the training file; "
        "without them the accuracy is 0.8765." in words(capsys)
    )


@pytest.mark.parametrize("report", [{}, {"leaked_rows": 0, "without_leaks": {}}])
def test_without_leaks_nothing_is_said_of_them(capsys: Captured, report: dict[str, Any]) -> None:
    print_scores(TEST, report)

    assert "also stand" not in words(capsys)


def test_a_slice_whose_name_looks_like_markup_is_shown_as_it_is(capsys: Captured) -> None:
    print_scores({**TEST, "slices": {"[/x]": {"[red]": {"rows": 1, "accuracy": 1.0}}}}, {})

    printed = capsys.readouterr().out
    assert "by [/x]" in printed
    assert "[red]" in printed


def test_an_evaluation_says_which_rows_it_was_of(capsys: Captured) -> None:
    print_evaluated(TEST | {"data": {"digest": "0123456789abcdef0123", "rows": 1234}})

    printed = words(capsys)
    assert "on this file" in printed
    assert "accuracy 0.9123 0.9000 to 0.9250" in printed
    assert "1,234 rows, SHA-256 0123456789abcdef" in printed
    assert "0123456789abcdef0" not in printed


def test_a_failed_gate_stands_out(capsys: Captured) -> None:
    print_verdicts([PASSED, FAILED, UNKNOWN])

    lines = capsys.readouterr().out.splitlines()
    assert [
        word for line in lines for word in line.split() if word in ("passed", "FAILED", "unknown")
    ]
    assert "FAILED" in lines[2]
    assert "unknown" in lines[3]


@pytest.mark.parametrize(
    ("outcomes", "word"),
    [
        ([], "none"),
        (["pass", "pass"], "pass"),
        (["pass", "unknown"], "unknown"),
        (["unknown", "fail", "pass"], "fail"),
    ],
)
def test_the_worst_verdict_stands_for_all(outcomes: list[str], word: str) -> None:
    assert summarise(outcomes) == word
