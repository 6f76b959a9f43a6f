"""Train a version again from its record, and say whether the same artifact comes out."""

import time
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from textwright.errors import RefusedError, TextwrightError
from textwright.lifecycle.registry import find_version
from textwright.lifecycle.rollout import read_deployment
from textwright.lifecycle.tables import Run
from textwright.machine import code_version, describe_machine, library_versions, lock_digest
from textwright.manifest import NAME, Manifest, parse_manifest
from textwright.recipe.file import check_recipe
from textwright.recipe.recipe import Recipe
from textwright.runtime.artifact import check_answers
from textwright.settings import Settings
from textwright.training.fit import Workplace
from textwright.training.progress import Quiet, RunProgress
from textwright.workflow.given import Given, read_given
from textwright.workflow.opening import Keep, open_keep
from textwright.workflow.train import TrainedVersion, TrainOptions, make_artifact, train


@dataclass(frozen=True)
class Difference:
    """Something that is not as it was recorded.

    kind: data, library, machine, code, or file of the artifact.
    """

    kind: str
    name: str
    recorded: str
    found: str


@dataclass(frozen=True)
class Reproduction:
    """What came of training a version again.

    equal:       the same artifact came out, bit for bit.
    found:       its address; empty when it could not be trained.
    differences: what is not as it was, also where that made no difference to the artifact.
    """

    version: str
    equal: bool
    recorded: str
    found: str
    differences: tuple[Difference, ...]
    seconds: float


@dataclass(frozen=True)
class Record:
    """What is known of how a version was made."""

    name: str
    artifact: str
    recipe: Recipe
    run: Run
    manifest: Manifest


def reproduce(
    reference: str, *, settings: Settings | None = None, progress: RunProgress | None = None
) -> Reproduction:
    """Train ``intents@3`` again from its record, beside everything kept, and compare.

    The recipe, its data root and its seed come from the run's row; the data from where it lay.
    Nothing is registered. Raises UnknownNameError for an unknown version, RefusedError for one
    without a run, ArtifactError when its own artifact is damaged.
    """
    started = time.perf_counter()
    with open_keep(settings) as keep:
        record = read_record(keep, reference)
    around = list(differing_surroundings(record.run))
    given, missing = read_data(record, settings)
    if given is None or missing:
        seconds = time.perf_counter() - started
        differences = (*missing, *around)
        return Reproduction(record.name, False, record.artifact, "", differences, seconds)
    with TemporaryDirectory(prefix="textwright-") as folder:
        place = Workplace(
            Path(folder) / "artifact", Path(folder) / "checkpoints", pretrained=given.pretrained
        )
        place.checkpoints.mkdir()
        progress = progress or Quiet()
        made = make_artifact(record.recipe, given.splits, place, progress, started=started)
        manifest = parse_manifest((place.folder / NAME).read_bytes(), place.folder)
    files = tuple(differing_files(record.manifest, manifest))
    return Reproduction(
        version=record.name,
        equal=made.address == record.artifact,
        recorded=record.artifact,
        found=made.address,
        differences=(*files, *around),
        seconds=time.perf_counter() - started,
    )


def read_record(keep: Keep, reference: str) -> Record:
    """Read how a version was made."""
    with keep.sessions() as session:
        version = find_version(session, reference)
        run = session.get(Run, version.run_id) if version.run_id is not None else None
        name, artifact = version.name, version.artifact
        if run is None:
            raise RefusedError(
                f"There is no record of how {name} was trained.",
                "It was registered from a folder; train its recipe.toml by hand.",
            )
        session.expunge(run)
    folder = keep.store.folder(artifact)
    manifest = parse_manifest((folder / NAME).read_bytes(), folder)
    check_answers(manifest, name)
    return Record(name, artifact, check_recipe(tomllib.loads(run.recipe)), run, manifest)


def read_data(record: Record, settings: Settings | None) -> tuple[Given | None, list[Difference]]:
    """Read what a run was given from where it lay; gives also what of it is gone or was changed."""
    try:
        given = read_given(record.recipe, settings)
    except TextwrightError as error:
        return None, [Difference("data", "files", "read", f"gone or unreadable: {error.what}")]
    return given, list(differing("data", record.run.datasets, given.digests()))


def differing_surroundings(run: Run) -> Iterator[Difference]:
    """Name libraries, machine and code that are not those of a run."""
    yield from differing("library", run.libraries, library_versions())
    machine = describe_machine()
    names = ("processor", "cores", "python")
    yield from differing(
        "machine", {name: run.machine.get(name) for name in names}, {n: machine[n] for n in names}
    )
    if run.code is not None:
        yield from differing("code", {"textwright": run.code}, {"textwright": code_version()})
    if run.lock is not None:
        yield from differing("library", {"all of them": run.lock}, {"all of them": lock_digest()})


def differing_files(recorded: Manifest, found: Manifest) -> Iterator[Difference]:
    """Name the files of two artifacts that are not the same."""
    before, after = ({each.name: each.sha256 for each in one.files} for one in (recorded, found))
    yield from differing("file", before, after)


def differing(
    kind: str, recorded: Mapping[str, object], found: Mapping[str, object]
) -> Iterator[Difference]:
    """Name what two tables do not agree on."""
    for name in sorted(recorded.keys() | found.keys()):
        before, after = recorded.get(name, "none"), found.get(name, "none")
        if before != after:
            yield Difference(kind, name, str(before), str(after))


def retrain(
    model: str, *, settings: Settings | None = None, options: TrainOptions | None = None
) -> TrainedVersion:
    """Train the recipe of the version in production again, on what its data files hold today.

    Raises UnknownNameError for an unknown model, RefusedError when nothing is in production.
    """
    with open_keep(settings) as keep:
        with keep.sessions() as session:
            stable = read_deployment(session, model).stable
        if stable is None:
            raise RefusedError(
                f"No version of {model} is in production.",
                f"Promote one, or train its recipe: `textwright versions {model}`.",
            )
        recipe = read_record(keep, f"{model}@{stable}").recipe
        settings = keep.settings
    return train(recipe, settings=settings, options=options)
