"""Commands that make and ask versions: train, tune, evaluate, predict, score, compare."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from textwright.cli.output import note, plain, print_json, print_table, say
from textwright.errors import DataError, MissingExtraError, UsageError

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", help="Override a setting: section.key=value.")
]
Reference = Annotated[str, typer.Argument(help="intents@3, intents@production, or a folder.")]

recipes = typer.Typer(help="Look at recipes.", no_args_is_help=True, rich_markup_mode=None)


def add_commands(app: typer.Typer) -> None:
    """Add this file's commands to the application."""
    for command in (train, tune, evaluate, predict, score, compare):
        app.command()(command)
    app.add_typer(recipes, name="recipe")


def train(
    recipe: Annotated[Path, typer.Argument(help="Recipe file (TOML).")],
    overrides: Overrides = None,
    resume: Annotated[bool, typer.Option(help="Go on with an unfinished run.")] = False,
    register: Annotated[bool, typer.Option(help="Make it the model's next version.")] = True,
    folds: Annotated[
        int | None,
        typer.Option(
            min=2,
            help="Cross-validate instead: train on all but one fold of the training rows, score "
            "that one, in turn. The test file is not read, no version is made.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Train a version as a recipe says, measure it, register it and judge its gates."""
    require_train()
    if folds is not None:
        if resume:
            raise UsageError("--folds keeps nothing to resume.", "Leave --resume out.")
        from textwright.cli.folds import run_folds

        run_folds(recipe, overrides or (), folds, json=json)
        return
    from textwright.cli.bars import Bars
    from textwright.cli.report import print_trained, trained_table
    from textwright.workflow.train import TrainOptions
    from textwright.workflow.train import train as train_version

    with Bars() as bars:
        options = TrainOptions(resume=resume, register=register, progress=bars)
        try:
            found = train_version(recipe, overrides=overrides or (), options=options)
        except KeyboardInterrupt:
            note("The run is kept: the same command with --resume goes on with it.")
            raise
    if json:
        print_json(trained_table(found))
    else:
        print_trained(found)


def tune(
    recipe: Annotated[Path, typer.Argument(help="Recipe file (TOML).")],
    trials: Annotated[
        int, typer.Option(min=1, help="Trials there shall be in the end, earlier ones included.")
    ] = 20,
    timeout: Annotated[
        float | None, typer.Option(min=0, help="After so many seconds no trial begins.")
    ] = None,
    overrides: Overrides = None,
    json: Json = False,
) -> None:
    """Search for the settings that score best on the dev rows, and write that recipe out.

    The test file is not read, no version is made. After a kill the same command goes on.
    """
    require_train()
    from textwright.cli.tuned import run_search

    run_search(recipe, overrides or (), trials, timeout, json=json)


def evaluate(
    reference: Reference,
    file: Annotated[Path, typer.Argument(help="Labelled rows, columns as in its recipe.")],
    beam: Annotated[
        int | None, typer.Option(min=1, help="Texts kept alive while writing; 1: greedy.")
    ] = None,
    json: Json = False,
) -> None:
    """Score a version on a file of labelled rows; nothing is recorded."""
    require_train()
    from textwright.cli.report import print_evaluated
    from textwright.workflow.evaluate import evaluate as score

    found = score(reference, file, beam=beam)
    if json:
        print_json({"reference": reference, "metrics": found})
    else:
        print_evaluated(found)


def predict(
    reference: Reference,
    texts: Annotated[
        list[str] | None, typer.Argument(help="Texts, or - for lines; for match, two of each pair.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(help="Answer each line of a file; for match, two texts with a tab between."),
    ] = None,
    beam: Annotated[
        int | None, typer.Option(min=1, help="Texts kept alive while writing; 1: greedy.")
    ] = None,
    best: Annotated[int, typer.Option(min=1, help="Texts to write for each, best first.")] = 1,
    temperature: Annotated[
        float | None, typer.Option(help="Draw each token written, more evenly the higher it is.")
    ] = None,
    top_k: Annotated[int, typer.Option(help="Draw among so many tokens only; 0: all.")] = 0,
    top_p: Annotated[
        float | None, typer.Option(help="Draw among tokens of this share only.")
    ] = None,
    repetition_penalty: Annotated[float, typer.Option(help="Above 1: seldom repeat.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Equal seeds draw equal texts.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Answer texts, or pairs of them: one line each, in their order."""
    from textwright.models import load
    from textwright.runtime.writing import WriteOptions

    given = list_texts(texts or [], file)
    model = load(reference)
    how = WriteOptions(beam, best, temperature, top_k, top_p, repetition_penalty, seed)
    if how != WriteOptions():
        model.write_by(how)
    for answer in model.predict_each(list_inputs(texts or [], given, paired=model.task.PAIRED)):
        if json:
            print_json(answer.table())
        else:
            say(answer.line())


def score(
    reference: Reference,
    texts: Annotated[list[str] | None, typer.Argument(help="Texts, or - for lines.")] = None,
    file: Annotated[Path | None, typer.Option(help="Score each line of a file.")] = None,
    whole: Annotated[bool, typer.Option(help="Take the lines as one text.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Say how well a language model predicts texts: bits a character, perplexity of a token."""
    from textwright.models import load

    given = list_texts(texts or [], file)
    for found in load(reference).score(["\n".join(given)] if whole else given):
        if json:
            print_json(found.table())
        else:
            say(found.line())


def list_texts(texts: list[str], file: Path | None) -> Iterable[str]:
    """Give the texts of the command: the arguments, a file's lines, or standard input's."""
    if file is not None and texts:
        raise UsageError("Both texts and --file were given.", "Give one of them.")
    if texts == ["-"]:
        return read_input()
    if file is not None:
        return read_lines(file)
    if not texts:
        raise UsageError("There is no text to answer.", 'Give a text, --file FILE, or "-".')
    return texts


def list_inputs(
    texts: list[str], given: Iterable[str], *, paired: bool
) -> Iterable[str | tuple[str, str]]:
    """Give the texts as a model takes them; texts: the arguments, which pair up two by two."""
    if not paired:
        return given
    return pair_up(given) if texts and texts != ["-"] else cut_lines(given)


def pair_up(texts: Iterable[str]) -> list[tuple[str, str]]:
    """Give the texts of the command two by two; raises UsageError when one is left over."""
    given = list(texts)
    if len(given) % 2:
        what = f"There are {len(given)} texts; this model answers pairs of them."
        raise UsageError(what, 'Give two of each pair: "first text" "second text".')
    return list(zip(given[::2], given[1::2], strict=True))


def cut_lines(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the two texts of each line; raises DataError for a line without one tab."""
    for number, line in enumerate(lines, start=1):
        first, tab, second = line.partition("\t")
        if not tab or "\t" in second:
            what = f"Line {number} holds {line.count(chr(9))} tabs; this model answers pairs."
            raise DataError(what, "Write two texts on each line, with one tab between them.")
        yield first, second


def read_input() -> Iterator[str]:
    """Yield the lines of standard input; raises DataError when they are no text."""
    try:
        for line in sys.stdin:
            yield line.rstrip("\n")
    except UnicodeDecodeError as error:
        hint = "It must be text in UTF-8."
        raise DataError(f"Standard input cannot be read: {error}.", hint) from error


def read_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a text file; raises DataError when it cannot be read."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            for line in file:
                yield line.rstrip("\n")
    except FileNotFoundError as error:
        raise DataError(f"There is no file {path}.", "Check the path.") from error
    except (OSError, UnicodeDecodeError) as error:
        hint = "It must be a text file in UTF-8."
        raise DataError(f"{path} cannot be read: {error}.", hint) from error


def compare(
    first: Annotated[str, typer.Argument(help="The one to compare with, such as intents@2.")],
    second: Annotated[str, typer.Argument(help="The other one, such as intents@3.")],
    json: Json = False,
) -> None:
    """Hold two versions against each other on the test rows both were measured on."""
    from textwright.cli.compared import print_comparison
    from textwright.workflow.compare import compare as compare_versions

    found = compare_versions(first, second)
    if json:
        print_json(plain(found))
    else:
        print_comparison(found)


@recipes.command("show")
def show_recipe(
    recipe: Annotated[Path, typer.Argument(help="Recipe file (TOML).")],
    overrides: Overrides = None,
    json: Json = False,
) -> None:
    """Check a recipe and print every setting with its value and meaning."""
    from textwright.recipe.describe import describe_recipe
    from textwright.recipe.file import read_recipe, recipe_table

    checked = read_recipe(recipe, overrides or ())
    if json:
        print_json(recipe_table(checked))
        return
    print_table(("setting", "value", "meaning"), describe_recipe(checked))
    note(f"{recipe} is in order.")


def require_train() -> None:
    """Refuse a command that learns where the packages for it are not installed."""
    from importlib.util import find_spec

    missing = [name for name in ("numba", "onnx", "safetensors") if find_spec(name) is None]
    if missing:
        raise MissingExtraError(
            f"This command needs {', '.join(missing)}.",
            "Install what learning needs: pip install 'textwright[train]'",
        )
