"""Flip one comparison at a time and see that a test fails; run by ``make mutate``.

    python tests/lifecycle/mutate.py [MODULE ...]      such as guards; without: all of ``TARGETS``

The tests run on a copy of the tree in a temporary folder, on SQLite alone. Exit code 1 when a
mutant survives.
"""

import ast
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path("src") / "textwright" / "lifecycle"
TARGETS: dict[str, tuple[str, ...]] = {  # tests of each module, the quickest first
    "guards": ("test_guards",),
    "decision": ("test_decision",),
    "rollout": ("test_rollout_steps", "test_rollout", "test_judge"),
    "admission": ("test_rollout_steps", "test_rollout", "test_judge"),
    "judge": ("test_judge",),
    "policy": ("test_policy",),
    "traffic": ("test_traffic",),
    "tally": ("test_tally",),
    "gates": ("test_gates", "test_gates_of_production"),
}
FLIPS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
TIMEOUT_S = 300


def mutants(text: str) -> Iterator[tuple[str, str]]:
    """Give each mutant of a module: what was flipped, and its text."""
    count = sum(isinstance(node, ast.Compare) for node in ast.walk(ast.parse(text)))
    for place in range(count):
        found = compare_at(ast.parse(text), place)
        for part, operator in enumerate(found.ops):
            for flipped in FLIPS[type(operator)]:
                tree = ast.parse(text)
                node = compare_at(tree, place)
                before = ast.unparse(node)
                node.ops[part] = flipped()
                yield f"line {node.lineno}: {before}  ->  {ast.unparse(node)}", ast.unparse(tree)


def compare_at(tree: ast.Module, place: int) -> ast.Compare:
    """Give the comparison at a place in the order of ``ast.walk``."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.Compare)][place]


def survives(copy: Path, module: str, text: str) -> bool:
    """Put a mutant in a copy's place and run its tests; it survives if they pass."""
    path = copy / PACKAGE / f"{module}.py"
    kept = path.read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8")
    tests = [f"tests/lifecycle/{name}.py" for name in TARGETS[module]]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
    command += ["-k", "not postgresql", "-m", "not faults and not slow", *tests]
    environment = {**os.environ, "PYTHONPATH": str(copy / "src"), "OMP_NUM_THREADS": "1"}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    try:
        done = subprocess.run(
            command, cwd=copy, env=environment, capture_output=True, timeout=TIMEOUT_S, check=False
        )
        return done.returncode == 0
    except subprocess.TimeoutExpired:
        return False  # it hangs: found
    finally:
        path.write_text(kept, encoding="utf-8")


def main(modules: list[str]) -> int:
    """Try every mutant of the modules; gives the number that survived."""
    survivors = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in ("src", "tests", "pyproject.toml"):
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(
                    source, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.db")
                )
            else:
                shutil.copy(source, copy / name)
        for module in modules:
            text = (copy / PACKAGE / f"{module}.py").read_text(encoding="utf-8")
            if survives(copy, module, text):
                print(f"{module}: unchanged it passes", flush=True)
            else:
                print(f"{module}: its tests fail unchanged", flush=True)
                return 1
            for what, mutant in mutants(text):
                lives = survives(copy, module, mutant)
                survivors += lives
                print(f"{'SURVIVED' if lives else 'found'}  {module} {what}", flush=True)
    print(f"{survivors} survived", flush=True)
    return survivors


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1:] or list(TARGETS)) else 0)
