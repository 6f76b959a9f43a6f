"""Give a version to others: as a plain folder, or to an MLflow server."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textwright.errors import MissingExtraError, RefusedError, UsageError
from textwright.lifecycle.registry import find_version
from textwright.lifecycle.rollout import read_deployment
from textwright.lifecycle.tables import Run
from textwright.manifest import address_of, check_files, read_manifest
from textwright.settings import Settings
from textwright.workflow.opening import open_keep

FOLDER = "model"  # where in an MLflow run the artifact lies


def export_folder(reference: str, target: Path, *, settings: Settings | None = None) -> str:
    """Copy a version's artifact into a new folder, check every byte, and give its address.

    Raises UsageError when the folder exists and is not empty.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{target} is not empty.", "Name a folder that does not exist yet.")
    with open_keep(settings) as keep:
        with keep.sessions() as session:
            address = find_version(session, reference).artifact
        shutil.copytree(keep.store.folder(address), target, dirs_exist_ok=True)
    check_files(target, read_manifest(target))
    if address_of(target) != address:
        raise RefusedError(f"{target} was changed while it was copied.", "Export it again.")
    return address


@dataclass(frozen=True)
class Exported:
    """Where a version went on an MLflow server.

    version: its number there. alias: ``production`` or ``candidate`` if it is that here, or "".
    """

    uri: str
    model: str
    version: str
    run: str
    alias: str


def export_mlflow(reference: str, uri: str, *, settings: Settings | None = None) -> Exported:
    """Register a version on an MLflow server: artifact, metrics, parameters, tags, alias.

    The digests go along as tags, so that what is there can be told to be what is here.
    Raises MissingExtraError without MLflow, RefusedError when the server does not take it.
    """
    try:
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException
    except ImportError as error:
        raise MissingExtraError(
            "Exporting to MLflow needs its package.", "pip install 'textwright[mlflow]'"
        ) from error
    told = describe(reference, settings)
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    try:
        return send(client, told, uri)
    except MlflowException as error:
        what = f"MLflow at {uri} refused {told.name}: {str(error).splitlines()[0]}"
        raise RefusedError(what, "Nothing here was changed. Look at the server's log.") from error


@dataclass(frozen=True)
class Told:
    """What is told of a version."""

    name: str
    model: str
    folder: Path
    metrics: dict[str, float]
    tags: dict[str, str]
    alias: str


def describe(reference: str, settings: Settings | None) -> Told:
    """Collect what an MLflow server is told of a version."""
    with open_keep(settings) as keep, keep.sessions() as session:
        version = find_version(session, reference)
        deployment = read_deployment(session, version.model.name)
        run = session.get(Run, version.run_id) if version.run_id is not None else None
        tags = {"version": version.name, "artifact": version.artifact}
        if run is not None:
            tags |= {f"data.{part}": digest for part, digest in run.datasets.items()}
            tags |= {"seed": str(run.seed), "code": run.code or "", "lock": run.lock or ""}
        places = {"production": deployment.stable, "candidate": deployment.candidate}
        return Told(
            name=version.name,
            model=version.model.name,
            folder=keep.store.folder(version.artifact),
            metrics={name: value for name, value in version.scores.items() if value is not None},
            tags={f"textwright.{name}": value for name, value in tags.items() if value},
            alias=next((name for name, at in places.items() if at == version.number), ""),
        )


def send(client: Any, told: Told, uri: str) -> Exported:
    """Create a run with everything in it, and a model version of that run."""
    experiment = client.get_experiment_by_name(told.model)
    number = experiment.experiment_id if experiment else client.create_experiment(told.model)
    run = client.create_run(number, run_name=told.name, tags=told.tags).info.run_id
    for name, value in told.metrics.items():
        client.log_metric(run, name, value)
    client.log_artifacts(run, str(told.folder), FOLDER)
    client.set_terminated(run)
    if not client.search_registered_models(f"name = '{told.model}'"):
        client.create_registered_model(told.model)
    source = f"runs:/{run}/{FOLDER}"
    made = client.create_model_version(told.model, source, run_id=run, tags=told.tags)
    if told.alias:
        client.set_registered_model_alias(told.model, told.alias, made.version)
    return Exported(uri, told.model, str(made.version), run, told.alias)
