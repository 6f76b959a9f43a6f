"""What a user can hand us that is wrong: told in two lines, and nothing half-written."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Done, Run
from textwright.lifecycle.database import open_database
from textwright.manifest import canonical_json
from textwright.settings import Settings

RECIPE = """
name = "small"
[data]
train = "train.jsonl"
test = "test.jsonl"
dev = {share = 0.2}
"""
ONE_CLASS = b"".join(b'{"text": "%d", "label": "only"}\n' % number for number in range(40))


def write(path: str, rows: list[Any]) -> None:
    Path(path).write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")


def rows(count: int, word: str = "text") -> list[dict[str, str]]:
    kinds = ("good", "bad")
    return [
        {"text": f"{word} {kinds[number % 2]} {number}", "label": kinds[number % 2], "by": "x"}
        for number in range(count)
    ]


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with a recipe whose training takes a second, worked in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(RECIPE, encoding="utf-8")
    write("train.jsonl", rows(60))
    write("test.jsonl", rows(10, "other"))
    return tmp_path


def refused(done: Done, code: int, *parts: str) -> None:
    """Hold a refusal to its form: an error in one line, a hint in the next, and no more."""
    lines = [each for each in done.err.splitlines() if not each.endswith("...")]
    assert done.code == code, done.err
    assert len(lines) == 2, done.err
    assert lines[0].startswith("Error: ")
    assert lines[1].startswith("  ")
    for part in parts:
        assert part in done.err
    assert "fault of textwright" not in done.err
    assert "Traceback" not in done.out + done.err


def nothing_kept(folder: Path) -> None:
    """Hold that no run, artifact, record or version was left."""
    home = folder / ".textwright"
    left = [path for path in home.rglob("*") if path.is_file() and path.name[:10] != "textwright"]
    assert left == []
    if (home / "textwright.db").is_file():
        with sqlite3.connect(home / "textwright.db") as database:
            assert database.execute("select count(*) from version").fetchone() == (0,)


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("none.jsonl", None, ["There is no file", "none.jsonl", "or to data.root"]),
        ("d.txt", b"a", ["of no known format", ".jsonl, .csv, .tsv"]),
        ("d.csv", b"text,lable\na,b\n", ["row 1 has no column 'label'", "Did you mean 'lable'?"]),
        (
            "d.csv",
            "text,label\n我的卡,a\n".encode("gb18030"),
            ["is not UTF-8", "iconv -f GB18030 -t UTF-8 d.csv"],
        ),
        ("d.jsonl", b'{"text": "a", "label": "b"}\n{"text": ', ["d.jsonl, row 2 is no JSON"]),
        ("d.csv", b"text,label\na,b\nc,d,e\n", ["d.csv, row 2 has 3 cells, the header 2"]),
        ("d.tsv", b"text\tlabel\na\n", ["d.tsv, row 1 has 1 cells, the header 2"]),
        ("d.jsonl", b'{"text": 3, "label": "b"}', ["row 1: the text is 3"]),
        ("d.jsonl", b'{"text": "\\ud83d", "label": "b"}', ["row 1 holds half a character"]),
        ("d.csv", b"text,label,text\na,b,c\n", ["2 columns called 'text'"]),
        ("d.jsonl", ONE_CLASS, ["only the label 'only'", "at least two classes"]),
        ("d.csv", b"text,label\n" + b"  ,a\n" * 40, ["has no row to use"]),
        ("d.csv", b"text,label\na,b\na,d\n", ["has 2 rows: no dev set"]),
        ("d.jsonl.gz", b"no archive", ["d.jsonl.gz cannot be read"]),
    ],
)
def test_a_training_file_that_cannot_be_used(
    small: Path, run: Run, file: str, content: bytes | None, said: list[str]
) -> None:
    if content is not None:
        Path(file).write_bytes(content)

    done = run("train", "small.toml", "--set", f"data.train={file}")

    refused(done, 1, *said)
    nothing_kept(small)


@pytest.mark.parametrize("column", ["text", "label", "slices"])
def test_a_test_file_without_a_column_is_refused_before_training(
    small: Path, run: Run, column: str
) -> None:
    write("test.jsonl", [{"other": "x"}])
    value = '["by"]' if column == "slices" else column

    done = run("train", "small.toml", "--set", f"data.{column}={value}")

    refused(done, 1, "test.jsonl, row 1 has no column")
    assert "training" not in done.err
    nothing_kept(small)


def test_excluding_by_a_column_that_is_not_there(small: Path, run: Run) -> None:
    done = run("train", "small.toml", "--set", 'data.exclude={lable=["good"]}')

    refused(done, 1, "exclude names the column 'lable'", "Did you mean 'label'?")
    nothing_kept(small)


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("training.epoch=3", ["There is no setting training.epoch", "Did you mean 'epochs'?"]),
        ("trainig.epochs=3", ["There is no setting trainig", "Did you mean 'training'?"]),
        ("decoder.pooling=max", ["[decoder] is not used by the encoder 'bag'"]),
        ("tokenizer.kind=bpe", ["Take [tokenizer] out, or choose another encoder"]),
        ("encoder.kind=bags", ["No encoder is called 'bags'", "Did you mean 'bag'?"]),
        ("encoder.buckets=1000000", ["which is no power of two"]),
        ("training.epochs=0", ["It must be at least 1."]),
        ("training.epochs=many", ["It must be a whole number."]),
        ("training.seed=9223372036854775808", ["training.seed", "out of range"]),
        ('gates=[{rule="at_lest"}]', ["No gate is called 'at_lest'", "Did you mean 'at_least'?"]),
        ('gates=[{rule=["at_least"]}]', ["No gate is called"]),
        ("training.l2=1" + "0" * 400, ["training.l2 is a number of 401 digits"]),
        ("gates=" + "[" * 5_000, ["gates is no list"]),
        ("name=My Model", ["The model name is 'My Model'"]),
        ("nothing", ["--set 'nothing' has no '='"]),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_a_recipe_that_asks_for_what_cannot_be(
    small: Path, run: Run, override: str, said: list[str]
) -> None:
    refused(run("train", "small.toml", "--set", override), 2, *said)
    assert not (small / ".textwright").exists()
    refused(run("recipe", "show", "small.toml", "--set", override), 2, *said)


def test_a_recipe_that_is_a_folder_or_no_text(small: Path, run: Run) -> None:
    (small / "folder.toml").mkdir()
    (small / "packed.toml").write_bytes(b"\x1f\x8b\x08\x00")

    refused(run("train", "folder.toml"), 2, "cannot be read")
    refused(run("train", "packed.toml"), 2, "cannot be read", "UTF-8")


@pytest.mark.usefixtures("small")
def test_empty_texts_are_dropped_from_training_and_answered_in_test(run: Run) -> None:
    write("train.jsonl", [*rows(60), {"text": " ", "label": "good", "by": "x"}])
    write("test.jsonl", [*rows(10, "other"), {"text": "", "label": "good", "by": "x"}])

    found = run("train", "small.toml", "--json").json

    assert found["metrics"]["rows"] == 11
    assert "nothing to read" in run("predict", "small@1", "").out


@pytest.mark.usefixtures("small")
def test_test_rows_that_stand_in_training_are_counted_and_scored_apart(run: Run) -> None:
    write("test.jsonl", [*rows(3), {"text": "text good 99", "label": "bad", "by": "x"}])

    told = run("train", "small.toml").out
    found = run("train", "small.toml", "--json").json

    assert "3 of 4 test rows also stand in the training" in " ".join(told.split())
    assert "without them the accuracy is" in told
    assert found["leaked_rows"] == 3
    assert found["without_leaks"]["rows"] == 1


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("text", ["where is my parcel? " * 5_000, "我" * 100_000], ids=["en", "zh"])
def test_a_text_of_100_000_characters_is_answered_and_said_to_be_cut(run: Run, text: str) -> None:
    assert len(text) >= 100_000

    done = run("predict", "intents@2", text)

    assert done.code == 0
    assert "(text was cut)" in done.out
    assert len(done.out.splitlines()) == 1


def artifact_of(home: Settings) -> Path:
    """Give the folder of intents@2, made writable."""
    with sqlite3.connect(home.home / "textwright.db") as database:
        (address,) = database.execute("select artifact from version where number = 2").fetchone()
    folder = Path(home.artifacts) / str(address)
    folder.chmod(0o755)
    for path in folder.iterdir():
        path.chmod(0o644)
    return folder


@pytest.mark.parametrize("name", ["model.onnx", "labels.json", "recipe.toml", "manifest.json"])
def test_a_truncated_file_of_an_artifact_is_refused_by_name(
    home: Settings, run: Run, name: str
) -> None:
    path = artifact_of(home) / name
    path.write_bytes(path.read_bytes()[:-1])

    refused(run("predict", "intents@2", "hello"), 1, name)
    refused(run("promote", "intents@2"), 1, name)
    assert run("models", "--json").json["models"][0]["production"] is None
    assert run("predict", "intents@1", "hello").code == 0
    assert run("verify").code == 1


@pytest.mark.parametrize("name", ["model.onnx", "labels.json", "metrics.json"])
def test_a_changed_or_missing_file_of_an_artifact_is_refused_by_name(
    home: Settings, run: Run, name: str
) -> None:
    path = artifact_of(home) / name
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(content)
    refused(run("predict", "intents@2", "hello"), 1, name)

    path.unlink()
    refused(run("predict", "intents@2", "hello"), 1, name, "missing")


@pytest.mark.parametrize("foreign", ["../../../etc/passwd", "weights.pkl", "sub/model.onnx"])
def test_a_manifest_that_names_a_foreign_file_is_refused(
    home: Settings, run: Run, foreign: str
) -> None:
    folder = artifact_of(home)
    table = json.loads((folder / "manifest.json").read_bytes())
    table["files"][0]["name"] = foreign
    (folder / "manifest.json").write_bytes(canonical_json(table))

    refused(run("predict", str(folder), "hello"), 1, foreign, "which no artifact has")
    assert run("predict", "intents@2", "hello").code == 1


def test_an_artifact_of_a_newer_format_asks_for_a_newer_program(home: Settings, run: Run) -> None:
    folder = artifact_of(home)
    table = json.loads((folder / "manifest.json").read_bytes())
    (folder / "manifest.json").write_bytes(canonical_json(table | {"format": 9}))

    refused(run("predict", str(folder), "hello"), 1, "artifact format 9", "newer textwright")


@pytest.mark.usefixtures("home")
def test_a_port_in_use_is_said_with_the_way_out(run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        refused(run("serve", "--port", port), 2, f"Port {port}", "is in use", "--port")


@pytest.mark.usefixtures("home")
def test_a_host_of_another_machine_cannot_be_listened_on(run: Run) -> None:
    refused(run("serve", "--host", "203.0.113.9", "--port", "0"), 2, "cannot be listened on")


def test_a_locked_database_is_said_and_nothing_moves(
    home: Settings, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("promote", "intents@1").code == 0
    defaults = open_database.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "timeout_s", 0.2)
    holder = sqlite3.connect(home.home / "textwright.db", isolation_level=None)
    holder.execute("begin immediate")
    try:
        refused(run("promote", "intents@2"), 1, "locked")
        assert run("models", "--json").json["models"][0]["production"] == 1
    finally:
        holder.execute("rollback")
        holder.close()
    assert run("promote", "intents@2").code == 0


@pytest.mark.parametrize("command", [["models"], ["promote", "intents@2"], ["db", "upgrade"]])
def test_a_database_newer_than_the_program_is_left_alone(
    home: Settings, run: Run, command: list[str]
) -> None:
    path = home.home / "textwright.db"
    with sqlite3.connect(path) as database:
        database.execute("update alembic_version set version_num = 'r9999'")
    database.close()

    refused(run(*command), 1, "newer")

    with sqlite3.connect(path) as database:
        assert database.execute("select version_num from alembic_version").fetchone() == ("r9999",)
    database.close()


def test_a_file_that_is_no_database_is_said(home: Settings, run: Run) -> None:
    for path in home.home.glob("textwright.db*"):
        path.unlink()
    (home.home / "textwright.db").write_bytes(b"no database at all, but long enough" * 100)

    refused(run("models"), 1, "textwright.db")


@pytest.mark.parametrize(
    "command",
    [["models"], ["versions", "a"], ["show", "a@1"], ["verify"], ["serve"], ["rollback", "a"]],
    ids=" ".join,
)
def test_without_a_home_folder_nothing_is_made(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    refused(run(*command), 2, "no .textwright folder", "Train a model first")

    assert list(tmp_path.iterdir()) == []


def test_a_stated_home_without_a_database_is_not_made(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXTWRIGHT_HOME", str(tmp_path / "none"))

    refused(run("models"), 1, "no textwright database", "TEXTWRIGHT_HOME")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("home")
def test_standard_input_and_a_file_together_are_refused(run: Run) -> None:
    Path("lines.txt").write_text("a\n", encoding="utf-8")

    refused(run("predict", "intents@2", "-", "--file", "lines.txt"), 2, "Give one of them")


@pytest.mark.usefixtures("home")
def test_a_file_of_lines_that_is_no_text_is_refused(run: Run) -> None:
    Path("lines.txt").write_bytes("我的卡".encode("gb18030"))

    refused(run("predict", "intents@2", "--file", "lines.txt"), 1, "lines.txt cannot be read")


@pytest.mark.usefixtures("home")
def test_standard_input_that_is_no_text_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "textwright.cli.main", "predict", "intents@2", "-"],
        input=b"caf\xe9\n",
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8:strict"},
    )

    assert done.returncode == 1
    assert done.stderr.decode().splitlines()[0].startswith("Error: Standard input cannot be read")
    assert b"Traceback" not in done.stderr
