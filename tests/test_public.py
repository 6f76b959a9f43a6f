"""The public names, and what importing and starting cost in modules."""

import subprocess
import sys

import pytest

import textwright

HEAVY = ("torch", "numba", "onnxruntime", "sqlalchemy", "numpy", "rich", "matplotlib", "sklearn")


def modules_after(code: str) -> set[str]:
    """Names of the modules that a fresh process has loaded after some code."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sorted(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_importing_the_package_loads_nothing_heavy() -> None:
    loaded = modules_after("import textwright")

    assert not loaded & set(HEAVY)
    assert {name for name in loaded if name.startswith("textwright")} == {"textwright"}


def test_help_loads_nothing_heavy() -> None:
    loaded = modules_after(
        "from textwright.cli.main import main\n"
        "import io, contextlib\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        "    main(['--help'])"
    )

    assert not loaded & set(HEAVY)


@pytest.mark.parametrize("name", textwright.__all__)
def test_every_public_name_leads_somewhere(name: str) -> None:
    assert getattr(textwright, name).__name__ == name
    assert getattr(textwright, name).__doc__


def test_the_table_is_the_public_api() -> None:
    assert sorted(textwright.PUBLIC) == sorted(textwright.__all__)
    assert set(textwright.PUBLIC) <= set(dir(textwright))


def test_an_unknown_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="no attribute 'trane'"):
        textwright.trane  # noqa: B018
