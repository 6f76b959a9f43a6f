"""Gates judged again, and versions scored on files."""

from pathlib import Path

import pytest

from textwright.errors import ArtifactError, DataError, UnknownNameError
from textwright.lifecycle.evidence import read_verdicts
from textwright.lifecycle.registry import find_version
from textwright.settings import Settings
from textwright.workflow.evaluate import evaluate
from textwright.workflow.judge import gate
from textwright.workflow.opening import find_answerer, open_keep


def test_gates_judged_again_are_a_new_round(home: Settings) -> None:
    verdicts = gate("intents@2", settings=home, actor="tester")

    assert [each.outcome for each in verdicts] == ["pass", "pass"]
    with open_keep(home) as keep, keep.sessions() as session:
        version = find_version(session, "intents@2")
        assert version.gated == 2
        assert len(read_verdicts(session, version)) == 2


def test_a_mistyped_version_is_answered_with_the_nearest(home: Settings) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'intents'"):
        gate("intent@1", settings=home)


def test_a_version_scores_the_same_on_its_test_file_as_in_its_report(home: Settings) -> None:
    found = evaluate("intents@2", "test.jsonl", settings=home)

    with open_keep(home) as keep, keep.sessions() as session:
        assert found["accuracy"] == find_version(session, "intents@2").scores["accuracy"]
    assert found["data"]["rows"] == 827


def test_a_folder_is_evaluated_like_a_version(home: Settings) -> None:
    with open_keep(home) as keep, keep.sessions() as session:
        folder = keep.store.folder(find_version(session, "intents@2").artifact)

    assert (
        evaluate(folder, "test.jsonl")["accuracy"]
        == evaluate("intents@2", "test.jsonl", settings=home)["accuracy"]
    )


def test_a_file_without_the_columns_of_the_recipe_is_refused(home: Settings) -> None:
    Path("rows.csv").write_text("message,label\nhello,x\n")

    with pytest.raises(DataError, match="has no column 'text'"):
        evaluate("intents@2", "rows.csv", settings=home)


def test_a_changed_artifact_answers_nothing(home: Settings) -> None:
    with open_keep(home) as keep, keep.sessions() as session:
        folder = keep.store.folder(find_version(session, "intents@2").artifact)
    content = bytearray((folder / "model.onnx").read_bytes())
    content[1000] ^= 4
    (folder / "model.onnx").write_bytes(content)

    with pytest.raises(ArtifactError, match=r"model\.onnx was changed"):
        find_answerer("intents@2", threads=1, settings=home)
    assert find_answerer("intents@1", threads=1, settings=home).predict(["hello"])
