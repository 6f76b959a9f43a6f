"""Finding the home folder and the addresses."""

from pathlib import Path

import pytest

from textwright.errors import SettingsError
from textwright.settings import find_settings


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
