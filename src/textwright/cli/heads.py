"""What `verify --head` and `show --row` print."""

from pathlib import Path

from textwright.cli.output import print_json, say
from textwright.lifecycle.verify import Problem
from textwright.workflow.opening import Keep


def print_head(keep: Keep, key: Path | None) -> None:
    """Print the journal's signed head as one line of JSON."""
    from textwright.lifecycle.heads import KEY_FILE, sign_head, write_head

    with keep.sessions() as session:
        say(write_head(sign_head(session, key or keep.settings.home / KEY_FILE)))


def check_kept_head(keep: Keep, kept: Path, key: Path | None) -> list[Problem]:
    """Hold the journal against a head kept elsewhere; signed by our key, where we have one.

    Raises UsageError for a file that holds none, RefusedError for a signature that does not fit.
    """
    import base64

    from textwright.errors import UsageError
    from textwright.lifecycle.heads import KEY_FILE, compare_head, read_head, read_key

    try:
        head = read_head(kept.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{kept} cannot be read: {error}.", "Name another file.") from error
    path = key or keep.settings.home / KEY_FILE
    ours = None
    if path.exists():
        ours = base64.b64encode(read_key(path).public_key().public_bytes_raw()).decode()
    with keep.sessions() as session:
        return [Problem("journal", True, each) for each in compare_head(session, head, key=ours)]


def show_row(version: str, row: str, *, json: bool) -> None:
    """Tell whether a row of a data file was in a version's training set."""
    from textwright.workflow.lineage import count_trained_row

    found = count_trained_row(version, row)
    if json:
        print_json({"version": version, "row": row, "times": found})
    elif found:
        times = "once" if found == 1 else f"{found} times"
        say(f"{row} was in the training set of {version}, {times}.")
    else:
        say(f"{row} was not in the training set of {version}.")
