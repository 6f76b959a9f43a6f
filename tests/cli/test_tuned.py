"""`tune`: what is printed, and what cannot be searched."""

import json
from pathlib import Path

import pytest

from tests.workflow.test_tune import films
from textwright.cli.main import main


def typed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main(["tune", "films.toml", *arguments])
    captured = capsys.readouterr()
    return int(ended.value.code or 0), captured.out, captured.err


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    films(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_trials_settings_and_what_is_next_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = typed(capsys, "--trials", "4")

    assert code == 0
    for part in ("dev accuracy", "as written", "importance", "training.l2", "word_ngrams "):
        assert part in out
    assert "Next: textwright train films.tuned.toml" in out
    assert "trial 4 of 4 ..." in err


@pytest.mark.usefixtures("folder")
def test_a_search_as_json_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = typed(capsys, "--trials", "2", "--timeout", "600", "--json")

    found = json.loads(out)
    assert found["recipe"] == "films.tuned.toml"
    assert found["default"] == found["trials"][0]["score"]
    assert found["best"]["score"] >= found["default"]
    assert found["settings"]["training.l2"][0] == 0.5
    assert set(found["changed"]) <= set(found["settings"])


@pytest.mark.usefixtures("folder")
def test_nothing_better_is_said_and_a_second_run_says_what_was_kept(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert "Nothing better was found" in typed(capsys, "--trials", "1")[1]
    assert "1 of them kept from before" in typed(capsys, "--trials", "1")[1]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--trials", "0"], 2, "--trials"),
        (["--timeout", "-1"], 2, "--timeout"),
        (["--set", "tune.space.training.l3.low=1"], 2, "Did you mean 'training.l2'?"),
        (["--set", "tune.space.training.l2.low=-1"], 2, "Start above 0"),
        (["--set", "tune.metric=accurcy"], 2, "Did you mean 'accuracy'?"),
        (["--set", "tune.metric=micro_f1"], 1, "Did you mean 'macro_f1'?"),
        (["--set", "data.dev={share=0}"], 1, "no dev rows"),
        (["--set", "data.dev=none.jsonl"], 1, "There is no file"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_what_cannot_be_searched_is_told_with_its_exit_code(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, said: str
) -> None:
    done = typed(capsys, *arguments)

    assert done[0] == code
    assert said in done[2]
