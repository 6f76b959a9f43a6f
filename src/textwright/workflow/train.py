"""Train, measure, seal, register and gate a version in one go."""

import shutil
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from textwright.errors import RefusedError
from textwright.lifecycle.database import Sessions, open_database
from textwright.lifecycle.datasets import add_run_datasets
from textwright.lifecycle.evidence import add_evidence, read_evidence, record_verdicts
from textwright.lifecycle.gates import Verdict, judge
from textwright.lifecycle.gc import keep_artifact
from textwright.lifecycle.held_out import add_held_out
from textwright.lifecycle.registry import (
    NewRun,
    NewVersion,
    add_version,
    fail_run,
    finish_run,
    list_running,
    start_run,
)
from textwright.lifecycle.remote import open_store
from textwright.machine import current_user
from textwright.monitoring.profile import make_profile
from textwright.recipe.file import read_recipe, recipe_text
from textwright.recipe.recipe import Recipe
from textwright.runtime.answer import Answerer
from textwright.settings import Settings, find_settings
from textwright.tasks.measures import find_measures
from textwright.text.splits import Splits
from textwright.training.comparison import Scored
from textwright.training.evaluate import ask, inputs_of
from textwright.training.fit import Fitted, Workplace, fit
from textwright.training.history import EpochRecord
from textwright.training.measure import (
    Measured,
    calibrate_answerer,
    complete_artifact,
    measure,
)
from textwright.training.progress import Quiet, RunProgress
from textwright.workflow.evidence import (
    Against,
    Production,
    find_production,
    measure_against,
    measure_alone,
)
from textwright.workflow.given import Given, name_datasets, read_given
from textwright.workflow.records import move_records, write_records
from textwright.workflow.runs import describe_run

SMOKE = "Hello, 你好"  # every artifact must answer this before it is kept


@dataclass(frozen=True)
class TrainOptions:
    """How to train, apart from what.

    resume:   go on with the newest unfinished run of the same recipe and data.
    register: make the artifact the next version of its model.
    actor:    who asks; stands on every event.
    """

    resume: bool = False
    register: bool = True
    actor: str = field(default_factory=current_user)
    progress: RunProgress = field(default_factory=Quiet)


@dataclass(frozen=True)
class TrainedVersion:
    """What a training left.

    number:   of the version; None when it was not registered.
    new:      False when the model had this very artifact already.
    artifact: address of the artifact, which lies in ``folder``.
    records:  folder of the held-out answers and pictures.
    seconds:  spent reading, training and exporting; ``total_seconds`` with measuring.
    report:   the content of ``metrics.json``.
    """

    model: str
    number: int | None
    new: bool
    artifact: str
    folder: Path
    records: Path
    run: int
    seconds: float
    total_seconds: float
    report: Mapping[str, Any]
    verdicts: tuple[Verdict, ...]
    epochs: tuple[EpochRecord, ...]
    export_difference: float

    @property
    def name(self) -> str:
        """Model and number, as in ``intents@3``; only the model when it was not registered."""
        return self.model if self.number is None else f"{self.model}@{self.number}"

    @property
    def metrics(self) -> Mapping[str, Any]:
        """Scores on the test set; empty without one."""
        found: Mapping[str, Any] = self.report.get("test", {})
        return found


def train(
    recipe: Recipe | Path | str,
    *,
    overrides: Iterable[str] = (),
    settings: Settings | None = None,
    options: TrainOptions | None = None,
) -> TrainedVersion:
    """Train a version as a recipe says, measure it, register it and judge its gates.

    recipe:    a recipe, or the path of its file; ``overrides`` apply to a file.
    settings:  where things are kept; found, or made in the working folder, when left out.
    Raises RecipeError, DataError and their like before any training; a run that fails later is
    recorded as failed. Killed at any moment, it leaves no version, only an unfinished run that
    ``verify`` names and ``resume`` goes on with.
    """
    options = options or TrainOptions()
    if not isinstance(recipe, Recipe):
        recipe = read_recipe(recipe, overrides)
    find_measures(recipe.task)  # first of all, so that nothing is read in vain
    settings = settings or find_settings(create=True)
    options.progress.stage("reading")
    started = time.perf_counter()
    given = read_given(recipe, settings)
    return train_on(recipe, given, settings=settings, options=options, started=started)


