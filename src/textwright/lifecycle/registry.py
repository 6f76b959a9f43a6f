"""Models, the runs that train them, and their versions."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from textwright.errors import RefusedError, UnknownNameError, UsageError, unknown_name
from textwright.lifecycle.journal import append_event, finite, lock_head
from textwright.lifecycle.pointer import VIEWS
from textwright.lifecycle.tables import Deployment, Model, Run, Version, utc_now
from textwright.manifest import canonical_json
from textwright.recipe.file import MODEL_NAME


@dataclass(frozen=True)
class NewRun:
    """What a training depends on, and where it runs.

    datasets: digest of the rows by split.
    folder:   of its checkpoints, to resume from; empty when it keeps none.
    code:     version or commit of the program; None where unknown.
    lock:     SHA-256 over the names and versions of every distribution installed.
    """

    recipe: str
    datasets: Mapping[str, str]
    seed: int
    machine: Mapping[str, str | int | float]
    libraries: Mapping[str, str]
    folder: str = ""
    code: str | None = None
    lock: str | None = None


@dataclass(frozen=True)
class NewVersion:
    """An artifact to register, with what was measured of it.

    artifact:  its address; the caller has seen that the store holds it.
    run:       id of the run that left it; None when it comes from elsewhere.
    scores:    each metric's value on the test set; None or NaN where undefined.
    evaluated: whether there was a test set; without one it is never promoted.
    parent:    id of the version it was trained on from, or that was in production when it was
               trained; None: neither.
    """

    artifact: str
    run: int | None
    scores: Mapping[str, float | None]
    evaluated: bool
    parent: int | None = None


def add_model(session: Session, name: str, *, actor: str) -> Model:
    """Give the model of that name, which is added with an idle deployment if it is new.

    Raises UsageError when the name is none that a model may have.
    """
    if not MODEL_NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no name for a model.",
            "Use 1 to 64 small letters, digits, - and _, the first one a letter or digit.",
        )
    lock_head(session)
    model = session.scalar(select(Model).where(Model.name == name))
    if model is None:
        model = Model(name=name, newest=0)
        session.add(model)
        session.flush()  # gives model.id
        session.add(Deployment(model_id=model.id))
        append_event(session, "model_added", actor=actor, subject=name)
    return model


def find_model(session: Session, name: str) -> Model:
    """Give the model of that name; raises UnknownNameError with the nearest one."""
    model = session.scalar(select(Model).where(Model.name == name))
    if model is None:
        raise unknown_name("model", name, session.scalars(select(Model.name)))
    return model


def start_run(session: Session, model: str, new: NewRun, *, actor: str) -> Run:
    """Record that a training begins; the model is added if it is new."""
    lock_head(session)
    run = Run(
        model=add_model(session, model, actor=actor),
        state="running",
        recipe=new.recipe,
        datasets=dict(new.datasets),
        seed=new.seed,
        machine=dict(new.machine),
        libraries=dict(new.libraries),
        folder=new.folder,
        code=new.code,
        lock=new.lock,
    )
    session.add(run)
    session.flush()
    details = {"run": run.id, "digest": digest_run(run)}
    append_event(session, "run_started", actor=actor, subject=model, details=details)
    return run


def digest_run(run: Run) -> str:
    """SHA-256 of what a run was given, which the journal keeps for ``verify`` to compare."""
    given = [run.recipe, run.datasets, run.seed, run.machine, run.libraries]
    if run.code is not None or run.lock is not None:  # columns that the first runs had not
        given += [run.code, run.lock]
    return hashlib.sha256(canonical_json(finite(given))).hexdigest()


def finish_run(
    session: Session, run: int, *, actor: str, seconds: float, artifact: str | None
) -> None:
    """Record that a run ended well, and the address of the artifact it left, if it did.

    Raises RefusedError when it had ended before.
    """
    lock_head(session)
    model = end_run(session, run, state="finished", seconds=seconds, artifact=artifact)
    details = {"run": run, "seconds": seconds, "artifact": artifact}
    append_event(session, "run_finished", actor=actor, subject=model, details=details)


def fail_run(session: Session, run: int, *, actor: str, reason: str) -> None:
    """Record that a run ended without an artifact; raises RefusedError when it had ended."""
    lock_head(session)
    model = end_run(session, run, state="failed", error=reason)
    details = {"run": run, "reason": reason}
    append_event(session, "run_failed", actor=actor, subject=model, details=details)


def end_run(session: Session, run: int, **columns: str | float | None) -> str:
    """Set the columns of a run that is running; gives its model's name."""
    ended = session.scalars(
        update(Run)
        .where(Run.id == run, Run.state == "running")
        .values(ended_at=utc_now(), **columns)
        .returning(Run.model_id)
    ).one_or_none()
    if ended is None:
        raise RefusedError(
            f"Run {run} is not running.", "`textwright verify` lists those that are."
        )
    return session.scalars(select(Model.name).where(Model.id == ended)).one()


