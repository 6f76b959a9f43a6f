"""Commands over recorded answers, as they are typed."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import Run
from tests.monitoring.answers import give, name
from tests.serving.household import Household, make_household
from tests.serving.keyed import running_house


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Household]:
    """Give a home with intents@1 in production and three of its answers."""
    made = make_household(tmp_path / "home")
    made.register()
    made.promote("intents@1")
    monkeypatch.setenv("TEXTWRIGHT_HOME", str(made.settings.home))
    for number in range(3):
        give(made.sessions, number, keep="text", text=f"text {number}", days=1 if number else 0)
    yield made
    made.sessions.close()


def write(path: Path, *rows: dict[str, object]) -> str:
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return str(path)


@pytest.mark.usefixtures("house")
def test_feedback_from_a_file_tells_how_many_matched(run: Run, tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"id": name(0), "label": "card"},
        {"id": name(1), "label": ["music"]},
        {"id": name(9), "label": "card"},
    ]
    file = write(tmp_path / "feedback.jsonl", *rows)

    done = run("feedback", file)

    assert done.code == 0
    assert "2 of 3 match a recorded answer; of those 1 right." in done.out
    assert "2 stored, 0 changed, 0 unchanged, 1 unknown" in done.out
    assert f"no record of an answer {name(9)}" in done.err
    told = run("feedback", file, "--json").json
    assert (told["unchanged"], told["correct"], told["wrong"]) == (2, 1, 1)
    assert told["unknown_ids"] == [name(9)]


@pytest.mark.usefixtures("house")
def test_feedback_comes_as_csv_too_and_in_any_number(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "feedback.csv"
    lines = [f"{name(number)},card,ok" for number in range(2500)]
    file.write_text("\n".join(["id,label,remark", *lines]), encoding="utf-8")

    told = run("feedback", str(file), "--json").json

    assert (told["given"], told["stored"], told["unknown"]) == (2500, 3, 2497)
    assert "and of 2,477 more" in run("feedback", str(file)).err


@pytest.mark.usefixtures("house")
@pytest.mark.parametrize(
    "row", [{"id": name(0)}, {"label": "card"}, {"id": 7, "label": "card"}, {"id": "", "label": ""}]
)
def test_a_row_of_feedback_at_fault_is_named(
    run: Run, tmp_path: Path, row: dict[str, object]
) -> None:
    file = write(tmp_path / "feedback.jsonl", {"id": name(0), "label": "card"}, row)

    done = run("feedback", file)

    assert done.code != 0
    assert "row 2" in done.err


@pytest.mark.usefixtures("house")
def test_an_answer_is_traced_back_to_who_promoted_its_version(run: Run, tmp_path: Path) -> None:
    run("feedback", write(tmp_path / "feedback.jsonl", {"id": name(0), "label": "music"}))

    shown = run("trace", name(0)).out
    found = run("trace", name(0), "--json").json

    for part in (
        name(0),
        "text 0",
        "card, score 0.9",
        "music: wrong",
        "intents@1",
        "ann",
        "better",
    ):
        assert part in shown
    assert found["version"]["name"] == "intents@1"
    assert found["moves"][0]["kind"] == "promoted"


@pytest.mark.usefixtures("house")
def test_an_answer_without_a_record_is_said_to_have_none_and_why(run: Run) -> None:
    done = run("trace", name(77))
    assert done.code == 2
    assert "it was erased" in done.err
    assert "24 characters" in run("trace", "intents@1").err


@pytest.mark.usefixtures("house")
def test_records_are_erased_by_id_by_age_and_by_caller(run: Run) -> None:
    assert "Erased 1 answers" in run("records", "erase", "--id", name(1), "--reason", "asked").out
    assert run("trace", name(1)).code == 2
    assert "nothing to erase" in run("records", "erase", "--id", name(1)).out

    assert run("records", "erase", "--expired", "--json").json["answers"] == 1
    assert run("trace", name(0)).code == 0

    found = run("records", "erase", "--caller", "ann@example.com", "--json").json
    assert (found["answers"], found["feedback"]) == (1, 0)
    assert run("verify").code == 0


@pytest.mark.usefixtures("house")
def test_what_to_erase_must_be_said_once(run: Run) -> None:
    assert run("records", "erase").code == 2
    both = run("records", "erase", "--id", name(0), "--caller", "ann@example.com")
    assert both.code == 2
    assert run("trace", name(0)).code == 0


def test_a_server_is_asked_in_the_databases_place(
    run: Run, house: Household, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path / "feedback.jsonl", {"id": name(0), "label": "music"})
    with running_house(house) as keyed:
        monkeypatch.delenv("TEXTWRIGHT_HOME")
        monkeypatch.setenv("TEXTWRIGHT_SERVER", f"http://127.0.0.1:{keyed.running.port}")
        monkeypatch.setenv("TEXTWRIGHT_KEY", keyed.secrets["viewer"])

        assert run("feedback", file, "--json").json["stored"] == 1
        assert "music: wrong" in run("trace", name(0)).out
        found = run("trace", name(0), "--json").json
        assert found["feedback"]["actor"] == "viewer"
