"""Commands over word vectors: train, nearest, analogy, evaluate, convert, map."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from textwright.cli.output import note, print_json, print_table, say
from textwright.errors import UsageError
from textwright.recipe.vectors import CorpusSettings, GloveSettings, Word2VecSettings

COMMAS = re.compile("[,，、]")  # Chinese ones, too


def told(name: str) -> Any:
    """Declare the option of a setting, with its meaning and defaults as ``recipe`` has them."""
    defaults: list[str] = []
    meaning = ""
    for kind, label in ((CorpusSettings, ""), (Word2VecSettings, ""), (GloveSettings, "glove: ")):
        for each in fields(kind):
            if each.name == name and label + str(each.default) not in defaults:
                defaults.append(label + str(each.default))
                meaning = meaning or each.metadata["meaning"]
    shown = dict.fromkeys(each for each in defaults if each.removeprefix("glove: ") != defaults[0])
    return typer.Option(help=f"{meaning}. Default: {', '.join([defaults[0], *shown])}.")


Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Texts = Annotated[
    list[Path],
    typer.Argument(help="Text, a sentence a line, plain, .gz or .xz; or .jsonl, .csv, .tsv."),
]
Out = Annotated[Path | None, typer.Option(help="New folder for the vectors.")]
Name = Annotated[str, typer.Option(help="Register them as the next version of this name.")]
Method = Annotated[str, typer.Option(help="skip-gram, cbow, glove or elmo.")]
Column = Annotated[str, typer.Option(help="Column of the text in .jsonl, .csv and .tsv.")]
Kept = Annotated[
    Path | None,
    typer.Option("--corpus", help="Folder to keep the text in as numbers, to go on or train anew."),
]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", help="Any further setting, such as learning_rate=0.05.")
]
Tokenizer = Annotated[str | None, told("tokenizer")]
Lowercase = Annotated[bool | None, told("lowercase")]
MinCount = Annotated[int | None, told("min_count")]
Errors = Annotated[str | None, told("errors")]
Dimensions = Annotated[int | None, told("dimensions")]
Window = Annotated[int | None, told("window")]
Negatives = Annotated[int | None, told("negatives")]
Sample = Annotated[float | None, told("sample")]
Epochs = Annotated[int | None, told("epochs")]
Threads = Annotated[int | None, told("threads")]
Seed = Annotated[int | None, told("seed")]
Reference = Annotated[
    str, typer.Argument(help="A file or folder of vectors, helpdesk@1, or package:NAME.")
]
Count = Annotated[int, typer.Option(min=1, help="Words to give.")]
Rule = Annotated[str, typer.Option(help="add (3CosAdd) or multiply (3CosMul).")]

vectors = typer.Typer(
    help="Train word vectors, and ask them.", no_args_is_help=True, rich_markup_mode=None
)


def add_commands(app: typer.Typer) -> None:
    """Add this file's commands to the application."""
    app.add_typer(vectors, name="vectors")


@vectors.command("train")
def train(
    texts: Texts,
    out: Out = None,
    name: Name = "",
    method: Method = "skip-gram",
    column: Column = "text",
    tokenizer: Tokenizer = None,
    lowercase: Lowercase = None,
    min_count: MinCount = None,
    errors: Errors = None,
    dimensions: Dimensions = None,
    window: Window = None,
    negatives: Negatives = None,
    sample: Sample = None,
    epochs: Epochs = None,
    threads: Threads = None,
    seed: Seed = None,
    overrides: Overrides = None,
    corpus: Kept = None,
    json: Json = False,
) -> None:
    """Train word vectors on text files: into a folder, as a version, or both."""
    from textwright.recipe.file import override
    from textwright.recipe.vectors_recipe import make_vectors_recipe

    stated = {
        **{"tokenizer": tokenizer, "lowercase": lowercase, "min_count": min_count},
        **{"errors": errors, "dimensions": dimensions, "window": window, "negatives": negatives},
        **{"sample": sample, "epochs": epochs, "threads": threads, "seed": seed},
    }
    given = {key: value for key, value in stated.items() if value is not None}
    given = override(given, overrides or ())
    recipe = make_vectors_recipe(texts, method, given, name=name, column=column)
    train_recipe(recipe, out, corpus, json=json)