def list_running(session: Session, model: str | None = None) -> list[Run]:
    """List the runs that began and did not end, oldest first: at work still, or killed."""
    query = select(Run).where(Run.state == "running").order_by(Run.id)
    if model is not None:
        query = query.where(Run.model.has(Model.name == model))
    return list(session.scalars(query))


def add_version(
    session: Session, model: str, new: NewVersion, *, actor: str
) -> tuple[Version, bool]:
    """Record an artifact as the next version of a model; gives it and whether it is new.

    An artifact that the model has already is the version it was. One UPDATE takes the number,
    so two writers never get the same one. Raises UnknownNameError if no model has that name.
    """
    lock_head(session)
    found = find_model(session, model)
    same = session.scalar(
        select(Version).where(Version.model_id == found.id, Version.artifact == new.artifact)
    )
    if same is not None:
        return same, False
    number = session.scalars(
        update(Model)
        .where(Model.id == found.id)
        .values(newest=Model.newest + 1)
        .returning(Model.newest)
    ).one()
    version = Version(
        model=found,
        number=number,
        artifact=new.artifact,
        run_id=new.run,
        evaluated=new.evaluated,
        scores=finite(new.scores),
        parent_id=new.parent,
    )
    session.add(version)
    session.flush()
    append_event(
        session, "registered", actor=actor, subject=version.name, details=describe_version(version)
    )
    return version, True


def describe_version(version: Version) -> dict[str, object]:
    """Give what the journal keeps of a version, for ``verify`` to compare."""
    told: dict[str, object] = {
        "artifact": version.artifact,
        "run": version.run_id,
        "evaluated": version.evaluated,
        "scores": version.scores,
    }
    return told if version.parent_id is None else {**told, "parent": version.parent_id}


def find_version(session: Session, reference: str) -> Version:
    """Give the version that ``intents@3``, ``@production``, ``@candidate`` or ``@latest`` names.

    Raises UnknownNameError with the nearest name, UsageError when nothing stands after the @.
    """
    name, at, wanted = reference.partition("@")
    model = find_model(session, name)
    if not at or not wanted:
        raise UsageError(
            f"{reference!r} names no version.",
            f"Write {name}@3, {', '.join(f'{name}@{view}' for view in VIEWS)}.",
        )
    if wanted.isascii() and wanted.isdigit():
        number: int | None = int(wanted)
    elif wanted in VIEWS:
        number = read_view(session, model, wanted)
    else:
        raise unknown_name(f"version of {name}", wanted, VIEWS)
    if number is None or not 1 <= number <= model.newest:
        raise no_version(model, wanted)
    return session.scalars(
        select(Version).where(Version.model_id == model.id, Version.number == number)
    ).one()


def read_view(session: Session, model: Model, view: str) -> int | None:
    """Give the number behind production, candidate or latest; None where there is none."""
    if view == "latest":
        return model.newest
    column = Deployment.stable if view == "production" else Deployment.candidate
    return session.scalar(select(column).where(Deployment.model_id == model.id))


def no_version(model: Model, wanted: str) -> UnknownNameError:
    """Build the error for a version that a model does not have."""
    if model.newest == 0:
        hint = "Train one: `textwright train RECIPE`."
    elif wanted in VIEWS:
        hint = f"Promote one: `textwright promote {model.name}@{model.newest}`."
    else:
        hint = f"Its newest version is {model.name}@{model.newest}."
    return UnknownNameError(f"There is no version {model.name}@{wanted}.", hint)


def list_models(session: Session, *, after: str = "", limit: int = 100) -> list[Model]:
    """Models by name, at most ``limit``; ``after`` is the last name of the page before."""
    query = select(Model).where(Model.name > after).order_by(Model.name).limit(limit)
    return list(session.scalars(query))


def list_versions(
    session: Session, model: str, *, before: int | None = None, limit: int = 100
) -> list[Version]:
    """Versions of a model, newest first; ``before`` is the last number of the page before.

    Raises UnknownNameError if no model has that name.
    """
    found = find_model(session, model)
    query = select(Version).where(Version.model_id == found.id)
    if before is not None:
        query = query.where(Version.number < before)
    return list(session.scalars(query.order_by(Version.number.desc()).limit(limit)))
