"""The command explain: which words an answer rests on."""

from pathlib import Path
from typing import Annotated

import typer

from textwright.cli.output import note, print_json

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]


def add_commands(app: typer.Typer) -> None:
    """Add this file's command to the application."""
    app.command()(explain)


def explain(
    reference: Annotated[str, typer.Argument(help="intents@3, intents@production, or a folder.")],
    texts: Annotated[
        list[str] | None, typer.Argument(help="Texts, or - for lines; for match, two of each pair.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(help="Explain each line of a file; for match, two texts, a tab between."),
    ] = None,
    label: Annotated[
        str, typer.Option(help="Label to explain; the answered one if left out.")
    ] = "",
    html: Annotated[Path | None, typer.Option(help="Write a report that a browser shows.")] = None,
    json: Json = False,
) -> None:
    """Show what each word did to an answer, by leaving it out and asking again."""
    from textwright.cli.explained import print_explanation
    from textwright.cli.explained_page import write_explanations
    from textwright.cli.html_page import check_name
    from textwright.cli.learn import list_inputs, list_texts
    from textwright.models import load
    from textwright.runtime.explain import explain as explain_input

    if html is not None:
        check_name(html)
    given = list_texts(texts or [], file)
    model = load(reference)
    kept = []
    for each in list_inputs(texts or [], given, paired=model.task.PAIRED):
        found = explain_input(model, each, label=label)
        if html is not None:
            kept.append(found)
        if json:
            print_json(found.table())
        else:
            print_explanation(found)
    if html is not None:
        write_explanations(reference, kept, html)
        note(f"{html} holds the report.")
