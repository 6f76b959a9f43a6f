"""The documentation is true: its blocks run, its reference pages are those of the code."""

import re
import runpy
import shlex
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from textwright.recipe.clustering import METHODS, ClusterSettings

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
DEMO = ROOT / "src" / "textwright" / "demo"
FAQ = ROOT / "examples" / "faq"  # pairs of texts
OPINION = ROOT / "examples" / "opinion"  # reviews
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAGES = sorted(DOCS.glob("*.md"))


def blocks(page: Path, language: str) -> list[str]:
    return [text for kind, text in BLOCK.findall(page.read_text("utf-8")) if kind == language]


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [each for each in PAGES if blocks(each, "python")], ids=lambda page: page.stem
)
def test_the_python_blocks_of_a_page_run_in_order(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in DEMO.glob("*.*l"):
        shutil.copy(path, tmp_path)
    shutil.copytree(OPINION, tmp_path / OPINION.name)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "__main__"}

    for code in blocks(page, "python"):
        exec(compile(code, str(page), "exec"), names)


def test_every_variable_of_the_environment_is_in_the_table() -> None:
    code = "".join(path.read_text("utf-8") for path in (ROOT / "src").rglob("*.py"))
    listed = re.findall(r"^\| `(TEXTWRIGHT_\w+)`", (DOCS / "keeping.md").read_text("utf-8"), re.M)

    assert set(listed) == set(re.findall(r"TEXTWRIGHT_[A-Z_]+", code))


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [each for each in PAGES if blocks(each, "console")], ids=lambda page: page.stem
)
def test_the_commands_of_a_page_run_in_order(page: Path, tmp_path: Path) -> None:
    for path in DEMO.glob("*.*l"):
        shutil.copy(path, tmp_path)
    shutil.copytree(FAQ, tmp_path / FAQ.name)
    commands = [
        line.removeprefix("$ ")
        for block in blocks(page, "console")
        for line in block.splitlines()
        if line.startswith("$ ")
    ]

    for command in commands:
        line, _, remark = command.partition("  # exit code ")
        words = shlex.split(line)
        assert words[0] == "textwright"
        done = subprocess.run(
            [sys.executable, "-m", "textwright.cli.main", *words[1:]],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == int(remark or 0), f"{command}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("kind", METHODS.values(), ids=METHODS)
def test_every_setting_of_clustering_is_on_its_page(kind: type[ClusterSettings]) -> None:
    page = (DOCS / "clustering.md").read_text("utf-8")

    for each in fields(kind):
        assert f"| `{each.name}` |" in page
        assert each.metadata["meaning"].removesuffix(", 0 to 1") in page


@pytest.mark.parametrize("name", ["recipes.md", "commands.md"])
def test_a_reference_page_is_what_the_code_says(name: str) -> None:
    written = runpy.run_path(str(DOCS / "write_reference.py"))

    assert (DOCS / name).read_text("utf-8") == written["PAGES"][name]() + "\n", "run: make docs"


def test_the_pictures_are_what_the_script_draws() -> None:
    drawn = runpy.run_path(str(DOCS / "draw_vectors.py"))["PICTURES"]

    assert sorted(drawn) == sorted(path.name for path in (DOCS / "pictures").glob("*.svg"))
    for name, draw in drawn.items():
        shown = (DOCS / "pictures" / name).read_text("utf-8")
        assert shown == draw(), "run: python docs/draw_vectors.py"


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda page: page.stem)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text("utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []
