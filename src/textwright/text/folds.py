"""The folds of a cross-validation, cut from the training rows."""

from collections import Counter
from collections.abc import Sequence
from itertools import compress

from textwright.errors import DataError
from textwright.recipe.data import DataSettings, DevShare, RowForm
from textwright.text.examples import Dataset, make_dataset
from textwright.text.readers import TEXT_WITH_CLASS, read_dataset
from textwright.text.splits import Splits, check_exclude, cut_dev, hash_share


def read_folds(settings: DataSettings, count: int, form: RowForm = TEXT_WITH_CLASS) -> list[Splits]:
    """Read the training rows and part them ``count`` times into train, dev and the fold held out.

    form: what each row holds.
    The fold stands as ``test``; the recipe's own test file is never opened. Dev is the recipe's:
    a file of its own serves every fold, a share is cut from what the fold leaves to train on.
    Raises DataError for too few rows, and for a label that a fold leaves nothing to learn of.
    """
    whole = read_dataset(settings, settings.train, keep_empty=False, form=form)
    folds = []
    for number, (rest, held) in enumerate(cut_folds(whole, count), start=1):
        if isinstance(settings.dev, DevShare):
            splits = Splits(*cut_dev(rest, settings.dev), held)
        else:
            dev = read_dataset(settings, settings.dev, keep_empty=True, form=form)
            splits = Splits(rest, dev, held)
        if form.label == "class":
            check_labels(whole, splits.train, number)
        folds.append(splits)
    check_exclude(settings, folds[0])
    return folds


def cut_folds(whole: Dataset, count: int) -> list[tuple[Dataset, Dataset]]:
    """Give, for each fold, the rows outside it and the rows in it.

    A hash of the text chooses the fold, so repeats stay together; labels are not spread evenly
    on purpose. It is another hash than that of ``cut_dev``, which would take all its rows from
    the first fold. Raises DataError when a fold stays empty.
    """
    places = [int(hash_share(f"fold {each.key}") * count) for each in whole.examples]
    sizes = Counter(places)
    if len(sizes) < count:
        what = f"{whole.source} has {len(places)} rows: too few for {count} folds."
        raise DataError(what, "Take fewer folds, or give more rows.")
    return [
        (
            take_rows(whole, [place != fold for place in places]),
            take_rows(whole, [place == fold for place in places]),
        )
        for fold in range(count)
    ]


def take_rows(whole: Dataset, taken: Sequence[bool]) -> Dataset:
    """Give the rows of a data set that are to be taken, in their order."""
    rows = compress(whole.examples, taken)
    return make_dataset(whole.source, rows, whole.columns, whole.dropped)


def check_labels(whole: Dataset, train: Dataset, number: int) -> None:
    """Refuse a fold whose training rows lack a label that the whole file has."""
    rows = Counter(label for each in whole.examples for label in each.labels)
    lost = sorted(rows.keys() - {label for each in train.examples for label in each.labels})
    if lost:
        what = (
            f"Fold {number} leaves no row of {lost[0]!r} to train on; {whole.source} has "
            f"{rows[lost[0]]} of it."
        )
        hint = "Give more rows of it, take more folds, or drop it with data.exclude."
        raise DataError(what, hint)
