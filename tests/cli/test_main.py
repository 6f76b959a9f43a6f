"""What becomes of an error: its exit code, its two lines, and when a traceback is shown."""

from typing import NoReturn

import pytest
import typer

from tests.commands import Run
from textwright import errors
from textwright.cli import main as program
from textwright.cli.main import WRONG_USAGE, app
from textwright.errors import TextwrightError

KINDS = [
    each
    for each in vars(errors).values()
    if isinstance(each, type) and issubclass(each, TextwrightError)
]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """Give a list whose last error a command ``fail`` raises."""
    raised: list[BaseException] = []
    typed = typer.Typer()

    @typed.callback()
    def start() -> None:
        """Take no options."""

    @typed.command()
    def fail() -> NoReturn:
        raise raised[-1]

    monkeypatch.setattr(program, "app", typed)
    return raised


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_of_ours_is_two_lines_and_code_1_or_2(
    run: Run, failing: list[BaseException], kind: type[TextwrightError]
) -> None:
    failing.append(kind("What happened.", "What to do."))

    done = run("fail")

    assert done.code == (2 if issubclass(kind, WRONG_USAGE) else 1)
    assert done.err == "Error: What happened.\n  What to do.\n"
    assert done.out == ""


def test_wrong_usage_is_what_the_user_typed_or_wrote() -> None:
    assert {kind.__name__ for kind in KINDS if issubclass(kind, WRONG_USAGE)} == {
        "UsageError",
        "UnknownNameError",
        "RecipeError",
        "SettingsError",
    }


@pytest.mark.parametrize(
    "error", [ValueError("odd"), KeyError("x"), MemoryError(), OSError(28, "full")]
)
def test_any_other_error_is_a_fault_of_ours(
    run: Run, failing: list[BaseException], error: Exception
) -> None:
    failing.append(error)

    done = run("fail")

    assert done.code == 3
    assert f"a fault of textwright: {type(error).__name__}" in done.err
    assert "--debug" in done.err
    assert len(done.err.splitlines()) == 2


@pytest.mark.parametrize("error", [ValueError("odd"), errors.DataError("a", "b")])
def test_with_debug_an_error_shows_where_it_was_raised(
    failing: list[BaseException], error: Exception
) -> None:
    failing.append(error)

    for arguments in (["fail", "--debug"], ["--debug", "fail"]):
        with pytest.raises(type(error)) as caught:
            program.main(arguments)
        assert caught.traceback[-1].name == "fail"


def test_every_command_says_in_a_line_what_it_does() -> None:
    assert len(app.registered_commands) >= 10
    for each in app.registered_commands:
        assert each.callback is not None
        assert each.callback.__doc__
        assert each.callback.__doc__.splitlines()[0].endswith(".")


def test_without_a_command_the_help_is_shown(run: Run) -> None:
    done = run()

    assert done.code == 2
    for name in ("train", "predict", "promote", "rollback", "verify", "serve", "demo"):
        assert name in done.out + done.err


def test_an_unknown_option_is_wrong_usage(run: Run) -> None:
    done = run("train", "a.toml", "--epochs", "3")

    assert done.code == 2
    assert "--epochs" in done.err


def test_ctrl_c_ends_with_130_and_no_traceback(run: Run, failing: list[BaseException]) -> None:
    failing.append(KeyboardInterrupt())

    done = run("fail")

    assert done.code == 130
    assert "Traceback" not in done.err
