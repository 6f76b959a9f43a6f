"""Commands over records that can be erased: held-out texts, answers given."""

from typing import Annotated

import typer

from textwright.cli.output import print_json, print_table, say
from textwright.errors import UsageError

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

records = typer.Typer(
    help="Held-out texts, and records of answers.", no_args_is_help=True, rich_markup_mode=None
)


def add_commands(app: typer.Typer) -> None:
    """Add this file's commands to the application."""
    app.add_typer(records, name="records")


@records.command("list")
def list_records(json: Json = False) -> None:
    """List the files of held-out texts and training row digests, erased or not."""
    from textwright.workflow.records import list_records as find

    found = find()
    if json:
        print_json({"records": found})
        return
    names = ("file", "rows", "until", "erased")
    rows = [(", ".join(each["versions"]) or "-", *(each[name] for name in names)) for each in found]
    print_table(("version", "file", "rows", "kept until", "erased"), rows)


@records.command("erase")
def erase_records(
    version: Annotated[str, typer.Argument(help="A version, such as intents@3.")] = "",
    expired: Annotated[
        bool, typer.Option("--expired", help="All that were kept for their time.")
    ] = False,
    answer: Annotated[str, typer.Option("--id", help="The record of an answer.")] = "",
    caller: Annotated[
        str, typer.Option(help="All records of a caller's answers, named as the requests did.")
    ] = "",
    digests: Annotated[
        bool, typer.Option("--digests", help="The digests of its training rows too.")
    ] = False,
    reason: Annotated[str, typer.Option(help="Why; stands in the journal.")] = "",
    json: Json = False,
) -> None:
    """Erase held-out texts or records of answers; versions and the journal stay valid."""
    from textwright.cli.records import erase_answers
    from textwright.monitoring.erasing import Erasure
    from textwright.workflow.records import ErasedRecords
    from textwright.workflow.records import erase_records as erase

    if sum(map(bool, (version, expired, answer, caller))) != 1:
        what = "Name a version, or give --expired, --id or --caller, not both."
        raise UsageError("Say what to erase.", what)
    files, answers = ErasedRecords(()), Erasure(0, 0)
    if version or expired:
        files = erase(version, expired=expired, digests=digests, reason=reason)
    if not version:
        answers = erase_answers(answer=answer, caller=caller, reason=reason)
    if json:
        print_json({"files": files.files, "rows": files.rows, **vars(answers)})
        return
    if files.files:
        say(f"Erased {len(files.files)} files with {files.rows:,} rows.")
    if answers.answers:
        say(f"Erased {answers.answers:,} answers, and the feedback on {answers.feedback:,}.")
    if not files.files and not answers.answers:
        say("There was nothing to erase.")