def train_on(
    recipe: Recipe,
    given: Given,
    *,
    settings: Settings,
    options: TrainOptions,
    started: float,
) -> TrainedVersion:
    """Train on what was read already; ``started`` is when reading began."""
    sessions = open_database(settings.database, create=True)
    try:
        run, folder = begin_run(sessions, recipe, given, settings, options)
        try:
            return finish(sessions, Job(recipe, given, settings, options, run, folder, started))
        except Exception as error:
            with sessions.begin() as session:
                fail_run(session, run, actor=options.actor, reason=str(error).splitlines()[0])
            shutil.rmtree(folder, ignore_errors=True)
            raise
    finally:
        sessions.close()


@dataclass(frozen=True)
class Job:
    """One run at work: what it trains, on what, where, and since when."""

    recipe: Recipe
    given: Given
    settings: Settings
    options: TrainOptions
    run: int
    folder: Path
    started: float

    @property
    def splits(self) -> Splits:
        """The data it trains on."""
        return self.given.splits


def begin_run(
    sessions: Sessions, recipe: Recipe, given: Given, settings: Settings, options: TrainOptions
) -> tuple[int, Path]:
    """Record a new run and make its folder, or find the unfinished one to go on with.

    Raises RefusedError when there is none to resume.
    """
    new = describe_run(recipe_text(recipe), given.digests(), recipe.training.seed)
    with sessions.begin() as session:
        if options.resume:
            return find_unfinished(session, recipe.name, new)
        folder = settings.runs / f"{recipe.name}-{time.time_ns():x}"
        run = start_run(session, recipe.name, replace(new, folder=str(folder)), actor=options.actor)
        add_run_datasets(session, run, name_datasets(given.splits))
        folder.mkdir(parents=True)
        return run.id, folder


def find_unfinished(session: Session, model: str, new: NewRun) -> tuple[int, Path]:
    """Find the newest unfinished run of the same recipe and data whose folder is still there."""
    for run in reversed(list_running(session, model)):
        same = run.recipe == new.recipe and run.datasets == dict(new.datasets)
        if same and Path(run.folder).is_dir():
            return run.id, Path(run.folder)
    raise RefusedError(
        f"There is no unfinished run of {model!r} with this recipe and data.",
        "Train without --resume; a changed recipe or data set starts a new run.",
    )


@dataclass(frozen=True)
class Made:
    """An artifact that was trained, measured and sealed, not yet registered."""

    fitted: Fitted
    measured: Measured
    answerer: Answerer
    address: str
    seconds: float


def make_artifact(
    recipe: Recipe, splits: Splits, place: Workplace, progress: RunProgress, *, started: float
) -> Made:
    """Train, measure and seal an artifact in the folder of a workplace; nothing is recorded.

    Raises DataError for data that nothing can be learned from, RefusedError for a model whose
    answers are no numbers.
    """
    progress.stage("training")
    fitted = fit(recipe, splits, place, progress)
    seconds = time.perf_counter() - started
    progress.stage("measuring")
    answerer = calibrate_answerer(recipe, splits.dev, place.folder)
    measured = measure(recipe, splits, answerer)
    measured.report.update(fitted.built_on)
    profile = profile_of(splits, measured, answerer)
    address = complete_artifact(recipe, measured.report, profile, place.folder)
    check_answers(answerer)
    return Made(fitted, measured, answerer, address, seconds)


def finish(sessions: Sessions, job: Job) -> TrainedVersion:
    """Do everything of a run after its start: train, measure, seal, register, gate."""
    progress = job.options.progress
    place = Workplace(
        job.folder / "artifact",
        job.folder / "checkpoints",
        resume=job.options.resume,
        pretrained=job.given.pretrained,
        states=job.settings.states,
    )
    made = make_artifact(job.recipe, job.splits, place, progress, started=job.started)
    folder = job.folder / "records"
    written = write_records(folder, job.splits, made.fitted, made.measured.test, made.answerer)
    production, evidence = gather_evidence(sessions, job, made)
    progress.stage("registering")
    return register(sessions, job, Result(made, written, evidence, production))


