"""Look at data before anything is trained on it: repeats, conflicts, wrong labels, odd texts."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from textwright.errors import UsageError
from textwright.recipe.data import DataSettings, RowForm
from textwright.recipe.file import check_recipe, override, read_recipe
from textwright.text.duplicates import TextGroup, group_equal, group_near
from textwright.text.named_rows import NamedRow, has_column, read_files, read_recipe_rows
from textwright.text.statistics import Statistics, count_characters, describe_texts, find_odd
from textwright.training.confident import Judged, LabelledRow, judge_labels
from textwright.training.progress import Quiet, RunProgress
from textwright.workflow.inspection import Inspection

NO_LABEL = "(no label)"  # how rows of no class are called where the data has no name for them


@dataclass(frozen=True)
class InspectOptions:
    """What to look for, and how.

    similarity: Jaccard similarity of shingles from which two texts are nearly the same, 0 to 1.
    folds:      of the models that look for wrong labels, at least 2; 0: not looked for.
    """

    similarity: float = 0.8
    folds: int = 5
    threads: int = 2
    progress: RunProgress = field(default_factory=Quiet)


def inspect_data(
    data: str | Path | Sequence[str | Path],
    *,
    overrides: Iterable[str] = (),
    options: InspectOptions | None = None,
) -> Inspection:
    """Look for repeats, near-repeats, conflicting and likely wrong labels, and odd texts.

    data:      a recipe (.toml), all of whose files are read; or data files, each a split.
    overrides: ``data.label=intent`` and the like. Where no label column is named and the files
               have no ``label``, the rows are taken to have none. Files of pairs: ``task=match``.
    Nothing is changed or recorded. Raises RecipeError, DataError and UsageError.
    """
    options = options or InspectOptions()
    check_options(options)
    options.progress.stage("reading")
    paths = [Path(each) for each in ([data] if isinstance(data, str | Path) else data)]
    settings, form, rows = read_data(paths, overrides)
    options.progress.stage("looking for repeats")
    keys = [row.example.key.strip() for row in rows]
    equal = group_equal(keys)
    near = group_near_rows(keys, equal, options.similarity)
    outside = settings.out_of_scope or NO_LABEL
    judged = None
    if form == RowForm() and options.folds:
        options.progress.stage("judging labels")
        judged = judge_rows(rows, settings, outside, options)
    splits, odd = describe_splits(rows)
    return Inspection(
        source=", ".join(map(str, paths)),
        labelled=not (form.loose or form.label == "none")
        or any(row.example.labels for row in rows),
        outside=outside,
        rows=tuple(rows),
        splits=splits,
        equal=tuple(equal),
        near=tuple(near),
        judged=judged,
        odd=odd,
    )


def check_options(options: InspectOptions) -> None:
    """Refuse what cannot be looked for."""
    if not 0 < options.similarity <= 1:
        what = f"The similarity is {options.similarity}."
        raise UsageError(what, "Give a number above 0 and up to 1, such as 0.8.")
    if options.folds < 0 or options.folds == 1:
        what = f"The labels cannot be judged in {options.folds} folds."
        raise UsageError(what, "Take 2 or more; 0 leaves the labels alone.")


def read_data(
    paths: Sequence[Path], overrides: Iterable[str]
) -> tuple[DataSettings, RowForm, list[NamedRow]]:
    """Read a recipe's files, or files by themselves; with the settings, and what a row holds."""
    if not paths:
        raise UsageError("There is no data to inspect.", "Name a recipe, or data files.")
    is_recipe = [path.suffix == ".toml" for path in paths]
    if any(is_recipe) and len(paths) > 1:
        raise UsageError("A recipe and other files were given.", "Name one recipe, or data files.")
    if is_recipe[0]:
        recipe = read_recipe(paths[0], overrides)
        return recipe.data, recipe.form, read_recipe_rows(recipe.data, recipe.form)
    table = override({"name": "inspected", "data": {"train": str(paths[0])}}, overrides)
    recipe = check_recipe(table)
    form, label = recipe.form, recipe.data.label
    if label == DataSettings().label and not any(has_column(path, label) for path in paths):
        form = replace(form, loose=True)
    return recipe.data, form, read_files(paths, recipe.data, form)


def group_near_rows(
    texts: Sequence[str], equal: Sequence[TextGroup], similarity: float
) -> list[TextGroup]:
    """Group rows by nearly the same text: distinct texts are compared, repeats go along."""
    repeats = {group.places[0]: group.places for group in equal}
    later = {place for group in equal for place in group.places[1:]}
    distinct = [place for place in range(len(texts)) if place not in later]
    found = group_near([texts[place] for place in distinct], similarity)
    return [
        TextGroup(
            tuple(
                sorted(
                    row
                    for place in group.places
                    for row in repeats.get(distinct[place], (distinct[place],))
                )
            ),
            group.similarity,
        )
        for group in found
    ]


def judge_rows(
    rows: Sequence[NamedRow], settings: DataSettings, outside: str, options: InspectOptions
) -> Judged:
    """Judge the labels of the rows that have a text; rows of no class are a class by themselves."""
    places = [place for place, row in enumerate(rows) if row.example.text.strip()]
    none = () if settings.multi_label else (outside,)
    given = [
        LabelledRow(rows[place].example.text, rows[place].example.labels or none)
        for place in places
    ]
    judged = judge_labels(
        given, multi=settings.multi_label, folds=options.folds, threads=options.threads
    )
    issues = (replace(each, row=places[each.row]) for each in judged.issues)
    return replace(judged, issues=tuple(issues))


def describe_splits(
    rows: Sequence[NamedRow],
) -> tuple[dict[str, Statistics], dict[str, tuple[int, ...]]]:
    """Say of each split what its texts are like, and which of all rows are odd among their own."""
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        places[row.split].append(place)
    splits: dict[str, Statistics] = {}
    odd: defaultdict[str, list[int]] = defaultdict(list)
    for split, own in places.items():
        texts = [rows[place].text for place in own]
        counted = count_characters(texts)
        splits[split] = describe_texts(texts, counted)
        for reason, found in find_odd(texts, counted).items():
            odd[reason] += [own[place] for place in found]
    return splits, {reason: tuple(found) for reason, found in odd.items()}
