"""The command inspect, as it is typed."""

import json
from pathlib import Path

import pytest

from tests.cli.test_html_page import HOSTILE, read_page
from tests.commands import Run


@pytest.fixture
def faulty(demo: Path) -> Path:
    """Give the bundled data with some faults added, worked in."""
    rows = [
        {"text": HOSTILE, "label": "track_order", "language": "en"},
        {"text": HOSTILE, "label": HOSTILE, "language": "en"},
        {"text": HOSTILE + "!", "label": "track_order", "language": "en"},
        {"text": "where is my parcel", "label": "return_item", "language": "en"},
    ]
    with (demo / "train.jsonl").open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    return demo


@pytest.mark.usefixtures("faulty")
def test_what_was_found_is_printed_a_part_at_a_time(run: Run) -> None:
    done = run("inspect", "intents.toml", "--folds", "2")

    assert done.code == 0
    for part in (
        *("train", "out_of_scope", "Han", "train again", "most repeated (1)"),
        *("same text, different labels (1)", "nearly the same (1)", "likely wrong"),
        *("control characters", "rows should be looked at"),
        "on too few texts to be judged: 1",
    ):
        assert part in done.out
    assert "judging labels ..." in done.err
    assert not {"\x1b", "\u202e", "\x00"} & set(done.out)


@pytest.mark.usefixtures("faulty")
def test_the_result_as_json_is_one_object_and_nothing_else(run: Run) -> None:
    found = run("inspect", "intents.toml", "--folds", "2", "--json").json

    assert found["rows"] == 4022
    assert found["duplicates"][0]["rows"] == ["train.jsonl:2630", "train.jsonl:2631"]
    assert any(
        issue["row"] == 2633 and issue["suggested"] == ["track_order"]
        for issue in found["wrong_labels"]["issues"]
    )


def test_the_report_and_the_rows_are_written_beside(faulty: Path, run: Run) -> None:
    done = run(
        *("inspect", "intents.toml", "--folds", "2"), *("--html", "r.html"), "--out", "r.jsonl"
    )

    page = read_page(faulty / "r.html")
    rows = [json.loads(line) for line in (faulty / "r.jsonl").read_text("utf-8").splitlines()]
    assert "<script>alert(1)</script>" in page.text
    for part in ("What is in the data", "Labels likely wrong", "Same text, different labels"):
        assert part in page.text
    assert f"r.jsonl holds {len(rows)} rows" in done.err
    assert rows[-1]["file"] in ("train.jsonl", "validation.jsonl", "test.jsonl")
    assert {"text": HOSTILE, "row": 2631}.items() <= {
        key: each for row in rows if row["row"] == 2631 for key, each in row.items()
    }.items()


def test_the_rows_are_never_written_over_a_file(faulty: Path, run: Run) -> None:
    before = (faulty / "train.jsonl").read_bytes()

    refused = run("inspect", "intents.toml", "--out", "train.jsonl")

    assert refused.code == 2
    assert "train.jsonl is there already" in refused.err
    assert run("inspect", "intents.toml", "--html", "train.jsonl", "--folds", "0").code == 2
    assert run("inspect", "test.jsonl", "--folds", "0", "--out", "no/where").code == 2
    assert (faulty / "train.jsonl").read_bytes() == before


@pytest.mark.usefixtures("demo")
def test_files_are_read_with_the_columns_named(run: Run) -> None:
    Path("a.csv").write_text("body,kind\nfirst text,x\nfirst text,y\n", encoding="utf-8")

    found = run("inspect", "a.csv", "--text", "body", "--label", "kind", "--json").json

    assert found["labels"] == {"x": {"a.csv": 1}, "y": {"a.csv": 1}}
    assert len(found["label_conflicts"]["same_text"]) == 1
    assert found["wrong_labels"]["rare"] == {"x": 1, "y": 1}


@pytest.mark.usefixtures("demo")
def test_rows_without_labels_are_said_to_have_none(run: Run) -> None:
    Path("a.jsonl").write_text('{"text": "one"}\n{"text": "two"}\n', encoding="utf-8")

    told = run("inspect", "a.jsonl")

    assert told.code == 0
    assert "The rows have no label" in told.out
    assert "No text stands there twice" in told.out
    assert run("inspect", "a.jsonl", "--json").json["wrong_labels"] is None


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["none.toml"], 2, "There is no recipe"),
        (["none.csv"], 1, "There is no file"),
        (["intents.toml", "test.jsonl"], 2, "one recipe"),
        (["test.jsonl", "--label", "lable"], 1, "Did you mean 'label'?"),
        (["test.jsonl", "--set", "data.sep=1"], 2, "data.sep"),
        (["test.jsonl", "--similarity", "0"], 2, "The similarity is 0"),
        (["test.jsonl", "--folds", "1"], 2, "Take 2 or more"),
        ([], 2, "Missing argument"),
    ],
)
@pytest.mark.usefixtures("demo")
def test_a_mistake_is_told_with_its_exit_code(
    run: Run, arguments: list[str], code: int, said: str
) -> None:
    done = run("inspect", *arguments)

    assert done.code == code
    assert said in done.err
    assert "Traceback" not in done.err
