"""The house rules that can be checked: who imports whom, and how long things may be."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "textwright"
EVERYTHING = {
    "binomial", "cli", "clustering", "console", "demo", "errors", "heap", "lifecycle",
    "machine", "manifest", "metrics", "mlflow_model", "models", "monitoring", "networks", "paired",
    "recipe", "runtime", "serving", "settings", "sklearn", "structures", "tasks", "text",
    "training", "vectors", "workflow",
}  # fmt: skip

MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "heap": set(),
    "binomial": set(),
    "machine": set(),
    "metrics": set(),
    "paired": {"binomial", "metrics"},
    "manifest": {"errors"},
    "settings": {"errors"},
    "recipe": {"errors"},
    "structures": {"errors"},
    "text": {"errors", "recipe"},
    "tasks": {"errors", "metrics", "paired", "recipe", "text", "structures"},
    "vectors": {"errors", "manifest", "metrics", "recipe", "text", "tasks"},
    "clustering": {"errors", "recipe", "text", "vectors"},
    "networks": {"errors", "recipe", "text", "tasks", "vectors"},
    "runtime": {"errors", "manifest", "settings", "recipe", "structures", "text", "tasks"},
    "training": {
        "errors", "heap", "manifest", "settings", "metrics", "paired", "recipe", "structures",
        "text", "tasks", "vectors", "networks", "runtime",
    },
    "lifecycle": {"errors", "manifest", "settings", "metrics", "paired", "recipe"},
    "monitoring": {"errors", "settings", "metrics", "lifecycle"},
    "mlflow_model": {"errors", "manifest", "runtime"},
    "models": {"errors", "settings", "runtime", "lifecycle"},
    "workflow": EVERYTHING - {"serving", "console", "cli", "sklearn"},
    "sklearn": EVERYTHING - {"serving", "console", "cli"},
    "serving": {
        "errors", "heap", "settings", "metrics", "text", "tasks", "runtime", "lifecycle",
        "monitoring",
    },
    "console": {"errors", "settings", "lifecycle", "monitoring", "serving"},
    "cli": EVERYTHING,
    "demo": set(),
}  # fmt: skip

LEARN_ONLY = {"torch", "numba"}
LEARN = {"vectors", "networks", "training"}
LONGEST_FILE, LONGEST_FUNCTION = 400, 40


def sources() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def package_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module == "textwright":
                yield from (f"textwright.{each.name}" for each in node.names)
            else:
                yield node.module


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_file_imports_only_what_the_table_names(path: Path) -> None:
    package = package_of(path)
    if package == "__init__":
        return
    ours = {name.split(".")[1] for name in imports(path) if name.startswith("textwright.")}

    assert ours - {package} <= MAY_IMPORT[package]


def test_only_learn_imports_torch_or_numba() -> None:
    offenders = [
        str(path.relative_to(SOURCE))
        for path in sources()
        if package_of(path) not in LEARN
        and {name.split(".")[0] for name in imports(path)} & LEARN_ONLY
    ]

    assert offenders == []


def test_init_files_are_empty() -> None:
    filled = [path for path in sources() if path.name == "__init__.py" and path.read_text().strip()]

    assert filled == [SOURCE / "__init__.py"]  # the root's alone names the public API


def test_no_file_or_function_is_too_long() -> None:
    too_long = []
    for path in [*sources(), *sorted((ROOT / "tests").rglob("*.py"))]:
        text = path.read_text(encoding="utf-8")
        if len(text.splitlines()) > LONGEST_FILE:
            too_long.append(f"{path.relative_to(ROOT)}: {len(text.splitlines())} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                if length > LONGEST_FUNCTION:
                    too_long.append(f"{path.relative_to(ROOT)}: {node.name} has {length} lines")

    assert too_long == []


def test_no_module_is_named_for_nothing() -> None:
    empty_names = {"utils", "util", "helpers", "common", "base", "manager", "misc"}

    assert [path for path in sources() if path.stem in empty_names] == []


def test_there_are_as_many_test_lines_as_source_lines() -> None:
    def count(paths: list[Path]) -> int:
        return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)

    assert count(sorted((ROOT / "tests").rglob("*.py"))) >= count(sources())
