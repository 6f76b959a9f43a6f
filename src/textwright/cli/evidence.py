"""Commands over records of held-out texts: list them, erase them."""

from typing import Annotated

import typer

from textwright.cli.output import print_json, print_table, say

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

records = typer.Typer(
    help="Held-out texts beside the artifacts.", no_args_is_help=True, rich_markup_mode=None
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
    digests: Annotated[
        bool, typer.Option("--digests", help="The digests of its training rows too.")
    ] = False,
    reason: Annotated[str, typer.Option(help="Why; stands in the journal.")] = "",
    json: Json = False,
) -> None:
    """Erase held-out texts; versions, verdicts and the journal stay valid."""
    from textwright.workflow.records import erase_records as erase

    found = erase(version, expired=expired, digests=digests, reason=reason)
    if json:
        print_json({"files": found.files, "rows": found.rows})
    elif found.files:
        say(f"Erased {len(found.files)} files with {found.rows:,} rows.")
    else:
        say("There was nothing to erase.")
