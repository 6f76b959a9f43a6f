"""Evidence of a version against production: measured when trained, measured again when gated."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import copy_demo
from textwright.errors import RefusedError
from textwright.lifecycle import rollout
from textwright.lifecycle.evidence import read_evidence
from textwright.lifecycle.gates import Verdict
from textwright.lifecycle.journal import read_events
from textwright.lifecycle.registry import find_version
from textwright.lifecycle.tables import Run, Version
from textwright.lifecycle.verify import verify
from textwright.settings import Settings, find_settings
from textwright.workflow.compare import compare
from textwright.workflow.judge import gate
from textwright.workflow.opening import find_strays, open_keep
from textwright.workflow.records import erase_records, list_records
from textwright.workflow.train import TrainedVersion, train

GATES = """
[[gates]]
rule = "not_worse_than"
margin = 0.03

[[gates]]
rule = "not_worse_than"
metric = "macro_f1"
margin = 0.05

[[gates]]
rule = "slices_not_worse"
margin = 0.03

[[gates]]
rule = "robust"
value = 0.5

[[gates]]
rule = "latency"
value = 10000

[[gates]]
rule = "size"
"""


def train_in(folder: Path, *overrides: str) -> TrainedVersion:
    return train(
        folder / "intents.toml",
        overrides=overrides,
        settings=find_settings(create=True, start=folder, environment={}),
    )


def promote(home: Settings, reference: str) -> None:
    with open_keep(home) as keep, keep.sessions.begin() as session:
        rollout.promote(session, find_version(session, reference), actor="tester", reason="")


def outcomes(verdicts: list[Verdict] | tuple[Verdict, ...]) -> list[str]:
    return [each.outcome for each in verdicts]


@pytest.fixture(scope="module")
def gated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with intents@1 in production, and @2 and @3 measured against it."""
    folder = copy_demo(tmp_path_factory.mktemp("gated"))
    recipe = folder / "intents.toml"
    text = recipe.read_text("utf-8")
    recipe.write_text(text[: text.index("[[gates]]")] + GATES, encoding="utf-8")
    train_in(folder)
    promote(find_settings(start=folder, environment={}), "intents@1")
    train_in(folder, "encoder.word_ngrams=1")
    train_in(
        folder, "encoder.word_ngrams=1", "encoder.max_character_ngram=0", "encoder.buckets=1024"
    )
    return folder


