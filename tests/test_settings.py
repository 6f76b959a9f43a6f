"""Finding the home folder and the addresses."""

from pathlib import Path

import pytest

from textwright.errors import SettingsError
from textwright.settings import find_settings, find_weights


def test_the_nearest_home_upward_is_found(tmp_path: Path) -> None:
    (tmp_path / ".textwright").mkdir()
    below = tmp_path / "project" / "recipes"
    below.mkdir(parents=True)

    found = find_settings(start=below, environment={})

    assert found.home == tmp_path / ".textwright"
    assert found.database == f"sqlite:///{tmp_path}/.textwright/textwright.db"
    assert found.artifacts == str(tmp_path / ".textwright" / "artifacts")
    assert found.runs == tmp_path / ".textwright" / "runs"


def test_without_a_home_a_command_says_so(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="Train a model first"):
        find_settings(start=tmp_path, environment={})


def test_train_makes_a_home_where_it_stands(tmp_path: Path) -> None:
    find_settings(create=True, start=tmp_path, environment={})

    assert (tmp_path / ".textwright").is_dir()


def test_train_below_a_home_makes_no_second_one(tmp_path: Path) -> None:
    (tmp_path / ".textwright").mkdir()
    below = tmp_path / "below"
    below.mkdir()

    assert find_settings(create=True, start=below, environment={}).home.parent == tmp_path
    assert not (below / ".textwright").exists()


def test_the_environment_points_elsewhere(tmp_path: Path) -> None:
    environment = {
        "TEXTWRIGHT_HOME": str(tmp_path / "home"),
        "TEXTWRIGHT_DATABASE": "postgresql+psycopg://db/textwright",
        "TEXTWRIGHT_ARTIFACTS": "s3://models",
    }

    found = find_settings(start=tmp_path, environment=environment)

    assert found.home == tmp_path / "home"
    assert found.database == "postgresql+psycopg://db/textwright"
    assert found.artifacts == "s3://models"


def test_a_home_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(SettingsError, match="cannot be made"):
        find_settings(
            create=True,
            start=tmp_path,
            environment={"TEXTWRIGHT_HOME": str(tmp_path / "file" / "home")},
        )


def test_texts_are_kept_for_so_many_days(tmp_path: Path) -> None:
    def days(stated: str) -> int | None:
        environment = {"TEXTWRIGHT_HOME": str(tmp_path), "TEXTWRIGHT_RETENTION_DAYS": stated}
        return find_settings(environment=environment).retention_days

    assert days("90") == 90
    assert days("") is None
    for wrong in ("0", "-1", "a month", "1.5"):
        with pytest.raises(SettingsError, match="TEXTWRIGHT_RETENTION_DAYS"):
            days(wrong)


@pytest.mark.parametrize(("stated", "days"), [("", None), ("1", 1), ("90", 90)])
def test_days_of_retention_are_read(tmp_path: Path, stated: str, days: int | None) -> None:
    environment = {"TEXTWRIGHT_HOME": str(tmp_path), "TEXTWRIGHT_RETENTION_DAYS": stated}

    assert find_settings(environment=environment).retention_days == days


@pytest.mark.parametrize("stated", ["0", "-1", "1.5", "a week", " 7", "\u0663", "\u00b2"])
def test_days_of_retention_that_are_no_whole_number_are_refused(
    tmp_path: Path, stated: str
) -> None:
    environment = {"TEXTWRIGHT_HOME": str(tmp_path), "TEXTWRIGHT_RETENTION_DAYS": stated}

    with pytest.raises(SettingsError, match="TEXTWRIGHT_RETENTION_DAYS"):
        find_settings(environment=environment)


def test_a_stated_home_wins_over_the_nearest_and_empty_ones_count_for_nothing(
    tmp_path: Path,
) -> None:
    (tmp_path / ".textwright").mkdir()
    stated = {"TEXTWRIGHT_HOME": str(tmp_path / "other")}
    empty = {"TEXTWRIGHT_HOME": "", "TEXTWRIGHT_DATABASE": "", "TEXTWRIGHT_ARTIFACTS": ""}

    assert find_settings(start=tmp_path, environment=stated).home == tmp_path / "other"
    assert not (tmp_path / "other").exists()
    found = find_settings(start=tmp_path, environment=empty)
    assert found.home == tmp_path / ".textwright"
    assert found.database.endswith(".textwright/textwright.db")


def test_a_file_of_that_name_is_no_home(tmp_path: Path) -> None:
    (tmp_path / ".textwright").write_text("a file")

    with pytest.raises(SettingsError, match=r"no \.textwright folder"):
        find_settings(start=tmp_path, environment={})


def test_a_tilde_in_a_stated_home_is_the_users_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    assert find_settings(environment={"TEXTWRIGHT_HOME": "~/models"}).home == tmp_path / "models"


def test_every_folder_of_a_home_lies_in_it(tmp_path: Path) -> None:
    found = find_settings(environment={"TEXTWRIGHT_HOME": str(tmp_path)})

    folders = (found.runs, found.cache, found.records, Path(found.artifacts))
    assert [path.relative_to(tmp_path).as_posix() for path in folders] == [
        "runs",
        "cache/artifacts",
        "records",
        "artifacts",
    ]


def test_folders_of_weights_are_listed_with_a_colon_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOME", "/home/ada")

    assert find_weights({"TEXTWRIGHT_WEIGHTS": "/models/bert:~/e5:"}) == [
        Path("/models/bert"),
        Path("/home/ada/e5"),
    ]
    assert find_weights({}) == []
