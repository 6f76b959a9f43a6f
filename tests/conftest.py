"""What several test folders share: the bundled data, a home, versions trained once."""

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.commands import Done, Run
from tests.networks.tiny_checkpoints import write_checkpoint
from textwright.cli.main import main
from textwright.settings import Settings, find_settings
from textwright.workflow.train import train

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "src" / "textwright" / "demo"
DATA = ROOT.parent / "shared" / "data"


def pytest_configure(config: pytest.Config) -> None:
    """Give each test process its own cache of kernels.

    Two processes that compile one kernel for different types at the same time give their files
    the same name in numba's cache; the index of one then leads to the code of the other.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:
        os.environ["NUMBA_CACHE_DIR"] = str(config.rootpath / ".pytest_cache" / "numba" / worker)


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in os.environ if each.startswith("TEXTWRIGHT_")]:
        if not name.startswith(("TEXTWRIGHT_TEST_", "TEXTWRIGHT_CI")):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the public data sets, which stand beside a checkout where they are to be had."""
    if not DATA.is_dir():
        reason = f"no data sets in {DATA}"
        if os.environ.get("TEXTWRIGHT_CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return DATA


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of a tiny pretrained encoder; tests copy it to change it."""
    return write_checkpoint(tmp_path_factory.mktemp("checkpoint") / "tiny")


def copy_demo(folder: Path) -> Path:
    """Copy the bundled recipe and data to where a test may change them."""
    for path in DEMO.glob("*.*l"):
        shutil.copy(path, folder)
    return folder


@pytest.fixture
def demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with the bundled recipe and data, worked in."""
    monkeypatch.chdir(copy_demo(tmp_path))
    return tmp_path


def write_rows(path: Path, rows: list[tuple[str, str]]) -> Path:
    """Write texts with their labels as JSONL."""
    lines = (json.dumps({"text": text, "label": label}) for text, label in rows)
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def trained_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with intents@1 and intents@2 trained, once; tests copy it to change it."""
    folder = copy_demo(tmp_path_factory.mktemp("trained"))
    settings = find_settings(create=True, start=folder, environment={})
    train(folder / "intents.toml", overrides=["encoder.word_ngrams=1"], settings=settings)
    train(folder / "intents.toml", settings=settings)
    return folder


@pytest.fixture
def home(trained_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Give the settings of a copy of the trained home, worked in."""
    shutil.copytree(trained_home, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return find_settings(environment={})


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Give what types a command in this process, with what it prints kept apart from a test's."""

    def typed(*arguments: str) -> Done:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        captured = capsys.readouterr()
        return Done(int(ended.value.code or 0), captured.out, captured.err)

    return typed
