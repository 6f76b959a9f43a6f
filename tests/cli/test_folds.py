"""`train --folds`: what is printed, and what cannot go with it."""

import json
from pathlib import Path

import pytest

from textwright.cli.main import main


def typed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["train", "intents.toml", *arguments])
    captured = capsys.readouterr()
    return int(ended.value.code or 0), captured.out, captured.err


def test_folds_are_printed_with_their_mean_and_deviation(
    demo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (demo / "test.jsonl").unlink()

    code, out, err = typed(capsys, "--folds", "2")

    assert code == 0
    for part in ("mean", "std. dev.", "fold 2", "macro f1", "commonest label", "no version"):
        assert part in out
    assert "fold 2 of 2 ..." in err
    assert not (demo / ".textwright").exists()


@pytest.mark.usefixtures("demo")
def test_folds_as_json_are_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = typed(capsys, "--folds", "2", "--json", "--set", "training.epochs=1")

    found = json.loads(out)
    values = [each["metrics"]["accuracy"] for each in found["folds"]]
    assert found["model"] == "intents"
    assert found["mean"]["accuracy"] == pytest.approx(sum(values) / 2)
    assert found["deviation"].keys() == found["mean"].keys()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--folds", "1"], 2, "--folds"),
        (["--folds", "2", "--resume"], 2, "nothing to resume"),
        (["--folds", "9999"], 1, "too few for 9999 folds"),
    ],
)
@pytest.mark.usefixtures("demo")
def test_what_cannot_be_folded_is_told_with_its_exit_code(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, said: str
) -> None:
    done = typed(capsys, *arguments)

    assert done[0] == code
    assert said in done[2]
