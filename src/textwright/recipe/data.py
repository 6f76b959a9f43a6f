"""The settings of ``[data]``: which files, which columns, which rows."""

from dataclasses import dataclass, field

from textwright.recipe.settings import setting

CLASSIFY = ("classify",)
EMBED = ("embed",)
PAIRED = ("match", "embed")


@dataclass(frozen=True)
class RowForm:
    """What each row of a data file holds, by the task.

    paired: two texts; else one.
    label:  class, number, or whole (a number).
    loose:  a row of one text instead of two, or without a label, will do.
    """

    paired: bool = False
    label: str = "class"
    loose: bool = False


@dataclass(frozen=True)
class DevShare:
    """A dev set cut from the training rows, by a hash of the text: repeats stay on one side."""

    share: float = setting(0.1, "part of the training rows; 0: none", at_least=0, at_most=0.5)


@dataclass(frozen=True)
class DataSettings:
    """Files and columns of a data set."""

    train: str = setting("", "training file: .jsonl, .csv or .tsv, plain or .gz")
    dev: str | DevShare = setting(
        DevShare(), "dev file, or {share = 0.1} to take that part of the training rows"
    )
    test: str = setting("", "test file; without one a version cannot be promoted")
    root: str = setting("", "folder the files lie in; the recipe's own folder when empty")
    text: str = setting("text", "column of the text", tasks=("classify", "embed"))
    text_a: str = setting("text_a", "column of the first text of a pair", tasks=PAIRED)
    text_b: str = setting("text_b", "column of the second", tasks=PAIRED)
    label: str = setting("label", "column of the label, or of the list of labels")
    multi_label: bool = setting(False, "a text may have several labels, or none", tasks=CLASSIFY)
    separator: str = setting(
        "|", "between the labels of one CSV or TSV cell (multi-label)", tasks=CLASSIFY
    )
    out_of_scope: str = setting(
        "", "label of the rows that belong to no class; empty: none", tasks=CLASSIFY
    )
    exclude: dict[str, list[str]] = field(
        default_factory=dict,
        metadata={"meaning": "rows to drop, such as {label = ['x']}: column and its values"},
    )
    slices: tuple[str, ...] = setting((), "columns to report and gate by")
