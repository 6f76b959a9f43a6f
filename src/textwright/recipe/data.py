"""The settings of ``[data]``: which files, which columns, which rows."""

import re
from dataclasses import dataclass, field

from textwright.errors import RecipeError
from textwright.recipe.settings import setting

CLASSIFY = ("classify",)
EMBED = ("embed",)
TEXT_TO_TEXT = "text-to-text"
GENERATE = ("generate", TEXT_TO_TEXT)  # a text from a text
WRITING = (*GENERATE, "language")
LABELLED = ("classify", "match", "embed")
PAIRED = ("match", "embed")
TEXT_METRICS = ("bleu", "rouge", "accuracy")  # what written texts are scored by
HUB = "dataset:"
HUB_SPLIT = re.compile(r"dataset:([\w-][\w.-]*(?:/[\w-][\w.-]*)?)(?::([\w.-]+))?:([\w.-]+)")


@dataclass(frozen=True)
class RowForm:
    """What each row of a data file holds, by the task.

    paired: two texts; else one.
    label:  class, number, whole (a number), or text (to be written), or none.
    loose:  a row of one text instead of two, or without a label, will do.
    prefixed: it names its task, which begins the text to read.
    """

    paired: bool = False
    label: str = "class"
    loose: bool = False
    prefixed: bool = False


@dataclass(frozen=True)
class DevShare:
    """A dev set cut from the training rows, by a hash of the text: repeats stay on one side."""

    share: float = setting(0.1, "part of the training rows; 0: none", at_least=0, at_most=0.5)


@dataclass(frozen=True)
class DataSettings:
    """Files and columns of a data set."""

    train: str = setting(
        "",
        "training rows: .jsonl, .csv or .tsv, plain or .gz; .parquet, .arrow; a folder of such, "
        "FOLDER/SPLIT, or dataset:OWNER/NAME:SPLIT of the Hugging Face hub; NAME.{de,en} for two "
        "files of plain lines, line by line the same, as columns de and en; FILE[:90%] or "
        "FILE[90%:] for a part of the rows",
    )
    dev: str | DevShare = setting(
        DevShare(), "dev file, or {share = 0.1} to take that part of the training rows"
    )
    test: str = setting("", "test file; without one a version cannot be promoted")
    root: str = setting("", "folder the files lie in; the recipe's own folder when empty")
    text: str = setting("text", "column of the text", tasks=("classify", "embed", *WRITING))
    target: str = setting("target", "column of the text to write", tasks=GENERATE)
    references: str = setting(
        "", "column with a list of other texts that are as right; empty: none", tasks=GENERATE
    )
    metric: str = setting(
        "bleu",
        "what written texts are scored by: bleu (translations), rouge (summaries), accuracy",
        choices=TEXT_METRICS,
        tasks=("generate",),
    )
    prefix: str = setting(
        "task",
        "column that names a row's task; the text read begins with it",
        tasks=(TEXT_TO_TEXT,),
    )
    tasks: dict[str, str] = field(
        default_factory=dict,
        metadata={
            "meaning": "each task by its name, and what it is scored by, such as "
            "{translate = 'bleu', feeling = 'accuracy', subject = 'rouge'}",
            "tasks": (TEXT_TO_TEXT,),
        },
    )
    text_a: str = setting("text_a", "column of the first text of a pair", tasks=PAIRED)
    text_b: str = setting("text_b", "column of the second", tasks=PAIRED)
    label: str = setting("label", "column of the label, or of the list of labels", tasks=LABELLED)
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
    rows_per_class: int = setting(
        0, "training rows to draw of each class; 0: all", at_least=0, tasks=CLASSIFY
    )
    draw_seed: int = setting(7, "seed of that draw", at_least=0, tasks=CLASSIFY)
    slices: tuple[str, ...] = setting((), "columns to report and gate by")
    download: bool = setting(
        False, "fetch dataset:... from the hub; without this nothing ever goes over the network"
    )

    def __post_init__(self) -> None:
        """Refuse a task that is scored by what there is not."""
        for task, metric in self.tasks.items():
            if metric not in TEXT_METRICS:
                what = f"data.tasks scores {task!r} by {metric!r}."
                raise RecipeError(what, f"Choose one of: {', '.join(TEXT_METRICS)}.")

    @property
    def all_slices(self) -> tuple[str, ...]:
        """The columns to report by; where there are several tasks, first that which names them."""
        return (self.prefix, *self.slices) if self.tasks else self.slices


@dataclass(frozen=True)
class HubSplit:
    """One split of a data set on the Hugging Face hub.

    configuration: where the data set has several.
    """

    name: str
    configuration: str | None
    split: str

    def __str__(self) -> str:
        return HUB + ":".join(each for each in (self.name, self.configuration, self.split) if each)

    @property
    def by_hand(self) -> str:
        """How to bring it in where there is a network, in Python; then name FOLDER as file."""
        given = ", ".join(repr(each) for each in (self.name, self.configuration) if each)
        load = f"datasets.load_dataset({given}, split={self.split!r})"
        return f"{load}.save_to_disk('FOLDER')"


def find_hub_split(settings: DataSettings, file: str) -> HubSplit | None:
    """Give what a name in ``[data]`` fetches from the hub; None for a file or folder.

    Raises RecipeError for a name that is none, and where the recipe does not allow fetching it.
    """
    if not file.startswith(HUB):
        return None
    found = HUB_SPLIT.fullmatch(file)
    if found is None:
        hint = "Write dataset:OWNER/NAME:SPLIT, or dataset:OWNER/NAME:CONFIGURATION:SPLIT."
        raise RecipeError(f"{file!r} names no data set.", hint)
    hub = HubSplit(*found.groups())
    if not settings.download:
        what = f"{hub} is on the hub, and data.download is not set: nothing is fetched."
        hint = f"Set data.download = true, or save it elsewhere and name the folder: {hub.by_hand}"
        raise RecipeError(what, hint)
    return hub
