"""The command line: one Typer application, and what becomes of an error.

Exit codes: 0 ok, 1 refused, 2 wrong usage, 3 a fault of ours, 130 interrupted.
"""

import sys

import typer

from textwright.cli import (
    demo,
    evidence,
    explain,
    inspect,
    keeping,
    learn,
    lineage,
    load,
    operate,
    records,
    rolling,
    serving,
    texts,
    vectors,
)
from textwright.errors import (
    RecipeError,
    SettingsError,
    TextwrightError,
    UnknownNameError,
    UsageError,
)

REFUSED, USAGE, INTERNAL, INTERRUPTED = 1, 2, 3, 130
WRONG_USAGE = (UsageError, UnknownNameError, RecipeError, SettingsError)
DEBUG = "--debug"

app = typer.Typer(
    name="textwright",
    help="Train a language model on your own text, prove it, ship it, watch it, take it back.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
demo.add_commands(app)
learn.add_commands(app)
operate.add_commands(app)
rolling.add_commands(app)
keeping.add_commands(app)
evidence.add_commands(app)
lineage.add_commands(app)
records.add_commands(app)
serving.add_commands(app)
load.add_commands(app)
vectors.add_commands(app)
texts.add_commands(app)
inspect.add_commands(app)
explain.add_commands(app)


@app.callback()
def start(
    debug: bool = typer.Option(False, DEBUG, help="Show the traceback of an error."),
) -> None:
    """Take the options that every command has."""


def main(arguments: list[str] | None = None) -> None:
    """Run one command and exit; errors are told on standard error, in two lines."""
    given = sys.argv[1:] if arguments is None else arguments
    debug = DEBUG in given
    try:
        app(args=[each for each in given if each != DEBUG])
    except TextwrightError as error:
        if debug:
            raise
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(USAGE if isinstance(error, WRONG_USAGE) else REFUSED)
    except SystemExit as ended:
        if ended.code == INTERRUPTED:  # Typer turns Ctrl-C into this
            print("Interrupted.", file=sys.stderr)
        raise
    except BrokenPipeError:
        sys.stderr.close()  # the reader has gone, as with `| head`
        sys.exit(0)
    except Exception as error:
        if debug:
            raise
        print(f"Error: a fault of textwright: {type(error).__name__}: {error}", file=sys.stderr)
        print(f"  Run the command again with {DEBUG}, and report what it prints.", file=sys.stderr)
        sys.exit(INTERNAL)


if __name__ == "__main__":
    main()
