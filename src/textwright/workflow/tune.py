"""Search for better settings of a recipe, and write the best recipe out."""

import fcntl
import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textwright.errors import DataError, MissingExtraError, RefusedError, SettingsError, UsageError
from textwright.recipe.file import override, read_recipe, read_toml, recipe_table, recipe_text
from textwright.recipe.recipe import Recipe
from textwright.recipe.tune import TuneSettings, default_space
from textwright.settings import Settings, find_settings
from textwright.tasks.measures import find_measures
from textwright.training.fit import portable
from textwright.training.plots import plot_importance, plot_search
from textwright.training.progress import Quiet, RunProgress
from textwright.training.trial import Searched, Trial, find_best
from textwright.workflow.given import read_given

if TYPE_CHECKING:
    from textwright.training.tune import Search  # imports Optuna


@dataclass(frozen=True)
class TuneOptions:
    """How long to search.

    trials:    to be there in the end, the recipe as written and those of an earlier, killed
               search included.
    timeout_s: after so many seconds no trial begins; None: no limit.
    """

    trials: int = 20
    timeout_s: float | None = None
    progress: RunProgress = field(default_factory=Quiet)


@dataclass(frozen=True)
class Tuned:
    """What a search found.

    metric:   dev score that decided; less is better if ``smaller``.
    trials:   all of them, the recipe as written first; ``resumed`` were there already.
    best:     the trial with the best score.
    settings: of each setting searched: its value as written, and in the best trial.
    importance: how much of the scores' variance each explains by itself; empty: not known.
    recipe:   file of the best recipe.
    folder:   where the trials are kept; without it the search begins anew.
    """

    model: str
    metric: str
    smaller: bool
    trials: tuple[Trial, ...]
    resumed: int
    best: Trial
    settings: Mapping[str, tuple[Any, Any]]
    importance: Mapping[str, float]
    recipe: Path
    folder: Path
    seconds: float

    @property
    def history(self) -> Path:
        """Picture of the scores, beside the recipe."""
        return self.recipe.with_suffix(".history.png")

    @property
    def what_mattered(self) -> Path:
        """Picture of the importance, beside the recipe; drawn where it is known."""
        return self.recipe.with_suffix(".importance.png")

    @property
    def changed(self) -> dict[str, Any]:
        """The settings in which the best recipe differs from the one that was given."""
        return {name: best for name, (written, best) in self.settings.items() if best != written}


def tune(
    recipe: Recipe | Path | str,
    *,
    overrides: Iterable[str] = (),
    settings: Settings | None = None,
    options: TuneOptions | None = None,
) -> Tuned:
    """Search for the settings that score best on the dev rows, and write that recipe out.

    recipe: a recipe, or the path of its file; ``overrides`` apply to a file. The best one goes
            beside the file, as ``NAME.tuned.toml`` (for a recipe, into the working folder), with
            the history and what mattered as PNG.
    The recipe as written is the first trial, so the best is no worse on dev. The test file is
    never opened, no version is made. The same call goes on after a kill; with another recipe,
    data set or space it begins anew.
    Raises as ``train`` does; RefusedError while another process is at the same search.
    """
    options = options or TuneOptions()
    check_options(options)
    from textwright.training.tune import search

    began = time.perf_counter()
    source = read_source(recipe, overrides)
    settings = settings or find_settings(create=True)
    options.progress.stage("reading")
    job = make_search(source.recipe, settings)
    with hold(job.folder):
        found = search(job, options.progress, trials=options.trials, timeout_s=options.timeout_s)
    tuned = settle(job, found, source.file, seconds=time.perf_counter() - began)
    write_tuned(tuned, source)
    return tuned


def check_options(options: TuneOptions) -> None:
    """Refuse a search of nothing, and one without Optuna."""
    if options.trials < 1:
        raise UsageError(f"{options.trials} trials try nothing.", "Take 1 or more, such as 20.")
    if find_spec("optuna") is None:
        hint = "Install what learning needs: pip install 'textwright[train]'"
        raise MissingExtraError("Tuning needs optuna.", hint)


@dataclass(frozen=True)
class Source:
    """The recipe that is searched, its tables as they were written, and its file."""

    recipe: Recipe
    table: dict[str, Any]
    file: Path


def read_source(recipe: Recipe | Path | str, overrides: Iterable[str]) -> Source:
    """Read a recipe; one that has no file is taken to lie in the working folder."""
    if isinstance(recipe, Recipe):
        return Source(recipe, recipe_table(recipe), Path(f"{recipe.name}.toml"))
    table = override(read_toml(Path(recipe)), overrides)
    return Source(read_recipe(recipe, overrides), table, Path(recipe))


def make_search(recipe: Recipe, settings: Settings) -> "Search":
    """Read all that a search depends on, and name its folder for it.

    Raises DataError without dev rows.
    """
    from textwright.training.tune import Search

    measures = find_measures(recipe.task)
    given = read_given(recipe, settings, test=False)
    if not given.splits.dev.examples:
        what = "There are no dev rows to score the trials on."
        raise DataError(what, "Name a dev file, or write dev = {share = 0.1} in [data].")
    chosen = recipe.tune or TuneSettings()
    space = chosen.space or default_space(recipe.tuned_sections, recipe.task)
    labels = measures.find_labels(given.splits.train.examples, recipe)
    whole = replace(portable(recipe), tune=replace(chosen, space=dict(space)))
    mark = hashlib.sha256(f"{recipe_text(whole)}{sorted(given.digests().items())}".encode())
    return Search(
        recipe=recipe,
        space=space,
        metric=measures.headline(labels) if chosen.metric == "auto" else chosen.metric,
        pruning=chosen.pruning,
        splits=given.splits,
        pretrained=given.pretrained,
        folder=settings.searches / f"{recipe.name}-{mark.hexdigest()[:16]}",
        states=settings.states,
    )


def settle(job: "Search", found: Searched, file: Path, *, seconds: float) -> Tuned:
    """Choose the best trial of a search for the recipe in ``file``."""
    best = find_best(found.trials, smaller=job.smaller)
    written = {name: job.written(name) for name in job.space}
    return Tuned(
        model=job.recipe.name,
        metric=job.metric,
        smaller=job.smaller,
        trials=found.trials,
        resumed=found.resumed,
        best=best,
        settings={name: (each, best.values.get(name, each)) for name, each in written.items()},
        importance=found.importance,
        recipe=file.with_name(f"{file.stem}.tuned.toml"),
        folder=job.folder,
        seconds=seconds,
    )


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Make the folder of a search, and keep others out of it while this process is there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("w")
    except OSError as error:
        hint = "Choose a folder you may write to with TEXTWRIGHT_HOME."
        raise SettingsError(f"{folder} cannot be made: {error.strerror}.", hint) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            what = "Another process is at this very search."
            raise RefusedError(what, "Wait for it, or stop it: this one then goes on.") from error
        yield


def write_tuned(tuned: Tuned, source: Source) -> None:
    """Write the best recipe, with only the changed settings changed, and the pictures."""
    import tomli_w

    for name, value in tuned.changed.items():
        section, _, key = name.partition(".")
        source.table.setdefault(section, {})[key] = value
    try:
        tuned.recipe.write_text(tomli_w.dumps(source.table), encoding="utf-8")
    except OSError as error:
        what = f"{tuned.recipe} cannot be written: {error.strerror}."
        raise SettingsError(what, "Mend that; the same command then writes it at once.") from error
    scores = [each.score for each in tuned.trials]
    plot_search(scores, tuned.metric, tuned.history, smaller=tuned.smaller)
    if tuned.importance:
        plot_importance(tuned.importance, tuned.what_mattered)
