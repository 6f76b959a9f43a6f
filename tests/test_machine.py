"""What a run's record says of the machine."""

import tomllib
from pathlib import Path

from textwright.machine import (
    LIBRARIES,
    code_version,
    current_user,
    describe_machine,
    library_versions,
    lock_digest,
)


def test_a_machine_is_described() -> None:
    found = describe_machine()

    assert found["processor"]
    assert int(found["cores"]) >= 1
    assert float(found["memory_gib"]) > 0


def test_versions_are_those_installed() -> None:
    assert library_versions()["numpy"].startswith("2.")


def test_versions_of_all_that_trains_and_measures_are_kept() -> None:
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    needed = {each.split(">=")[0] for name in ("train", "parquet", "hf") for each in extras[name]}

    assert needed - set(LIBRARIES) == {"matplotlib", "optuna"}  # they draw and choose settings


def test_a_user_has_a_name() -> None:
    assert current_user()


def test_the_lock_is_one_digest_of_everything_installed() -> None:
    assert lock_digest() == lock_digest()
    assert len(bytes.fromhex(lock_digest())) == 32


def test_the_code_is_named_by_version_and_commit(tmp_path: Path) -> None:
    (tmp_path / ".git" / "refs").mkdir(parents=True)
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/main\n")
    (tmp_path / ".git" / "refs" / "main").write_text("0123456789abcdef\n")

    number = code_version(tmp_path / "nowhere")
    assert "+" not in number
    assert code_version(tmp_path) == f"{number}+0123456789ab"

    (tmp_path / ".git" / "HEAD").write_text("fedcba9876543210\n")
    assert code_version(tmp_path) == f"{number}+fedcba987654"
