"""Loading a model by its name or its folder."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runtime.tiny import make_artifact
from tests.serving.household import Household, make_household
from textwright.errors import ArtifactError, SettingsError, UnknownNameError, UsageError
from textwright.models import load


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Household]:
    made = make_household(tmp_path / "home")
    yield made
    made.sessions.close()


def test_a_folder_is_loaded_by_path_or_string(tmp_path: Path) -> None:
    make_artifact(tmp_path / "artifact")
    for reference in (tmp_path / "artifact", str(tmp_path / "artifact")):
        (answer,) = load(reference).predict(["will it rain"])
        assert answer.label == "weather"


def test_a_version_is_loaded_by_number_and_by_what_points_at_it(house: Household) -> None:
    house.register(strength=9.0)
    house.register(strength=2.0)
    house.promote("intents@1")
    scores = {
        reference: load(reference, settings=house.settings).predict(["rain"])[0].score
        for reference in ("intents@1", "intents@2", "intents@production", "intents@latest")
    }
    assert scores["intents@production"] == scores["intents@1"] > 0.99
    assert scores["intents@latest"] == scores["intents@2"] < 0.9


def test_what_is_not_there_is_named(house: Household) -> None:
    house.register()
    with pytest.raises(UnknownNameError, match="Did you mean 'intents'"):
        load("intent@1", settings=house.settings)
    with pytest.raises(UnknownNameError, match="intents@2"):
        load("intents@2", settings=house.settings)
    with pytest.raises(UnknownNameError, match="intents@production"):
        load("intents@production", settings=house.settings)


def test_a_bare_name_is_told_how_to_be_written() -> None:
    with pytest.raises(UsageError, match="intents@production"):
        load("intents")
    with pytest.raises(ArtifactError, match="holds no manifest"):
        load(Path("intents"))


def test_without_a_home_folder_the_error_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TEXTWRIGHT_HOME", raising=False)
    with pytest.raises(SettingsError, match=r"no \.textwright folder"):
        load("intents@production")


def test_a_changed_artifact_is_refused(house: Household) -> None:
    house.register()
    (network,) = (house.settings.home / "artifacts").glob("*/model.onnx")
    network.chmod(0o644)
    network.write_bytes(network.read_bytes()[:-1] + b"\0")
    with pytest.raises(ArtifactError, match=r"model\.onnx was changed"):
        load("intents@1", settings=house.settings)


def test_loading_imports_neither_torch_nor_numba(house: Household) -> None:
    house.register()
    program = """
import sys
from textwright.models import load
print(load("intents@latest").predict(["rain"])[0].label)
print(sorted({"torch", "numba", "onnx", "sklearn", "alembic"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={"TEXTWRIGHT_HOME": str(house.settings.home)},
    )
    assert done.stdout.splitlines() == ["weather", "[]"], done.stderr