def train_recipe(recipe: Any, output: Path | None, corpus: Path | None, *, json: bool) -> None:
    """Train by a recipe of word vectors, with progress, and print what was made."""
    from textwright.cli.learn import require_train
    from textwright.cli.word_bar import WordBar

    require_train()
    from textwright.workflow.train_vectors import VectorsOptions, train_word_vectors

    with WordBar() as bar:
        try:
            found = train_word_vectors(recipe, VectorsOptions(output, corpus, progress=bar))
        except KeyboardInterrupt:
            kept = f", but the text in {corpus}" if corpus else ""
            note(f"No vectors were made, and nothing is left{kept}.")
            raise
    learned = found.learned
    for each in learned.notes:
        note(f"Note: {each}")
    if json:
        about = {key: value for key, value in vars(found).items() if key != "learned"}
        print_json({**about, **vars(learned)})
        return
    say(f"{found.method}: {learned.words:,} words, {learned.dimensions} numbers each,")
    say(f"from {learned.tokens:,} words of text in {found.seconds:.1f} s")
    version = "" if found.number is None else f", {found.name}@{found.number}"
    say(f"{found.folder}{version}, artifact {found.artifact[:16]}")


@vectors.command("nearest")
def nearest(
    file: Reference,
    words: Annotated[list[str], typer.Argument(help="Words to look from, one after the other.")],
    count: Count = 10,
    json: Json = False,
) -> None:
    """Give the words whose vectors are nearest, by cosine."""
    from textwright.workflow.opening_vectors import open_vectors

    opened = open_vectors(file)
    found = {word: opened.nearest(word, count) for word in words}
    if json:
        rows = {word: [each._asdict() for each in neighbours] for word, neighbours in found.items()}
        print_json({"nearest": rows})
        return
    print_neighbours("word", [(word, *each) for word in words for each in found[word]])


def print_neighbours(first: str, rows: list[tuple[str, str, float]]) -> None:
    """Print found words with their scores."""
    print_table((first, "found", "score"), rows)


@vectors.command("analogy")
def analogy(
    file: Reference,
    words: Annotated[list[str], typer.Argument(help="Three words: man king woman.")],
    count: Count = 5,
    rule: Rule = "add",
    json: Json = False,
) -> None:
    """Answer what is to the third word as the second is to the first."""
    from textwright.workflow.opening_vectors import open_vectors

    if len(words) != 3:
        what = f"An analogy takes three words, not {len(words)}."
        raise UsageError(what, "Write them as in: man king woman.")
    a, b, c = words
    found = open_vectors(file).analogy(a, b, c, count, rule=rule)
    if json:
        print_json({"question": words, "answers": [each._asdict() for each in found]})
        return
    print_neighbours("question", [(f"{a} : {b} = {c} : ?", *each) for each in found])


@vectors.command("evaluate")
def evaluate(
    file: Reference,
    pairs: Annotated[
        list[Path] | None, typer.Option(help="Word pairs judged by people; may be repeated.")
    ] = None,
    analogies: Annotated[
        list[Path] | None, typer.Option(help="Analogies in sections; may be repeated.")
    ] = None,
    rule: Rule = "add",
    first: Annotated[
        int, typer.Option(min=0, help="Know only so many words, from the top; 0: all.")
    ] = 0,
    json: Json = False,
) -> None:
    """Score vectors: Spearman on judged pairs of words, accuracy on analogies by section."""
    from textwright.vectors.evaluation import (
        read_analogies,
        read_pairs,
        score_analogies,
        score_pairs,
    )
    from textwright.workflow.opening_vectors import open_vectors

    if not pairs and not analogies:
        what = "Give --pairs FILE, --analogies FILE, or both."
        raise UsageError("There is nothing to evaluate on.", what)
    judged = {path: read_pairs(path) for path in pairs or ()}
    asked = {path: read_analogies(path) for path in analogies or ()}
    opened = open_vectors(file)
    space, words = opened.space, opened.words
    found = [(path, score_pairs(space, words, each, first=first)) for path, each in judged.items()]
    solved = [
        (path, score_analogies(space, words, each, rule=rule, first=first))
        for path, each in asked.items()
    ]
    print_scores(found, solved, json=json)


