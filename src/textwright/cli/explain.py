"""The command explain: which words an answer rests on."""

from pathlib import Path
from typing import Annotated

import typer

from textwright.cli.output import note, print_json

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]
Reference = Annotated[str, typer.Argument(help="intents@3, intents@production, or a folder.")]
Texts = Annotated[
    list[str] | None, typer.Argument(help="Texts, or - for lines; for match, two of each pair.")
]
File = Annotated[
    Path | None,
    typer.Option(help="Explain each line of a file; for match, two texts, a tab between."),
]
Label = Annotated[str, typer.Option(help="Label to explain; the answered one if left out.")]
Html = Annotated[Path | None, typer.Option(help="Write a report that a browser shows.")]
Png = Annotated[Path | None, typer.Option(help="Draw where a model that writes looked.")]


def add_commands(app: typer.Typer) -> None:
    """Add this file's command to the application."""
    app.command()(explain)


def explain(
    reference: Reference,
    texts: Texts = None,
    file: File = None,
    label: Label = "",
    html: Html = None,
    png: Png = None,
    json: Json = False,
) -> None:
    """Show what each word did to an answer, or where a model that writes looked for each word."""
    from textwright.cli.attended import check_picture, draw_attention
    from textwright.cli.explained import print_explanation
    from textwright.cli.explained_page import write_explanations
    from textwright.cli.html_page import check_name
    from textwright.cli.learn import list_inputs, list_texts
    from textwright.models import load
    from textwright.runtime.explain import explain as explain_input

    if html is not None:
        check_name(html)
    given = list_texts(texts or [], file)
    if png is not None:
        given = check_picture(png, given)
    model = load(reference)
    kept = []
    for each in list_inputs(texts or [], given, paired=model.task.PAIRED):
        found = explain_input(model, each, label=label)
        if html is not None or png is not None:
            kept.append(found)
        if json:
            print_json(found.table())
        else:
            print_explanation(found)
    if html is not None:
        write_explanations(reference, kept, html)
        note(f"{html} holds the report.")
    if png is not None:
        draw_attention(kept[0], png)
