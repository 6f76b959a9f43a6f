"""Commands over files of texts that need no labels: embed, cluster."""

from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from textwright.cli.output import note, plain, print_json, say
from textwright.errors import UsageError, unknown_name
from textwright.recipe.clustering import METHODS, ClusterSettings


def told(name: str) -> Any:
    """Declare the option of a setting, with its meaning and default as ``recipe`` has them."""
    of = [each for kind in METHODS.values() for each in fields(kind) if each.name == name]
    return typer.Option(help=f"{of[0].metadata['meaning']}. Default: {of[0].default}.")


Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Texts = Annotated[
    Path, typer.Argument(help="Texts: .jsonl, .csv, .tsv, or .txt with one a line; also .gz.")
]
Column = Annotated[str, typer.Option(help="Column of the text in .jsonl, .csv and .tsv.")]
Threads = Annotated[int, typer.Option(min=0, help="Cores for the model; 0: all.")]
Pictures = Annotated[
    list[Path] | None, typer.Option("--map", help="Map to draw, .png or .html; may be repeated.")
]
Source = Annotated[str | None, typer.Option(help="Whose vectors to use: sentences@3, a folder.")]
Vectors = Annotated[Path | None, typer.Option(help="Vectors to use, .npy, a row for each text.")]
Assigned = Annotated[
    Path | None, typer.Option("--out", help="JSONL of each row's cluster and distance.")
]
Method = Annotated[
    str, typer.Option(help="kmeans, or hdbscan, which leaves texts between clusters in none.")
]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", help="Any further setting, such as dimensions=50.")
]
PICTURES = (".png", ".html")


def add_commands(app: typer.Typer) -> None:
    """Add this file's commands to the application."""
    app.command()(embed)
    app.command()(cluster)


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


def cluster(
    file: Texts,
    model: Source = None,
    vectors: Vectors = None,
    method: Method = "kmeans",
    k: Annotated[int | None, told("k")] = None,
    min_size: Annotated[int | None, told("min_size")] = None,
    seed: Annotated[int | None, told("seed")] = None,
    overrides: Overrides = None,
    column: Column = "text",
    label: Annotated[str, typer.Option(help="Column of classes to score by.")] = "",
    threads: Threads = 0,
    out: Assigned = None,
    pictures: Pictures = None,
    json: Json = False,
) -> None:
    """Put texts into clusters: named, with typical texts, a map, and how far to trust them."""
    from textwright.cli.clusters import print_clusters
    from textwright.cli.word_bar import WordBar
    from textwright.workflow.cluster import ClusterOptions
    from textwright.workflow.cluster import cluster as cluster_file

    settings = make_settings(method, {"k": k, "min_size": min_size, "seed": seed}, overrides or [])
    check_pictures(pictures or [])
    with WordBar() as bar:
        options = ClusterOptions(model, vectors, column, label, threads, progress=bar)
        found = cluster_file(file, settings, options)
    if out is not None:
        found.write(out)
    draw_maps(found, pictures or [])
    if json:
        print_json(plain(found.table()))
    else:
        print_clusters(found)


def make_settings(method: str, stated: dict[str, Any], overrides: list[str]) -> ClusterSettings:
    """Check the settings of a method before anything is read."""
    from textwright.recipe.check import read_settings
    from textwright.recipe.file import override

    if method not in METHODS:
        raise unknown_name("method of clustering", method, METHODS)
    given = {key: value for key, value in stated.items() if value is not None}
    return read_settings(METHODS[method], override(given, overrides), method)


def check_pictures(paths: list[Path]) -> None:
    """Refuse a picture of another kind before the work is done."""
    for path in paths:
        if path.suffix not in PICTURES:
            raise UsageError(f"{path} is no picture's name.", "End it in .png or .html.")


def draw_maps(found: Any, paths: list[Path]) -> None:
    """Draw each map asked for, and say what could not be written in it."""
    missing = [name for path in paths for name in found.draw(path)]
    if missing:
        note(f"No font of this machine has all characters of: {'; '.join(dict.fromkeys(missing))}.")
        note("They stand by number; install a font such as Noto Sans CJK SC, or draw .html.")
