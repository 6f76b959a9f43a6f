"""The settings of ``[[gates]]``: what must hold of a version before it may be promoted."""

from dataclasses import dataclass
from typing import ClassVar

from textwright.errors import RecipeError
from textwright.recipe.data import CLASSIFY, GENERATE, DataSettings
from textwright.recipe.settings import setting

NO_SLICES = "Name the columns to report by in data.slices."
SLICE = "only test rows of this slice, such as language=zh: a column of data.slices and its value"
FORMS = ("typos", "case", "width")  # ways in which texts are changed to see what holds


@dataclass(frozen=True)
class AtLeast:
    """A metric of the test set must reach a value."""

    rule: ClassVar[str] = "at_least"
    metric: str = setting("accuracy", "metric of metrics.json")
    value: float = setting(0.0, "smallest value that passes")
    slice: str = setting("", SLICE)


@dataclass(frozen=True)
class AtMost:
    """A metric of the test set must not exceed a value."""

    rule: ClassVar[str] = "at_most"
    metric: str = setting("calibration_error", "metric of metrics.json")
    value: float = setting(1.0, "largest value that passes")
    slice: str = setting("", SLICE)


@dataclass(frozen=True)
class NotWorseThan:
    """A metric must be shown to be no worse than production's on the same test rows."""

    rule: ClassVar[str] = "not_worse_than"
    metric: str = setting(
        "accuracy",
        "accuracy, overall_accuracy, coverage or out_of_scope_recall (exact test); macro_f1, "
        "selective_accuracy, calibration_error or out_of_scope_auroc (bootstrap); of pairs: "
        "accuracy or within_tolerance (exact test); spearman, pearson, mean_absolute_error, f1 or "
        "auroc (bootstrap); of written texts: accuracy (exact test); bleu, bleu_lowercase, chrf, "
        "rouge1, rouge2 or rougeL (bootstrap); of plain text: bits_per_character, perplexity or "
        "log_probability (bootstrap)",
    )
    margin: float = setting(0.01, "loss that is still no loss", at_least=0, at_most=100)
    alpha: float = setting(
        0.05, "chance of passing with a loss of just the margin", at_least=0.001, at_most=0.5
    )
    slice: str = setting("", SLICE)


@dataclass(frozen=True)
class SlicesNotWorse:
    """No slice of the test rows may lose accuracy significantly against production."""

    rule: ClassVar[str] = "slices_not_worse"
    column: str = setting("", "column of data.slices to judge by; empty: all of them")
    rows: int = setting(30, "smaller slices are listed, not judged", at_least=1)
    margin: float = setting(0.0, "loss that is still no loss", at_least=0, at_most=1)
    alpha: float = setting(
        0.05, "chance of failing although no slice lost", at_least=0.001, at_most=0.5
    )


@dataclass(frozen=True)
class Calibration:
    """Scores must be honest: as many answers of a score are right as the score says."""

    rule: ClassVar[str] = "calibration"
    value: float = setting(0.05, "largest calibration error that passes", at_least=0, at_most=1)
    rows: int = setting(100, "with fewer in-scope test rows it is unknown", at_least=1)


@dataclass(frozen=True)
class Robust:
    """Accuracy must hold when texts are written differently."""

    rule: ClassVar[str] = "robust"
    value: float = setting(0.05, "largest loss of accuracy that passes", at_least=0, at_most=100)
    forms: tuple[str, ...] = setting(
        FORMS, "typos, case (capitals), width (full-width and half-width letters)"
    )


@dataclass(frozen=True)
class Latency:
    """One text must be answered in time, on the machine that trained."""

    rule: ClassVar[str] = "latency"
    value: float = setting(100.0, "largest 99th percentile that passes, in ms", at_least=0)


@dataclass(frozen=True)
class Size:
    """The exported network must be small enough."""

    rule: ClassVar[str] = "size"
    value: int = setting(500_000_000, "largest model.onnx that passes, in bytes", at_least=0)