@pytest.fixture
def kept(gated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    shutil.copytree(gated, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return find_settings(environment={})


def evidence_of(home: Settings, reference: str) -> dict[str, Any]:
    with open_keep(home) as keep, keep.sessions() as session:
        return read_evidence(session, find_version(session, reference))


def test_the_first_version_has_nothing_to_be_compared_with(kept: Settings) -> None:
    found = evidence_of(kept, "intents@1")

    assert found["comparison"] == {"production": None}
    assert found["production"] == 1
    assert found["version"] == 1
    assert found["size"]["model.onnx"] > 1_000
    assert found["latency"]["p50_ms"] <= found["latency"]["p99_ms"]
    assert set(found["robustness"]["loss"]) == {"typos", "case", "width"}


def test_a_candidate_is_held_against_production_on_its_own_test_rows(kept: Settings) -> None:
    found = evidence_of(kept, "intents@2")["comparison"]

    assert found["production"] == 1
    told = compare("intents@1", "intents@2", settings=kept)
    accuracy = found["metrics"]["accuracy"]
    assert (accuracy["won"], accuracy["lost"]) == (told.first_metric.won, told.first_metric.lost)
    assert accuracy["ours"] == pytest.approx(told.first_metric.second)
    assert set(found["slices"]["language"]) == {"en", "zh"}
    assert "macro_f1" in found["metrics"]


def test_verdicts_follow_from_the_evidence(kept: Settings) -> None:
    assert outcomes(gate("intents@1", settings=kept)) == ["pass"] * 6
    assert outcomes(gate("intents@2", settings=kept))[0] == "pass"
    assert outcomes(gate("intents@3", settings=kept))[:3] == ["fail", "fail", "fail"]


def test_gating_again_measures_against_todays_production(kept: Settings) -> None:
    promote(kept, "intents@2")
    assert evidence_of(kept, "intents@3")["comparison"]["production"] == 1

    verdicts = gate("intents@3", settings=kept)

    assert verdicts[0].numbers["production"] == 2
    found = evidence_of(kept, "intents@3")["comparison"]
    assert found["production"] == 2
    told = compare("intents@2", "intents@3", settings=kept)
    accuracy = found["metrics"]["accuracy"]
    assert (accuracy["won"], accuracy["lost"]) == (told.first_metric.won, told.first_metric.lost)


def test_gating_again_without_a_change_measures_the_same(kept: Settings) -> None:
    before = evidence_of(kept, "intents@2")

    first, again = gate("intents@2", settings=kept), gate("intents@2", settings=kept)

    assert first == again
    assert evidence_of(kept, "intents@2") == before


def test_a_run_records_its_parent_its_data_its_code_and_what_was_installed(kept: Settings) -> None:
    with open_keep(kept) as keep, keep.sessions() as session:
        version, first = (find_version(session, f"intents@{number}") for number in (2, 1))
        run = session.get(Run, version.run_id)
        assert run is not None
        assert version.parent_id == first.id
        assert first.parent_id is None
        assert run.code is not None
        assert run.lock is not None
        assert len(run.lock) == 64
        assert set(run.datasets) == {"train", "dev", "test"}
        assert session.query(Version).count() == 3


def test_erased_texts_leave_verdicts_and_everything_else_valid(kept: Settings) -> None:
    before = outcomes(gate("intents@2", settings=kept))

    done = erase_records("intents@2", reason="asked for by a customer", settings=kept)

    assert [(each.path, each.rows) for each in done.files] == [("answers.jsonl", 827)]
    assert outcomes(gate("intents@2", settings=kept)) == before
    with open_keep(kept) as keep:
        assert verify(keep.sessions, keep.store) == []
        assert find_strays(keep) == []
        with keep.sessions() as session:
            newest = read_events(session, "intents", limit=5)
    assert any(each.kind == "erased" for each in newest)
    assert not list(kept.records.glob(f"{done.files[0].artifact}/answers.jsonl"))
    assert list(kept.records.glob(f"{done.files[0].artifact}/train_rows"))


def test_a_comparison_says_what_was_erased(kept: Settings) -> None:
    erase_records("intents@2", settings=kept)

    with pytest.raises(RefusedError, match="827 held-out texts of intents@2 were erased on 20"):
        compare("intents@1", "intents@2", settings=kept)


def test_what_can_no_longer_be_measured_is_unknown_and_says_why(kept: Settings) -> None:
    erase_records("intents@3", settings=kept)
    promote(kept, "intents@2")

    verdicts = gate("intents@3", settings=kept)

    assert outcomes(verdicts)[:3] == ["unknown"] * 3
    assert "were erased on" in verdicts[0].reason


def test_a_damaged_production_leaves_the_verdict_unknown(kept: Settings) -> None:
    with open_keep(kept) as keep, keep.sessions() as session:
        folder = keep.store.folder(find_version(session, "intents@2").artifact)
    promote(kept, "intents@2")
    (folder / "model.onnx").chmod(0o644)
    (folder / "model.onnx").write_bytes(b"")

    verdicts = gate("intents@3", settings=kept)

    assert outcomes(verdicts)[0] == "unknown"
    assert "model.onnx has 0 bytes" in verdicts[0].reason


def test_training_digests_are_erased_only_when_asked_for(kept: Settings) -> None:
    done = erase_records("intents@2", digests=True, settings=kept)

    assert sorted(each.path for each in done.files) == ["answers.jsonl", "train_rows"]
    assert erase_records("intents@2", digests=True, settings=kept).files == ()
    assert [each["erased"] is not None for each in list_records(kept)].count(True) == 2
