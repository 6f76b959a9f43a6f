"""The settings of ``[tune]``: where better settings are looked for, and by which dev score."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, get_type_hints

from textwright.errors import RecipeError, unknown_name
from textwright.recipe.check import read_settings
from textwright.recipe.settings import has_setting, setting

TUNED = ("tokenizer", "embedding", "encoder", "decoder", "training")
TRUTH = "decoder.labels"  # what the rows mean: with another, scores could not be compared
SCALARS = str | int | float
METRICS = (
    "accuracy",
    "macro_f1",
    "micro_f1",
    "overall_accuracy",
    "out_of_scope_auroc",
    "calibration_error",
    "spearman",
    "pearson",
    "f1",
    "auroc",
    "within_tolerance",
    "mean_absolute_error",
    "bleu",
    "bleu_lowercase",
    "chrf",
    "rouge1",
    "rouge2",
    "rougeL",
    "perplexity",
    "bits_per_character",
    "log_probability",
)


@dataclass(frozen=True)
class Range:
    """All numbers between two; the whole ones where the setting is a whole number."""

    low: float = setting(0.0, "smallest value; must be given")
    high: float = setting(1.0, "largest value; must be given")
    log: bool = setting(False, "spread evenly over orders of magnitude")

    @property
    def limits(self) -> tuple[Any, ...]:
        """The values that must suit the recipe for all others to suit it."""
        return self.low, self.high

    def __contains__(self, value: Any) -> bool:
        return bool(self.low <= value <= self.high)


@dataclass(frozen=True)
class Choice:
    """One value of a list, in no order."""

    choices: tuple[Any, ...] = setting((), "the values; must be given")

    @property
    def limits(self) -> tuple[Any, ...]:
        """The values that must suit the recipe."""
        return self.choices

    def __contains__(self, value: Any) -> bool:
        return value in self.choices


Space = Mapping[str, Range | Choice]


@dataclass(frozen=True)
class TuneSettings:
    """Where ``textwright tune`` looks for better settings; training itself never reads this."""

    metric: str = setting(
        "auto",
        f"dev score that decides; auto: the task's first; or one of: {', '.join(METRICS)}",
        choices=("auto", *METRICS),
    )
    pruning: str = setting(
        "median",
        "stops a network whose dev score lags: median (below half of the trials after as many "
        "epochs), halving (not among the best quarter), none",
        choices=("median", "halving", "none"),
    )
    space: Space = field(
        default_factory=dict,
        metadata={"meaning": "settings to search; empty: a usual choice for the encoder"},
    )


def read_tune(table: Any, sections: Mapping[str, Any], task: str) -> TuneSettings:
    """Read ``[tune]`` beside the sections it is about, checked already.

    Whether each limit suits its setting is for the caller to try.
    Raises RecipeError or UnknownNameError naming the setting.
    """
    rest = dict(table) if isinstance(table, Mapping) else table
    space = rest.pop("space", {}) if isinstance(rest, dict) else {}
    settings = read_settings(TuneSettings, rest, "tune")
    if not isinstance(space, Mapping):
        hint = "Write each as: training.l2 = {low = 0.1, high = 10}."
        raise RecipeError(f"tune.space is {space!r}.", hint)
    kinds = setting_types(sections, task)
    read = {name: read_searched(name, each, kinds) for name, each in flatten(space)}
    return TuneSettings(settings.metric, settings.pruning, read)


def setting_types(sections: Mapping[str, Any], task: str) -> dict[str, Any]:
    """Give the type of each setting that a search may change, by ``section.key``."""
    return {
        f"{section}.{each.name}": get_type_hints(type(settings))[each.name]
        for section, settings in sections.items()
        for each in fields(settings)
        if has_setting(each, task) and f"{section}.{each.name}" != TRUTH
    }


def flatten(space: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Give each setting with what is searched, whether its name was quoted or not."""
    for name, each in space.items():
        if "." in name or not isinstance(each, Mapping):
            yield name, each
        else:
            yield from ((f"{name}.{key}", inner) for key, inner in each.items())


def read_searched(name: str, table: Any, kinds: Mapping[str, Any]) -> Range | Choice:
    """Read what is searched of one setting; a range of a whole number gets whole limits."""
    if name not in kinds:
        raise unknown_name("setting to tune", name, kinds)
    place = f"tune.space.{name}"
    hint = "Write {low = ..., high = ...}, or {choices = [...]}."
    if not isinstance(table, Mapping):
        raise RecipeError(f"{place} is {table!r}.", hint)
    if "choices" in table:
        return read_choice(table, place)
    if not {"low", "high"} <= table.keys():
        raise RecipeError(f"{place} has no {'high' if 'low' in table else 'low'}.", hint)
    found = read_settings(Range, table, place)
    if not found.low < found.high:
        what = f"{place} goes from {found.low} to {found.high}."
        raise RecipeError(what, "low must be below high.")
    if found.log and found.low <= 0:
        what = f"{place} has log = true and low = {found.low}."
        raise RecipeError(what, "Start above 0, or take log out.")
    if kinds[name] is int and found.low.is_integer() and found.high.is_integer():
        return Range(int(found.low), int(found.high), found.log)
    return found


def read_choice(table: Mapping[str, Any], place: str) -> Choice:
    """Read a list of values, each of which the recipe will be tried with."""
    values = table["choices"]
    if set(table) != {"choices"}:
        other = sorted(set(table) - {"choices"})[0]
        raise RecipeError(f"{place} has choices and {other}.", "Take one of them out.")
    plain = isinstance(values, list | tuple) and all(isinstance(each, SCALARS) for each in values)
    if not plain or not values:
        hint = "It must be a list of numbers, strings, or true and false."
        raise RecipeError(f"{place}.choices is {values!r}.", hint)
    return Choice(tuple(values))


BAG: Space = {
    "training.l2": Range(0.1, 10.0, log=True),
    "training.contrast": Range(0.0, 1.0),
    "encoder.word_ngrams": Range(1, 3),
    "encoder.max_character_ngram": Range(3, 6),
    "encoder.min_count": Range(1, 3),
}
NETWORK: Space = {
    "training.label_smoothing": Range(0.0, 0.2),
    "training.weight_decay": Range(1e-4, 0.1, log=True),
    "embedding.dropout": Range(0.0, 0.6),
    "embedding.token_dropout": Range(0.0, 0.3),
    "encoder.dropout": Range(0.0, 0.6),
    "decoder.dropout": Range(0.0, 0.6),
}
POOLINGS = Choice(("mean", "max", "attention", "attention-max"))
OF_KIND: dict[str, Space] = {
    "bag": BAG,
    "bilstm": {
        **NETWORK,
        "encoder.hidden": Choice((64, 128, 256)),
        "decoder.pooling": POOLINGS,
    },
    "transformer": {**NETWORK, "encoder.layers": Range(1, 4), "decoder.pooling": POOLINGS},
}  # by the encoder's kind; NETWORK for every other


def default_space(sections: Mapping[str, Any], task: str) -> Space:
    """Give what is worth searching for an encoder, as far as the recipe has such settings.

    The step size of a network is looked for from a quarter to four times the recipe's own.
    """
    kinds = setting_types(sections, task)
    usual = OF_KIND.get(sections["encoder"].kind, NETWORK)
    space = {name: each for name, each in usual.items() if name in kinds}
    rate = getattr(sections["training"], "learning_rate", 0)
    if rate:
        space["training.learning_rate"] = Range(rate / 4, min(rate * 4, 10.0), log=True)
    return space
