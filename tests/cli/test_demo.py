"""The demo: the whole way in one command, and again in the folder it left."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import Run
from textwright.cli.demo import FOLDER, QUESTIONS, copy_data, find_program, working_in
from textwright.errors import SettingsError

NAMES = ("HOME", "DATABASE", "ARTIFACTS")


def test_the_bundled_data_are_copied_where_they_can_be_looked_at(tmp_path: Path) -> None:
    folder = copy_data(tmp_path / FOLDER)

    names = {path.name for path in folder.iterdir()}
    assert {"intents.toml", "train.jsonl", "test.jsonl"} <= names
    assert not [name for name in names if name.endswith(".py")]


def test_copying_again_mends_what_was_changed_and_keeps_the_rest(tmp_path: Path) -> None:
    folder = copy_data(tmp_path / FOLDER)
    (folder / "intents.toml").write_text("broken")
    (folder / "mine.txt").write_text("kept")

    copy_data(folder)

    assert "intents" in (folder / "intents.toml").read_text("utf-8")
    assert (folder / "mine.txt").read_text() == "kept"


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("a file in the way")

    with pytest.raises(SettingsError, match="cannot be written"):
        copy_data(tmp_path / FOLDER)


def test_the_demo_works_in_a_home_of_its_own_whatever_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = copy_data(tmp_path / FOLDER)
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        monkeypatch.setenv(f"TEXTWRIGHT_{name}", "/elsewhere")

    def failing() -> None:
        with working_in(folder):
            assert Path.cwd() == folder
            assert not {f"TEXTWRIGHT_{name}" for name in NAMES} & set(os.environ)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        failing()

    assert Path.cwd() == tmp_path
    assert {os.environ[f"TEXTWRIGHT_{name}"] for name in NAMES} == {"/elsewhere"}
    assert (folder / ".textwright").is_dir()


def test_what_to_type_is_the_name_only_where_it_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "bin" / "textwright"), "demo"])
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_program() == str(tmp_path / "bin" / "textwright")

    program = tmp_path / "textwright"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert find_program() == "textwright"


def demo(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "textwright.cli.main", "demo"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.slow
def test_the_whole_way_and_once_more(tmp_path: Path) -> None:
    first, second = demo(tmp_path), demo(tmp_path)

    for done, versions in ((first, ("intents@1", "intents@2")), (second, ("intents@1",))):
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        for question in QUESTIONS:
            assert question in done.stdout
        for version in versions:
            assert f"textwright promote {version}" in done.stdout
        assert "-> track_order" in done.stdout
        assert "-> return_item" in done.stdout
        assert "it abstains" in done.stdout
        assert "intents@1 is in production again" in done.stdout
        assert "The server picked it up in" in done.stdout
        assert "Everything kept is whole." in done.stdout
        assert "What to type next" in done.stdout
    assert "The same artifact as before: no new version." in second.stdout
    assert [path.name for path in tmp_path.iterdir()] == [FOLDER]
    kept = tmp_path / FOLDER / ".textwright" / "artifacts"
    assert len([path for path in kept.iterdir() if len(path.name) == 64]) == 2


@pytest.mark.slow
def test_a_port_in_use_ends_the_demo_with_what_the_server_said(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()

        done = run("demo", "--port", str(taken.getsockname()[1]))

    assert done.code == 2
    assert "The demo's server did not start." in done.err
    assert "is in use" in done.err
    assert "Traceback" not in done.err
