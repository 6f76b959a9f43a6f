"""Cross-validation: what a recipe is worth on the training rows alone."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from tempfile import TemporaryDirectory

from textwright.errors import UsageError
from textwright.recipe.file import read_recipe
from textwright.recipe.recipe import Recipe
from textwright.settings import Settings
from textwright.tasks.measures import find_measures
from textwright.text.folds import read_folds
from textwright.text.splits import Splits
from textwright.training.fit import Workplace
from textwright.training.pretrained import Pretrained
from textwright.training.progress import Quiet, RunProgress
from textwright.workflow.given import find_pretrained
from textwright.workflow.train import make_artifact


@dataclass(frozen=True)
class Fold:
    """One training of a cross-validation, scored on the rows it did not see.

    trained_rows: learned from; dev is not among them. rows: scored.
    metrics:      every score of the fold; with ``baseline``, the first metric of what a model
                  is held against, such as the accuracy of the n-gram linear model (not beside
                  itself), and ``majority``, the accuracy of the commonest label.
    """

    trained_rows: int
    rows: int
    metrics: Mapping[str, float]
    seconds: float


@dataclass(frozen=True)
class CrossValidation:
    """All folds of a cross-validation, with what they have in common."""

    model: str
    folds: tuple[Fold, ...]
    seconds: float

    @property
    def mean(self) -> dict[str, float]:
        """Mean of each score that every fold has."""
        return {name: fmean(values) for name, values in self.scores.items()}

    @property
    def deviation(self) -> dict[str, float]:
        """Standard deviation of each score over the folds (divisor: folds less one).

        No standard error of the mean: the folds share training rows (Bengio and Grandvalet 2004).
        """
        return {name: stdev(values) for name, values in self.scores.items()}

    @property
    def scores(self) -> dict[str, list[float]]:
        """Each score that every fold has, fold by fold."""
        tables = [each.metrics for each in self.folds]
        names = [name for name in tables[0] if all(name in table for table in tables)]
        return {name: [table[name] for table in tables] for name in names}


def cross_validate(
    recipe: Recipe | Path | str,
    *,
    folds: int = 5,
    overrides: Iterable[str] = (),
    settings: Settings | None = None,
    progress: RunProgress | None = None,
) -> CrossValidation:
    """Train a recipe on all but one fold of its training rows, and score it on that one, in turn.

    Each training is what ``train`` would do, the fold in place of the test file, which is never
    opened. Nothing is registered, recorded or kept.
    settings: where ``helpdesk@1`` is looked for; found when left out.
    Raises UsageError for fewer than two folds, else as ``train`` and ``read_folds`` do.
    """
    if folds < 2:
        raise UsageError(f"{folds} folds are none to hold out.", "Take 2 or more, such as 5.")
    if not isinstance(recipe, Recipe):
        recipe = read_recipe(recipe, overrides)
    find_measures(recipe.task)
    progress = progress or Quiet()
    started = time.perf_counter()
    progress.stage("reading")
    pretrained = find_pretrained(recipe, settings)
    done = []
    for number, splits in enumerate(read_folds(recipe.data, folds, recipe.form), start=1):
        progress.stage(f"fold {number} of {folds}")
        done.append(train_fold(recipe, splits, pretrained, progress))
    return CrossValidation(recipe.name, tuple(done), time.perf_counter() - started)


def train_fold(
    recipe: Recipe, splits: Splits, pretrained: Pretrained | None, progress: RunProgress
) -> Fold:
    """Train on a fold's rest and score its rows, in a folder that is taken away again."""
    assert splits.test is not None
    with TemporaryDirectory(prefix="textwright-") as folder:
        place = Workplace(
            Path(folder) / "artifact", Path(folder) / "checkpoints", pretrained=pretrained
        )
        place.checkpoints.mkdir()
        started = time.perf_counter()
        made = make_artifact(recipe, splits, place, progress, started=started)
    report = made.measured.report
    scores = dict(report["test"])
    if "majority" in report:
        scores["majority"] = report["majority"]
    if "baseline" in report:
        metric = find_measures(recipe.task).headline(made.answerer.labels)
        scores["baseline"] = report["baseline"][metric]
    return Fold(
        trained_rows=len(splits.train.examples),
        rows=len(splits.test.examples),
        metrics={name: each for name, each in scores.items() if isinstance(each, float)},
        seconds=made.seconds,
    )
