"""Every command, as it is typed: what it prints, and its exit code."""

import json
import sys
from pathlib import Path

import pytest

from tests.commands import Run
from textwright.cli.main import main
from textwright.settings import Settings


@pytest.mark.usefixtures("demo")
def test_training_prints_scores_gates_and_what_is_next(run: Run) -> None:
    done = run("train", "intents.toml")

    assert done.code == 0
    for part in ("accuracy", "95 % interval", "commonest label", "by language", "passed"):
        assert part in done.out
    assert "Next: textwright promote intents@1" in done.out
    assert "training ..." in done.err


@pytest.mark.usefixtures("demo")
def test_training_as_json_prints_one_object_and_nothing_else(run: Run) -> None:
    found = run("train", "intents.toml", "--set", "training.seed=3", "--json").json

    assert (found["model"], found["version"]) == ("intents", 1)
    assert found["metrics"]["accuracy"] > 0.9
    assert found["majority"] < 0.2
    assert found["seconds"] <= found["total_seconds"]
    assert found["verdicts"][0]["outcome"] == "pass"


@pytest.mark.usefixtures("demo")
def test_without_a_test_set_the_report_says_what_that_means(run: Run) -> None:
    done = run("train", "intents.toml", "--set", "data.test=")

    assert "cannot be promoted" in done.out
    assert run("promote", "intents@1").code == 1


@pytest.mark.usefixtures("demo")
def test_a_failed_gate_is_said_and_refuses_promotion(run: Run) -> None:
    strict = '[{rule = "at_least", value = 0.999}, {rule = "at_most", metric = "f1", value = 1}]'

    done = run("train", "intents.toml", "--set", f"gates={strict}")

    assert "FAILED" in done.out
    assert "unknown" in done.out
    refused = run("promote", "intents@1")
    assert refused.code == 1
    assert "accuracy at least 0.999" in refused.err
    assert run("gate", "intents@1").code == 1


@pytest.mark.usefixtures("home")
def test_the_way_of_a_version(run: Run) -> None:
    assert "is in production." in run("promote", "intents@1").out
    assert "after intents@1" in run("promote", "intents@2", "--reason", "better").out
    assert "already" in run("promote", "intents@2").out
    assert run("models", "--json").json["models"] == [
        {"model": "intents", "newest": 2, "production": 2}
    ]
    assert "intents@1 is in production again" in run("rollback", "intents").out
    assert run("rollback", "intents").code == 1
    told = run("history", "intents").out
    assert told.index("intents@1 went to production") < told.index("went back")
    assert run("verify", "--json").json == {"whole": True, "problems": []}


@pytest.mark.usefixtures("home")
def test_moves_as_json(run: Run) -> None:
    moved = run("promote", "intents@2", "--json").json

    assert (moved["moved"], moved["production"], moved["earlier"]) == (True, 2, None)
    run("promote", "intents@1")
    assert run("rollback", "intents", "--json").json["production"] == 2
    assert len(run("history", "intents", "--json").json["events"]) > 10


@pytest.mark.usefixtures("home")
def test_listing_and_showing(run: Run) -> None:
    assert "intents@2" in run("versions", "intents").out
    rows = run("versions", "intents", "--json").json["versions"]
    assert [row["version"] for row in rows] == ["intents@2", "intents@1"]
    assert rows[0]["gates"] == "pass"
    shown = run("show", "intents@1")
    assert "# intents" in shown.out
    assert "accuracy at least" in shown.out
    assert run("show", "intents@1", "--json").json["run"] == 1
    assert "intents" in run("models").out


def test_a_flipped_bit_makes_verify_fail(home: Settings, run: Run) -> None:
    artifact = next((home.home / "artifacts").iterdir())
    card = artifact / "card.md"
    card.write_bytes(card.read_bytes().replace(b"#", b"$", 1))

    done = run("verify")

    assert done.code == 1
    assert "card.md" in done.out
    refused = [run("promote", f"intents@{each}").code for each in (1, 2)]
    assert sorted(refused) == [0, 1]


def test_strays_are_named_and_break_nothing(home: Settings, run: Run) -> None:
    (home.runs / "intents-killed").mkdir(parents=True)
    (home.records / "0123").mkdir()
    (home.home / "artifacts" / ".writing-0123").mkdir()

    done = run("verify")

    assert done.code == 0
    for name in ("intents-killed", "0123", ".writing-0123"):
        assert name in done.out


