"""Commands over files of texts that need no labels: embed."""

from pathlib import Path
from typing import Annotated

import typer

from textwright.cli.output import note, plain, print_json, say

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Texts = Annotated[
    Path, typer.Argument(help="Texts: .jsonl, .csv, .tsv, or .txt with one a line; also .gz.")
]
Column = Annotated[str, typer.Option(help="Column of the text in .jsonl, .csv and .tsv.")]
Threads = Annotated[int, typer.Option(min=0, help="Cores for the model; 0: all.")]


def add_commands(app: typer.Typer) -> None:
    """Add this file's commands to the application."""
    app.command()(embed)


def embed(
    file: Texts,
    model: Annotated[str, typer.Option(help="sentences@3, sentences@production, or a folder.")],
    out: Annotated[Path, typer.Option(help="File of the vectors, .npy; a row for each text.")],
    column: Column = "text",
    dtype: Annotated[str, typer.Option(help="float32 or float16.")] = "float32",
    threads: Threads = 0,
    json: Json = False,
) -> None:
    """Write a vector for each text of a file of any size; stopped, the same command goes on."""
    from textwright.cli.word_bar import WordBar
    from textwright.workflow.embed import EmbedOptions
    from textwright.workflow.embed import embed as embed_file

    with WordBar() as bar:
        options = EmbedOptions(column, dtype, threads, progress=bar)
        try:
            found = embed_file(file, model, out, options)
        except KeyboardInterrupt:
            note("What is done is kept: the same command goes on with it.")
            raise
    if json:
        print_json(plain(found))
        return
    say(f"{out} holds {found.rows:,} vectors of {found.dimensions} numbers ({found.dtype}).")
    rate = (found.rows - found.resumed_at) / max(found.seconds, 1e-9)
    say(f"{found.seconds:.1f} s, {rate:,.0f} texts/s")
    for count, what in (
        (found.truncated, "were cut to what the model reads"),
        (found.empty, "have nothing to read"),
        (found.unknown, "are mostly of words the model never saw"),
    ):
        if count:
            note(f"Note: {count:,} texts {what}.")
