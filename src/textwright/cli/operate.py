"""Commands that keep and serve versions: list, show, gate, verify."""

from pathlib import Path
from typing import Annotated

import typer

from textwright.cli.output import print_json, print_table, say

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Model = Annotated[str, typer.Argument(help="A model's name, such as intents.")]
Version = Annotated[str, typer.Argument(help="A version, such as intents@3.")]
Reason = Annotated[str, typer.Option(help="Why; stands in the journal.")]

OF_RUN = ("seconds", "seed", "machine", "libraries", "datasets")

database = typer.Typer(help="Look after the database.", no_args_is_help=True, rich_markup_mode=None)


def add_commands(app: typer.Typer) -> None:
    """Add this file's commands to the application."""
    for command in (models, versions, show, history, gate, verify):
        app.command()(command)
    app.add_typer(database, name="db")


def models(json: Json = False) -> None:
    """List the models, with what is in production."""
    from textwright.cli.remote import perform, table_of
    from textwright.serving.control.operations import MODELS
    from textwright.serving.control.wire import NamePage

    rows = table_of(perform(MODELS, given=NamePage(limit=1_000)).models)
    if json:
        print_json({"models": rows})
    else:
        print_table(("model", "newest version", "in production"), [list(r.values()) for r in rows])


def versions(model: Model, json: Json = False) -> None:
    """List a model's versions, newest first."""
    from textwright.cli.remote import perform, table_of
    from textwright.serving.control.operations import VERSIONS
    from textwright.serving.control.wire import NumberPage

    rows = table_of(perform(VERSIONS, model, given=NumberPage()).versions)
    if json:
        print_json({"model": model, "versions": rows})
        return
    shown = [(*list(row.values())[:-1], str(row["artifact"])[:16]) for row in rows]
    print_table(("version", "accuracy", "gates", "in production", "created", "artifact"), shown)


def show(
    version: Version,
    row: Annotated[
        str, typer.Option(help="FILE:N: tell whether row N of a data file was in its training set.")
    ] = "",
    json: Json = False,
) -> None:
    """Show one version: its card, its gates' verdicts, its run."""
    if row:
        from textwright.cli.heads import show_row

        show_row(version, row, json=json)
    else:
        show_version(version, json=json)


def show_version(reference: str, *, json: bool) -> None:
    """Print what is known of a version."""
    from textwright.cli.about import print_about
    from textwright.cli.remote import perform, split_version, table_of
    from textwright.cli.report import print_verdicts
    from textwright.lifecycle.gates import Verdict
    from textwright.serving.control.operations import VERSION

    found = perform(VERSION, *split_version(reference))
    about = {**table_of(found), **find_folders(found.artifact)}
    card, scores, verdicts = (about.pop(name) for name in ("card", "scores", "verdicts"))
    if found.run is None:
        about = {name: value for name, value in about.items() if name not in OF_RUN}
    if json:
        print_json({**about, "scores": scores, "verdicts": verdicts})
        return
    print_about(about)
    say()
    say(card or "Its artifact cannot be read.")
    if verdicts:
        print_verdicts([Verdict(**each) for each in verdicts])


def find_folders(artifact: str) -> dict[str, Path | None]:
    """Tell where a version's files are on this machine; None: on the server's.

    Raises ArtifactError for an artifact that is damaged.
    """
    from textwright.settings import find_server
    from textwright.workflow.opening import open_keep

    if find_server() is not None:
        return {"folder": None, "records": None}
    with open_keep() as keep:
        records = keep.settings.records / artifact
        folder = keep.store.folder(artifact)
    return {"folder": folder, "records": records if records.is_dir() else None}


def history(model: Model, json: Json = False) -> None:
    """Tell what happened to a model, oldest first."""
    from textwright.cli.remote import perform, table_of
    from textwright.serving.control.operations import EVENTS
    from textwright.serving.control.wire import LARGEST, EventPage

    newest = EventPage(model=model, before=LARGEST, limit=1_000)
    events = table_of(perform(EVENTS, given=newest).events)[::-1]
    if json:
        print_json({"model": model, "events": events})
        return
    rows = [(each["at"][:19].replace("T", " "), each["actor"], each["sentence"]) for each in events]
    print_table(("when (UTC)", "who", "what"), rows)


def gate(version: Version, json: Json = False) -> None:
    """Judge a version's gates again; refused (exit code 1) unless every one passes."""
    from textwright.cli.report import print_verdicts
    from textwright.workflow.judge import gate as judge

    verdicts = judge(version)
    if json:
        print_json({"version": version, "verdicts": verdicts})
    elif verdicts:
        print_verdicts(verdicts)
    else:
        say(f"The recipe of {version} has no gates.")
    if any(each.outcome != "pass" for each in verdicts):
        raise typer.Exit(1)


def verify(
    head: Annotated[bool, typer.Option("--head", help="Print a signed head to keep.")] = False,
    key: Annotated[
        Path | None, typer.Option(help="File of the key that signs; head.key in the home.")
    ] = None,
    kept: Annotated[
        Path | None, typer.Option(help="File with a head kept from before, to check against.")
    ] = None,
    json: Json = False,
) -> None:
    """Check every artifact, the journal and the records; exit code 1 if anything is broken."""
    from textwright.cli.heads import check_kept_head, print_head
    from textwright.lifecycle.verify import verify as check
    from textwright.workflow.opening import find_strays, open_keep

    with open_keep() as keep:
        problems = [*check(keep.sessions, keep.store), *find_strays(keep)]
        if kept is not None:
            problems = [*check_kept_head(keep, kept, key), *problems]
        if head and not any(each.broken for each in problems):
            print_head(keep, key)
            return
    broken = [each for each in problems if each.broken]
    if json:
        print_json({"whole": not broken, "problems": problems})
    else:
        for each in problems:
            say(f"{'BROKEN' if each.broken else 'left over'}: {each.what}")
        say("Something is broken." if broken else "Everything kept is whole.")
    if broken:
        raise typer.Exit(1)


@database.command("upgrade")
def upgrade_database() -> None:
    """Bring the database to the schema of this program."""
    from textwright.lifecycle.database import upgrade_database as upgrade
    from textwright.settings import find_settings

    say(f"The database is at revision {upgrade(find_settings().database)}.")