def gather_evidence(
    sessions: Sessions, job: Job, made: Made
) -> tuple[Production | None, dict[str, Any]]:
    """Measure what gates ask for besides the report, against the production of this moment."""
    with sessions() as session:
        production = find_production(session, job.recipe.name)
    measured, answerer = made.measured, made.answerer
    if job.splits.test is None or measured.test is None or not job.options.register:
        return production, {}
    examples = job.splits.test.examples
    ours = Scored(measured.test.scores, answerer.labels)
    store = open_store(job.settings.artifacts, job.settings.cache)
    compared = measure_against(Against(store, production, job.recipe), ours, examples)
    return production, {**measure_alone(answerer, examples), "comparison": compared}


def profile_of(splits: Splits, measured: Measured, answerer: Answerer) -> dict[str, Any]:
    """Profile the held-out rows: of the test set, or of dev where there is none."""
    held = splits.test or splits.dev
    scores = measured.test.scores if measured.test else ask(answerer, held.examples)
    return make_profile(inputs_of(answerer, held.examples), scores, answerer.labels.names)


def check_answers(answerer: Answerer) -> None:
    """Refuse a model whose answer to a plain text is no number."""
    outputs = answerer.outputs([answerer.as_input(SMOKE)])
    if outputs.dtype != object and not np.isfinite(outputs).all():
        raise RefusedError(
            "The trained model answers with numbers that are none.",
            "Lower training.learning_rate, or look for texts that are not text in the data.",
        )


@dataclass(frozen=True)
class Result:
    """What a run made and found out.

    written:    rows of each record that can be erased, by its name.
    evidence:   what was measured besides the report, by kind.
    production: the version that it was held against; None: there was none.
    """

    made: Made
    written: Mapping[str, int]
    evidence: Mapping[str, Any]
    production: Production | None


def register(sessions: Sessions, job: Job, result: Result) -> TrainedVersion:
    """Move the artifact and the records in, then write version, evidence and verdicts at once.

    The database comes last: killed before, the store holds a stray that ``verify`` names;
    killed after, the version is whole.
    """
    made = result.made
    store = open_store(job.settings.artifacts, job.settings.cache)
    keep_artifact(sessions, store, job.folder / "artifact")
    records = move_records(job.folder / "records", job.settings.records / made.address)
    report, actor = made.measured.report, job.options.actor
    number, new, verdicts = None, False, list[Verdict]()
    with sessions.begin() as session:
        finish_run(session, job.run, actor=actor, seconds=made.seconds, artifact=made.address)
        days = job.settings.retention_days
        add_held_out(session, made.address, records, result.written, days=days)
        if job.options.register:
            candidate = candidate_of(job, result)
            version, new = add_version(session, job.recipe.name, candidate, actor=actor)
            for kind, content in {"report": report, **result.evidence}.items():
                add_evidence(session, version, kind, content, actor=actor)
            verdicts = judge(job.recipe.gates, read_evidence(session, version))
            record_verdicts(session, version, verdicts, actor=actor)
            number = version.number
    shutil.rmtree(job.folder, ignore_errors=True)
    return TrainedVersion(
        model=job.recipe.name,
        number=number,
        new=new,
        artifact=made.address,
        folder=store.folder(made.address),
        records=records,
        run=job.run,
        seconds=made.seconds,
        total_seconds=time.perf_counter() - job.started,
        report=report,
        verdicts=tuple(verdicts),
        epochs=made.fitted.epochs,
        export_difference=made.fitted.export_difference,
    )


def candidate_of(job: Job, result: Result) -> NewVersion:
    """Give what is registered of a run; its parent is what was in production."""
    report = result.made.measured.report
    return NewVersion(
        artifact=result.made.address,
        run=job.run,
        scores=flat_scores(report.get("test", {})),
        evaluated="test" in report,
        parent=None if result.production is None else result.production.id,
    )


def flat_scores(test: Mapping[str, Any]) -> dict[str, float | None]:
    """Give every single number of a report, which gates may name."""
    return {
        name: float(value)
        for name, value in test.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
