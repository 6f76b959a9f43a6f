"""Commands over recorded answers: trace one back, give feedback, erase them."""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textwright.cli.output import note, print_json, print_table, say, show
from textwright.errors import DataError

if TYPE_CHECKING:
    from textwright.monitoring.erasing import Erasure
    from textwright.serving.control.wire_records import GivenFeedback

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
STATUSES = ("stored", "changed", "unchanged", "unknown")
AT_ONCE = 1000  # rows of feedback in one request
NAMED = 20  # unknown ids that are printed
DIGEST = 16  # characters of a digest that tell it from all others


def add_commands(app: typer.Typer) -> None:
    """Add this file's commands to the application."""
    for command in (trace, feedback):
        app.command()(command)


def trace(
    prediction: Annotated[str, typer.Argument(help="Id of an answer, as it was given with it.")],
    json: Json = False,
) -> None:
    """Trace an answer back: to its version, gates, run, data, and who let it through."""
    from textwright.cli.remote import perform, table_of
    from textwright.serving.control.operations import TRACE

    found = table_of(perform(TRACE, prediction))
    if json:
        print_json(found)
    else:
        print_trace(found)


def print_trace(found: dict[str, Any]) -> None:
    """Print a trace, from the answer to who promoted its version."""
    answer, word = found["prediction"], found["feedback"]
    version, run = found["version"], found["run"]
    said = answer["error"] or f"{answer['label']}, score {show(answer['score'])}"
    said += ", abstained" if answer["abstained"] else ""
    lines = {
        "answer": f"{answer['id']}, {when(answer['answered_at'])}",
        "text": answer["text"] or "not kept",
        "said": said,
        "feedback": f"{word['label']}: {'right' if word['correct'] else 'wrong'}" if word else "-",
        "version": f"{version['name']}, artifact {version['artifact'][:DIGEST]}",
        "run": f"{run['id']}, {when(run['started_at'])}, seed {run['seed']}" if run else "-",
        "recipe": run["recipe"][:DIGEST] if run else "-",
    }
    for name, value in lines.items():
        say(f"{name:>10}  {value}")
    for each in found["datasets"]:
        say(f"{each['role']:>10}  {each['digest'][:DIGEST]}, {show(each['rows'])} rows")
    for each in found["verdicts"]:
        say(f"{each['outcome']:>10}  {each['gate']}: {each['reason']}")
    say()
    rows = [(when(each["at"]), each["actor"], each["sentence"]) for each in found["moves"]]
    print_table(("when (UTC)", "who", "what"), rows)


def when(time: Any) -> str:
    """Write a time, which comes as text from a server."""
    return str(time)[:19].replace("T", " ")


def feedback(
    file: Annotated[Path, typer.Argument(help="JSONL or CSV with columns id and label.")],
    json: Json = False,
) -> None:
    """Tell what later turned out to be right, for answers by their ids."""
    from textwright.cli.remote import perform
    from textwright.serving.control.operations import FEEDBACK
    from textwright.serving.control.wire_records import FeedbackRequest

    rows = read_feedback(file)
    taken = []
    while some := list(islice(rows, AT_ONCE)):
        taken += perform(FEEDBACK, given=FeedbackRequest(some)).feedback
    counts = Counter(each.status for each in taken)
    judged = Counter(each.correct for each in taken)
    unknown = [each.id for each in taken if each.status == "unknown"]
    if json:
        told = {status: counts[status] for status in STATUSES}
        about = {"given": len(taken), **told, "correct": judged[True], "wrong": judged[False]}
        print_json({**about, "unknown_ids": unknown})
        return
    matched = len(taken) - len(unknown)
    say(f"{matched:,} of {len(taken):,} match a recorded answer; of those {judged[True]:,} right.")
    say(", ".join(f"{counts[each]:,} {each}" for each in STATUSES))
    for each in unknown[:NAMED]:
        note(f"no record of an answer {each}")
    if len(unknown) > NAMED:
        note(f"and of {len(unknown) - NAMED:,} more")


def read_feedback(file: Path) -> "Iterator[GivenFeedback]":
    """Read rows of feedback; raises DataError naming the row that is at fault."""
    import msgspec

    from textwright.serving.control.wire_records import GivenFeedback
    from textwright.text.readers import read_rows

    for number, row in read_rows(file):
        try:
            stated = {name: row.get(name) for name in ("id", "label")}
            yield msgspec.convert(stated, GivenFeedback)
        except msgspec.ValidationError as error:
            what = f"{file}, row {number}: {error}."
            raise DataError(what, "Write an answer's id and its right label.") from error


def erase_answers(*, answer: str = "", caller: str = "", reason: str) -> "Erasure":
    """Erase the record of an answer, of a caller, or without either those kept for their time."""
    from textwright.lifecycle.tables import utc_now
    from textwright.machine import current_user
    from textwright.monitoring import erasing
    from textwright.workflow.opening import open_keep

    if answer:
        erase = partial(erasing.erase_answer, answer=answer)
    elif caller:
        erase = partial(erasing.erase_caller, caller=caller)
    else:
        erase = partial(erasing.erase_expired, now=utc_now())
    answers = words = 0
    with open_keep() as keep:
        while True:
            with keep.sessions.begin() as session:
                done = erase(session, actor=current_user(), reason=reason)
            answers, words = answers + done.answers, words + done.feedback
            if not done.answers:
                erasing.empty_log(keep.sessions)
                return erasing.Erasure(answers, words)
