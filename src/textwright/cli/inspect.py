"""The command inspect: look at data before anything is trained on it."""

import json as json_format
from pathlib import Path
from typing import Annotated

import typer

from textwright.cli.output import note, print_json
from textwright.errors import UsageError

Data = Annotated[
    list[Path], typer.Argument(help="A recipe (all its files are read), or data files.")
]
Text = Annotated[str, typer.Option(help="Column of the text; the recipe's if left out.")]
Label = Annotated[str, typer.Option(help="Column of the label; the recipe's if left out.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", help="Override a setting: data.multi_label=true and the like."),
]
Similarity = Annotated[
    float, typer.Option(help="From which texts are nearly the same: above 0, up to 1.")
]
Folds = Annotated[int, typer.Option(help="Models that look for wrong labels, 2 or more; 0: none.")]
Threads = Annotated[int, typer.Option(min=1, max=256, help="Cores to use.")]
Html = Annotated[Path | None, typer.Option(help="Write a report that a browser shows.")]
Out = Annotated[Path | None, typer.Option(help="Write the rows to look at, as JSONL; a new file.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def add_commands(app: typer.Typer) -> None:
    """Add this file's command to the application."""
    app.command()(inspect)


def inspect(
    data: Data,
    text: Text = "",
    label: Label = "",
    overrides: Overrides = None,
    similarity: Similarity = 0.8,
    folds: Folds = 5,
    threads: Threads = 2,
    html: Html = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Find repeats, conflicting and likely wrong labels, and odd texts; data is never changed."""
    from textwright.cli.bars import Bars
    from textwright.cli.html_page import check_name
    from textwright.cli.inspected import print_inspection, write_rows
    from textwright.cli.inspected_page import write_inspection
    from textwright.cli.learn import require_train
    from textwright.workflow.inspect_data import InspectOptions, inspect_data

    if folds:
        require_train()
    if html is not None:
        check_name(html)
    if out is not None and out.exists():
        raise UsageError(f"{out} is there already.", "Name a new file.")
    named = {"text": text, "label": label}
    columns = [f"data.{key}={json_format.dumps(each)}" for key, each in named.items() if each]
    with Bars() as bars:
        options = InspectOptions(similarity, folds, threads, progress=bars)
        found = inspect_data(data, overrides=[*columns, *(overrides or ())], options=options)
    if out is not None:
        note(f"{out} holds {write_rows(found, out):,} rows to look at.")
    if html is not None:
        write_inspection(found, html)
        note(f"{html} holds the report.")
    if json:
        print_json(found.table())
    else:
        print_inspection(found)
