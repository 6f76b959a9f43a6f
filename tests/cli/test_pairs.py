"""`textwright predict` with a model of pairs."""

import json
from pathlib import Path

import pytest

from tests.runtime.tiny import make_artifact, make_matcher
from textwright.cli.main import main


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("matcher") / "artifact"
    make_matcher(folder)
    return str(folder)


def typed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["predict", *arguments])
    captured = capsys.readouterr()
    return int(ended.value.code or 0), captured.out, captured.err


def test_texts_are_answered_two_by_two(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = typed(capsys, model, "play a song", "play a song", "rain", "card", "--json")

    assert code == 0
    scores = [json.loads(line)["score"] for line in out.splitlines()]
    assert scores == pytest.approx([5.0, 0.0], abs=1e-4)


def test_a_file_has_two_texts_a_line_with_a_tab_between(
    model: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "pairs.tsv").write_text("rain\train\nrain\tcard\n", encoding="utf-8")

    code, out, _ = typed(capsys, model, "--file", str(tmp_path / "pairs.tsv"))

    assert (code, out.splitlines()) == (0, ["5.0000", "0.0000"])


@pytest.mark.parametrize(
    ("texts", "code", "said"), [(["a", "b", "c"], 2, "3 texts; this model answers pairs")]
)
def test_a_text_left_over_is_refused(
    model: str, capsys: pytest.CaptureFixture[str], texts: list[str], code: int, said: str
) -> None:
    found, _, err = typed(capsys, model, *texts)

    assert found == code
    assert said in err


@pytest.mark.parametrize("line", ["no tab", "a\tb\tc"])
def test_a_line_without_one_tab_is_refused(
    model: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, line: str
) -> None:
    (tmp_path / "pairs.txt").write_text(f"a\tb\n{line}\n", encoding="utf-8")

    code, _, err = typed(capsys, model, "--file", str(tmp_path / "pairs.txt"))

    assert code != 0
    assert "Line 2 holds" in err


def test_a_classifier_takes_each_text_by_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_artifact(tmp_path / "artifact")

    code, out, _ = typed(capsys, str(tmp_path / "artifact"), "rain", "card", "song")

    assert (code, len(out.splitlines())) == (0, 3)
