"""The three parts of a data set: train, dev and test."""

import hashlib
from dataclasses import dataclass, replace

from textwright.errors import DataError, unknown_name
from textwright.recipe.data import DataSettings, DevShare, RowForm
from textwright.text.examples import Dataset, make_dataset
from textwright.text.readers import TEXT_WITH_CLASS, read_dataset

LINE = 20  # characters: shorter lines stand in texts that have nothing to do with each other


@dataclass(frozen=True)
class Splits:
    """The data of a run; ``test`` is None when the recipe names none."""

    train: Dataset
    dev: Dataset
    test: Dataset | None


def read_splits(
    settings: DataSettings, form: RowForm = TEXT_WITH_CLASS, *, test: bool = True
) -> Splits:
    """Read the files of a recipe's data section.

    form: what each row holds; those of the test file must hold all of it.
    test: whether the test file is opened at all.
    Raises DataError for anything wrong with them, before a single step of training.
    """
    train = make_dataset("", (), (), {})  # of what was trained before
    if settings.train:
        train = read_dataset(settings, settings.train, keep_empty=False, form=form)
    if settings.rows_per_class:
        train = draw_rows(train, settings.rows_per_class, settings.draw_seed)
    held = None
    if test and settings.test:
        whole = replace(form, loose=False)
        held = read_dataset(settings, settings.test, keep_empty=True, form=whole)
    if isinstance(settings.dev, str):
        dev = read_dataset(settings, settings.dev, keep_empty=True, form=form)
        splits = Splits(train, dev, held)
    else:
        share = settings.dev if settings.train else DevShare(0.0)
        splits = Splits(*cut_dev(train, share), held)
    check_exclude(settings, splits)
    return splits


def draw_rows(train: Dataset, count: int, seed: int) -> Dataset:
    """Keep so many rows of each class, or all of a smaller one; rows of no class are one, too.

    They are drawn by a hash of seed and text, so the order of the file does not matter.
    """
    classes: dict[tuple[str, ...], list[int]] = {}
    for place, each in enumerate(train.examples):
        classes.setdefault(each.labels, []).append(place)
    kept = sorted(
        place
        for places in classes.values()
        for place in sorted(places, key=lambda it: hash_share(f"{seed} {train.examples[it].key}"))[
            :count
        ]
    )
    left = {"not drawn": len(train.examples) - len(kept)}
    examples = [train.examples[place] for place in kept]
    return make_dataset(train.source, examples, train.columns, {**train.dropped, **left})


def check_exclude(settings: DataSettings, splits: Splits) -> None:
    """Refuse to exclude by a column that no file has: it would drop nothing, and say nothing."""
    files = [splits.train, splits.dev, *([splits.test] if splits.test else [])]
    known = {column for file in files for column in file.columns}
    for column in settings.exclude:
        if column not in known:
            missing = unknown_name("column", column, known)
            raise DataError(f"exclude names the column {column!r}, no file has it.", missing.hint)


def cut_dev(train: Dataset, dev: DevShare) -> tuple[Dataset, Dataset]:
    """Part training rows by a hash of their text, so that repeats of one stay together.

    A share of 0 gives a dev set without rows: nothing is calibrated or stopped early.
    Raises DataError when a part is left without rows against the wish.
    """
    held = [example for example in train.examples if hash_share(example.key) < dev.share]
    kept = [example for example in train.examples if hash_share(example.key) >= dev.share]
    if (not held and dev.share > 0) or (train.examples and not kept):
        raise DataError(
            f"{train.source} has {len(train.examples)} rows: no dev set can be cut from them.",
            "Name a dev file, give more rows, or go without: dev = {share = 0}.",
        )
    return (
        make_dataset(train.source, kept, train.columns, train.dropped),
        make_dataset(train.source, held, train.columns, {}),
    )


def hash_share(text: str) -> float:
    """Place a text in 0..1 by its SHA-256: evenly, and the same on every machine."""
    first = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8]
    return int.from_bytes(first, "big") / 2**64


def find_leaks(splits: Splits, *, lines: bool = False) -> list[bool]:
    """Tell of each test row whether its text stands in the training file too.

    Blanks around a text do not count. Rows held out of the training file as dev are looked at
    as well; those of a dev file of its own are not.

    lines: rows are pieces of longer texts, cut at other places in each file: one stands there
           when most of its lines of ``LINE`` characters do.
    """
    learned = [splits.train]
    if splits.dev.source == splits.train.source:
        learned.append(splits.dev)
    test = splits.test.examples if splits.test else ()
    rows = [find_marks(example.key, lines=lines) for example in test]
    wanted = {mark for row in rows for mark in row}
    marks = (
        mark
        for part in learned
        for example in part.examples
        for mark in find_marks(example.key, lines=lines)
    )
    seen = {mark for mark in marks if mark in wanted}  # so nothing of train is kept
    return [2 * sum(mark in seen for mark in row) > len(row) for row in rows]


def find_marks(text: str, *, lines: bool) -> list[str]:
    """Give what a text is known by: itself, or its long lines where it has any."""
    found = [line.strip() for line in text.split("\n")] if lines else []
    return [line for line in found if len(line) >= LINE] or [text.strip()]
