"""Commands over records and lineage, as they are typed."""

from pathlib import Path

import pytest

from tests.commands import Done, Run
from textwright.settings import Settings


def failed(done: Done, code: int) -> str:
    """Give what a command said that ended with this exit code."""
    assert done.code == code
    return done.out + done.err


@pytest.mark.usefixtures("home")
def test_records_are_listed_and_erased_once(run: Run) -> None:
    listed = run("records", "list", "--json").json["records"]
    assert {each["file"] for each in listed} == {"answers.jsonl", "train_rows"}
    assert {tuple(each["versions"]) for each in listed} == {("intents@1",), ("intents@2",)}

    assert "Erased 1 files with 827 rows." in run("records", "erase", "intents@2").out
    assert "nothing to erase" in run("records", "erase", "intents@2").out
    assert run("records", "erase", "intents@2", "--digests", "--json").json["rows"] == 2629
    assert "answers.jsonl" in run("records", "list").out
    assert "were erased on" in failed(run("compare", "intents@1", "intents@2"), 1)
    assert "was erased" in run("history", "intents").out.replace("\n", " ")
    assert run("verify").code == 0


@pytest.mark.usefixtures("home")
def test_what_to_erase_must_be_said_once(run: Run) -> None:
    assert "Say what to erase" in failed(run("records", "erase"), 2)
    assert "not both" in failed(run("records", "erase", "intents@1", "--expired"), 2)
    assert "nothing to erase" in run("records", "erase", "--expired").out


@pytest.mark.usefixtures("demo")
def test_a_version_is_reproduced_or_told_why_not(run: Run) -> None:
    run("train", "intents.toml", "--set", "encoder.word_ngrams=1")

    told = run("reproduce", "intents@1", "--json").json
    assert told["equal"]
    assert told["recorded"] == told["found"]

    Path("test.jsonl").write_text(Path("test.jsonl").read_text("utf-8") * 2, encoding="utf-8")
    out = failed(run("reproduce", "intents@1"), 1)
    assert "is not reproduced" in out
    assert "test" in out

    run("promote", "intents@1")
    assert run("retrain", "intents", "--json").json["version"] == 2
    assert "nothing" not in run("retrain", "intents").out


def test_a_version_is_exported_into_a_new_folder(run: Run, home: Settings) -> None:
    target = home.home.parent / "out"

    assert "artifact" in run("export", "intents@2", str(target)).out
    assert (target / "MLmodel").is_file()
    assert "is not empty" in failed(run("export", "intents@2", str(target)), 2)
    assert "Say where to" in failed(run("export", "intents@2"), 2)
    both = run("export", "intents@2", "elsewhere", "--mlflow", "http://127.0.0.1:1")
    assert "Say where to" in failed(both, 2)
    assert "needs its package" in failed(run("export", "intents@2", "--mlflow", "http://x"), 1)