@pytest.mark.usefixtures("home")
def test_predicting_texts_a_file_and_standard_input(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("lines.txt").write_text("where is my parcel\n我要退货\n", encoding="utf-8")

    by_words = run("predict", "intents@2", "where is my parcel", "我要退货").out
    by_file = run("predict", "intents@2", "--file", "lines.txt").out
    with Path("lines.txt").open(encoding="utf-8") as lines:
        monkeypatch.setattr(sys, "stdin", lines)
        by_input = run("predict", "intents@2", "-").out

    assert by_words == by_file == by_input
    assert by_words.splitlines()[0].startswith("track_order\t")
    assert by_words.splitlines()[1].startswith("return_item\t")


@pytest.mark.usefixtures("home")
def test_an_answer_says_what_is_unusual(run: Run) -> None:
    long = "where is my parcel " * 5_000

    out = run("predict", "intents@2", "", "qqq zzz xxx vvv", long).out.splitlines()

    assert "nothing to read" in out[0]
    assert "abstains" in out[1]
    assert "text was cut" in out[2]
    answers = [
        json.loads(each)
        for each in run("predict", "intents@2", long, "--json").out.split("\n")
        if each
    ]
    assert answers[0]["truncated"] is True


@pytest.mark.usefixtures("home")
def test_evaluating_and_comparing(run: Run) -> None:
    assert "827 rows" in run("evaluate", "intents@2", "test.jsonl").out
    metrics = run("evaluate", "intents@2", "test.jsonl", "--json").json["metrics"]
    assert metrics["accuracy"] > 0.9
    told = run("compare", "intents@1", "intents@2").out
    assert "95 % interval" in told
    assert "language=zh" in told
    assert run("compare", "intents@1", "intents@2", "--json").json["rows"] == 617


@pytest.mark.usefixtures("demo")
def test_a_recipe_is_shown_with_the_meaning_of_every_setting(run: Run) -> None:
    shown = run("recipe", "show", "intents.toml", "--set", "encoder.kind=bilstm")

    assert "Stacked LSTMs" in shown.out
    assert "encoder.hidden" in shown.out
    found = run("recipe", "show", "intents.toml", "--json").json
    assert found["encoder"]["kind"] == "bag"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["train", "none.toml"], 2, "There is no recipe"),
        (["train", "intents.toml", "--set", "encodr.kind=bag"], 2, "Did you mean 'encoder'?"),
        (["train", "intents.toml", "--set", "data.train=none.jsonl"], 1, "There is no file"),
        (["train", "intents.toml", "--resume"], 1, "no unfinished run"),
        (["trian"], 2, "No such command"),
        (["train"], 2, "Missing argument"),
        (["predict", "intents@2"], 2, "There is no text"),
        (["predict", "intents@2", "a", "--file", "b"], 2, "Give one of them"),
        (["predict", "intents@2", "--file", "none.txt"], 1, "There is no file"),
        (["predict", "intents@9", "a"], 2, "Its newest version is intents@2"),
        (["predict", "intents@production", "a"], 2, "Promote one"),
        (["predict", "intents", "a"], 2, "write intents@production"),
        (["show", "intent@1"], 2, "Did you mean 'intents'?"),
        (["versions", "intent"], 2, "Did you mean 'intents'?"),
        (["rollback", "intents"], 1, "nothing to go back to"),
        (["serve", "--port", "99999"], 2, "65535"),
    ],
)
@pytest.mark.usefixtures("home")
def test_a_mistake_is_told_in_two_lines_with_its_exit_code(
    run: Run, arguments: list[str], code: int, said: str
) -> None:
    done = run(*arguments)

    assert done.code == code
    assert said in done.err
    assert "Traceback" not in done.err + done.out


def test_without_a_home_a_command_says_where_it_looked(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    done = run("models")

    assert done.code == 2
    assert str(tmp_path) in done.err
    assert "Train a model first" in done.err


@pytest.mark.usefixtures("home")
def test_a_fault_of_ours_is_no_traceback_unless_asked_for(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "textwright.cli.remote", None)

    done = run("history", "intents")

    assert done.code == 3
    assert "a fault of textwright" in done.err
    assert "--debug" in done.err
    with pytest.raises(ImportError):
        main(["history", "intents", "--debug"])


@pytest.mark.usefixtures("home")
def test_the_database_is_upgraded_to_where_it_is(run: Run) -> None:
    assert "revision" in run("db", "upgrade").out
