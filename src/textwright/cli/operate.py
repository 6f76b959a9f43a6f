"""Commands that keep and serve versions: list, show, gate, verify."""

from pathlib import Path
from typing import Annotated

import typer

from textwright.cli.output import print_json, print_table, say

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Model = Annotated[str, typer.Argument(help="A model's name, such as intents.")]
Version = Annotated[str, typer.Argument(help="A version, such as intents@3.")]
Reason = Annotated[str, typer.Option(help="Why; stands in the journal.")]

database = typer.Typer(help="Look after the database.", no_args_is_help=True, rich_markup_mode=None)


def add_commands(app: typer.Typer) -> None:
    """Add this file's commands to the application."""
    for command in (models, versions, show, history, gate, verify):
        app.command()(command)
    app.add_typer(database, name="db")


def models(json: Json = False) -> None:
    """List the models, with what is in production."""
    from textwright.lifecycle.registry import list_models
    from textwright.lifecycle.rollout import read_deployment
    from textwright.workflow.opening import open_keep

    with open_keep() as keep, keep.sessions() as session:
        rows = [
            {
                "model": each.name,
                "newest": each.newest,
                "production": read_deployment(session, each.name).stable,
            }
            for each in list_models(session, limit=1_000)
        ]
    if json:
        print_json({"models": rows})
    else:
        print_table(("model", "newest version", "in production"), [list(r.values()) for r in rows])


def versions(model: Model, json: Json = False) -> None:
    """List a model's versions, newest first."""
    from textwright.lifecycle.evidence import read_verdicts
    from textwright.lifecycle.registry import list_versions
    from textwright.lifecycle.rollout import read_deployment
    from textwright.workflow.opening import open_keep

    with open_keep() as keep, keep.sessions() as session:
        stable = read_deployment(session, model).stable
        rows = [
            {
                "version": each.name,
                "accuracy": each.scores.get("accuracy"),
                "gates": summarise([v.outcome for v in read_verdicts(session, each)]),
                "production": each.number == stable,
                "created": each.created_at,
                "artifact": each.artifact,
            }
            for each in list_versions(session, model)
        ]
    if json:
        print_json({"model": model, "versions": rows})
        return
    shown = [(*list(row.values())[:-1], str(row["artifact"])[:16]) for row in rows]
    print_table(("version", "accuracy", "gates", "in production", "created", "artifact"), shown)


def summarise(outcomes: list[str]) -> str:
    """Say in a word what the gates of a version said."""
    if not outcomes:
        return "none"
    for worst in ("fail", "unknown"):
        if worst in outcomes:
            return worst
    return "pass"


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


def show_version(version: str, *, json: bool) -> None:
    """Print what is known of a version."""
    from textwright.cli.report import print_verdicts
    from textwright.lifecycle.evidence import read_verdicts
    from textwright.lifecycle.gates import Verdict
    from textwright.lifecycle.registry import find_version
    from textwright.workflow.opening import find_run, open_keep

    with open_keep() as keep, keep.sessions() as session:
        found = find_version(session, version)
        verdicts = [
            Verdict(each.gate, each.outcome, each.numbers, each.reason)  # type: ignore[arg-type]
            for each in read_verdicts(session, found)
        ]
        run = find_run(session, found)
        folder = keep.store.folder(found.artifact)
        records = keep.settings.records / found.artifact
    about = {
        "version": found.name,
        "created": found.created_at,
        "artifact": found.artifact,
        "folder": folder,
        "records": records if records.is_dir() else None,
        "evaluated": found.evaluated,
        **run,
    }
    if json:
        print_json({**about, "scores": found.scores, "verdicts": verdicts})
        return
    for name, value in about.items():
        say(f"{name:>10}  {value if value is not None else '-'}")
    say()
    say((folder / "card.md").read_text(encoding="utf-8"))
    if verdicts:
        print_verdicts(verdicts)


def history(model: Model, json: Json = False) -> None:
    """Tell what happened to a model, oldest first."""
    from textwright.lifecycle.history import history as tell
    from textwright.workflow.opening import open_keep

    with open_keep() as keep, keep.sessions() as session:
        lines = tell(session, model, limit=1_000)[::-1]
    if json:
        events = [{**vars(each.entry), "sentence": each.sentence} for each in lines]
        print_json({"model": model, "events": events})
        return
    rows = [
        (each.entry.at[:19].replace("T", " "), each.entry.actor, each.sentence) for each in lines
    ]
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
