"""Commands over where versions come from and go to: reproduce, retrain, export."""

from pathlib import Path
from typing import Annotated

import typer

from textwright.cli.output import print_json, print_table, say
from textwright.errors import UsageError

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Version = Annotated[str, typer.Argument(help="A version, such as intents@3.")]
SHOWN = 40  # characters of a value


def add_commands(app: typer.Typer) -> None:
    """Add this file's commands to the application."""
    for command in (reproduce, retrain, export):
        app.command()(command)


def reproduce(version: Version, json: Json = False) -> None:
    """Train a version again from its record; exit code 1 unless the same artifact comes out."""
    from textwright.cli.bars import Bars
    from textwright.cli.learn import require_train
    from textwright.workflow.reproduce import reproduce as train_again

    require_train()
    with Bars() as bars:
        found = train_again(version, progress=bars)
    if json:
        print_json(vars(found))
    else:
        say(f"recorded    {found.recorded}")
        say(f"reproduced  {found.found or '-'}")
        if found.differences:
            say()
            rows = [
                (each.kind, each.name, each.recorded[:SHOWN], each.found[:SHOWN])
                for each in found.differences
            ]
            print_table(("differs", "name", "recorded", "now"), rows)
        say()
        same = f"{found.version} is reproduced, bit for bit, in {found.seconds:.1f} s."
        say(same if found.equal else f"{found.version} is not reproduced.")
    if not found.equal:
        raise typer.Exit(1)


def retrain(
    model: Annotated[str, typer.Argument(help="A model's name, such as intents.")],
    json: Json = False,
) -> None:
    """Train the recipe of the version in production again, on today's files."""
    from textwright.cli.bars import Bars
    from textwright.cli.learn import require_train
    from textwright.cli.report import print_trained
    from textwright.workflow.reproduce import retrain as train_again
    from textwright.workflow.train import TrainOptions

    require_train()
    with Bars() as bars:
        found = train_again(model, options=TrainOptions(progress=bars))
    if json:
        about = {"model": found.model, "version": found.number, "new": found.new}
        print_json({**about, "artifact": found.artifact, "verdicts": found.verdicts})
    else:
        print_trained(found)


def export(
    version: Version,
    folder: Annotated[Path | None, typer.Argument(help="A new folder for its artifact.")] = None,
    mlflow: Annotated[str, typer.Option(help="Address of an MLflow server.")] = "",
    json: Json = False,
) -> None:
    """Copy a version's artifact into a folder, or register it on an MLflow server."""
    from textwright.workflow.export import export_folder, export_mlflow

    if (folder is None) == (not mlflow):
        raise UsageError("Say where to.", "Give a folder, or --mlflow ADDRESS.")
    if folder is not None:
        address = export_folder(version, folder)
        if json:
            print_json({"version": version, "folder": folder, "artifact": address})
        else:
            say(f"{folder} holds {version}, artifact {address}")
        return
    found = export_mlflow(version, mlflow)
    if json:
        print_json(vars(found))
    else:
        tail = f", alias {found.alias}" if found.alias else ""
        say(f"{version} is version {found.version} of {found.model} on {found.uri}{tail}")