def print_scores(
    found: list[tuple[Path, Any]], solved: list[tuple[Path, Any]], *, json: bool
) -> None:
    """Print scores of pairs and of analogies."""
    sections = [
        (path, each.name, each.accuracy, each.right, each.asked, each.skipped)
        for path, scores in solved
        for each in (*scores.sections, scores.total)
    ]
    names = ("file", "section", "accuracy", "right", "asked", "skipped")
    if json:
        pairs = [{"file": path, **vars(each)} for path, each in found]
        print_json(
            {"pairs": pairs, "analogies": [dict(zip(names, row, strict=True)) for row in sections]}
        )
        return
    if found:
        rows = [(path.name, each.spearman, each.pairs, each.skipped) for path, each in found]
        print_table(("pairs", "Spearman", "compared", "skipped"), rows)
    if sections:
        print_table(("analogies", *names[1:]), [(row[0].name, *row[1:]) for row in sections])


@vectors.command("convert")
def convert(
    file: Reference,
    output: Annotated[Path, typer.Argument(help="File, packed if it ends in .gz or .xz; folder.")],
    to: Annotated[
        str, typer.Option(help="word2vec, word2vec-binary, glove, fasttext, or textwright.")
    ] = "textwright",
    errors: Annotated[
        str, typer.Option(help="strict, or replace: mend what is no UTF-8, drop repeated words.")
    ] = "strict",
    max_words: Annotated[int, typer.Option(min=0, help="Only so many, from the top.")] = 0,
    json: Json = False,
) -> None:
    """Write vectors in another format; textwright's own is a folder that opens at once."""
    from textwright.errors import unknown_name
    from textwright.vectors.formats import FORMATS
    from textwright.vectors.vectors import Vectors
    from textwright.workflow.opening_vectors import find_vectors

    if to != "textwright" and to not in FORMATS:
        raise unknown_name("format of vectors", to, (*FORMATS, "textwright"))
    if errors not in ("strict", "replace"):
        raise unknown_name("way with errors", errors, ("strict", "replace"))
    opened = Vectors.load(find_vectors(file), errors=errors, max_words=max_words)
    if to == "textwright":
        opened.save(output)
    else:
        opened.write(output, kind=to)
        if opened.ngrams is not None:
            note("The n-grams are left out: words never seen have no vector there.")
    if json:
        size = {"words": len(opened), "dimensions": opened.dimensions}
        print_json({"file": file, "output": output, "format": to, **size})
    else:
        say(f"{output} holds {len(opened):,} words, {opened.dimensions} numbers each ({to}).")


@vectors.command("map")
def draw(
    file: Reference,
    words: Annotated[str, typer.Option(help="Words to draw, with commas between.")],
    out: Annotated[Path, typer.Option(help="Picture: a name in .png or .html.")],
    json: Json = False,
) -> None:
    """Draw chosen words in two dimensions (PCA): a PNG, or a page to hover over."""
    import numpy as np

    from textwright.vectors.map import draw_map
    from textwright.workflow.opening_vectors import open_vectors

    chosen = list(dict.fromkeys(each.strip() for each in COMMAS.split(words) if each.strip()))
    opened = open_vectors(file)
    missing = draw_map(chosen, np.array([opened[each] for each in chosen]), out)
    if missing:
        numbered = ", ".join(f"{place} {word}" for place, word in enumerate(missing, start=1))
        note(f"No font of this machine has all characters of: {numbered}. They stand as numbers;")
        note("install a font such as Noto Sans CJK SC, or draw a .html, which needs none.")
    if json:
        print_json({"output": out, "words": chosen, "numbered": missing})
    else:
        say(f"{out} shows {len(chosen)} words.")