@dataclass(frozen=True)
class NoLeak:
    """Test rows must not stand in the training file."""

    rule: ClassVar[str] = "no_leak"
    value: float = setting(0.0, "largest share of test rows that passes", at_least=0, at_most=1)


@dataclass(frozen=True)
class Copied:
    """What is written must not repeat long spans of the training rows' texts to write."""

    rule: ClassVar[str] = "copied"
    value: int = setting(
        20,
        "longest span that passes, in words: of a training target, not of the source",
        at_least=0,
    )


@dataclass(frozen=True)
class Abstention:
    """Enough texts must be answered, and those rightly enough."""

    rule: ClassVar[str] = "abstention"
    coverage: float = setting(
        0.0, "smallest share of in-scope texts answered", at_least=0, at_most=1
    )
    selective_accuracy: float = setting(
        0.0, "smallest accuracy of those answered", at_least=0, at_most=1
    )


GateSettings = (
    AtLeast
    | AtMost
    | NotWorseThan
    | SlicesNotWorse
    | Calibration
    | Robust
    | Latency
    | Size
    | NoLeak
    | Copied
    | Abstention
)

GATES: dict[str, type[GateSettings]] = {
    each.rule: each
    for each in (
        AtLeast,
        AtMost,
        NotWorseThan,
        SlicesNotWorse,
        Calibration,
        Robust,
        Latency,
        Size,
        NoLeak,
        Copied,
        Abstention,
    )
}


MEASURED: dict[str, tuple[str, ...]] = {
    SlicesNotWorse.rule: (*CLASSIFY, "match", *GENERATE),
    Calibration.rule: CLASSIFY,
    Robust.rule: (*CLASSIFY, "match", "embed", *GENERATE),
    Copied.rule: GENERATE,
    Abstention.rule: CLASSIFY,
}  # the tasks of which it is measured what a rule asks; a rule that is not here: of every task


def check_gates(
    gates: tuple[GateSettings, ...], task: str, data: DataSettings
) -> tuple[GateSettings, ...]:
    """Give the gates back; raises RecipeError for one that no version could pass."""
    for gate in gates:
        tasks = MEASURED.get(gate.rule, (task,))
        if task not in tasks:
            what = f"The task {task!r} has no gate {gate.rule!r}: nothing of it is measured."
            raise RecipeError(what, f"Take it out. It belongs to: {', '.join(tasks)}.")
        check_slices(gate, data.all_slices)
        if data.multi_label:
            check_several(gate)
    return gates


def check_slices(gate: GateSettings, columns: tuple[str, ...]) -> None:
    """Raise RecipeError for a gate of slices that are not reported."""
    if isinstance(gate, SlicesNotWorse):
        asked, known = f"slices by {gate.column!r}" if gate.column else "slices", columns
        reported = gate.column in columns if gate.column else bool(columns)
    elif isinstance(gate, AtLeast | AtMost | NotWorseThan):
        column, found, _ = gate.slice.partition("=")
        asked, known = f"the slice {gate.slice!r}", tuple(f"{each}=..." for each in columns)
        reported = not gate.slice or bool(found and column in columns)
    else:
        return
    if not reported:
        hint = f"It must be one of: {', '.join(known)}." if known else NO_SLICES
        raise RecipeError(f"The gate {gate.rule!r} asks for {asked}.", hint)


def check_several(gate: GateSettings) -> None:
    """Raise RecipeError for a gate of what is not measured where a text may have several labels."""
    asked = ""
    if isinstance(gate, Abstention):
        asked = "a text without an answer"
    elif isinstance(gate, NotWorseThan) and gate.metric != "accuracy":
        asked = f"{gate.metric!r} against production"
    if asked:
        what = f"The gate {gate.rule!r} asks for {asked}, and data.multi_label is set."
        hint = "Take it out, or ask for a metric by at_least or at_most."
        raise RecipeError(what, f"{hint} Only the accuracy is held against production.")
