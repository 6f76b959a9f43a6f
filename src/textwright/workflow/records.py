"""Records beside an artifact: held-out texts with answers, digests of training rows, pictures.

Nothing of an artifact refers to them, so they can be erased.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textwright.errors import RefusedError, UsageError
from textwright.lifecycle import held_out, rows
from textwright.lifecycle.held_out import Erased
from textwright.lifecycle.registry import find_version
from textwright.lifecycle.tables import utc_now
from textwright.machine import current_user
from textwright.runtime.answer import Answerer
from textwright.settings import Settings
from textwright.text.splits import Splits
from textwright.training import answers
from textwright.training.answers import HeldOut, read_answers, write_answers
from textwright.training.evaluate import Evaluation
from textwright.training.fit import Fitted
from textwright.training.pictures import draw_run
from textwright.workflow.opening import Keep, open_keep


def write_records(
    folder: Path, splits: Splits, fitted: Fitted, test: Evaluation | None, answerer: Answerer
) -> dict[str, int]:
    """Write the records of a run; gives the rows of each file that can be erased, by its name."""
    task, labels = answerer.artifact.recipe.task, answerer.labels
    folder.mkdir(exist_ok=True)
    digests = (each.digest for each in splits.train.examples)
    written = {rows.NAME: rows.write_rows(folder / rows.NAME, digests)}
    drawn = None
    if splits.test is not None and test is not None:
        drawn = (splits.test, test)
        written[answers.NAME] = write_answers(task, *drawn, labels, folder / answers.NAME)
    draw_run(fitted.epochs, drawn, labels.names, folder)
    return written


def move_records(source: Path, target: Path) -> Path:
    """Put a run's records where its artifact's are kept; those of an equal run are replaced."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    source.rename(target)
    return target


def read_held_out(keep: Keep, name: str, address: str) -> list[HeldOut]:
    """Read the test rows and answers of a version.

    Raises RefusedError saying when they were erased, or that they are not here.
    """
    found = read_answers(keep.settings.records / address / answers.NAME)
    if found:
        return found
    with keep.sessions() as session:
        known = {each.path: each for each in held_out.list_held_out(session, address)}
    row = known.get(answers.NAME)
    if row is not None and row.erased_at is not None:
        what = f"The {row.rows:,} held-out texts of {name} were erased on {row.erased_at:%Y-%m-%d}."
        hint = "Its verdicts stay. To measure it anew, train its recipe again."
        raise RefusedError(what, f"{hint} Their digest was {row.digest[:16]}.")
    raise RefusedError(
        f"There are no held-out texts of {name} in {keep.settings.records / address}.",
        "It had no test set, or it was trained on another machine, which has them.",
    )


@dataclass(frozen=True)
class ErasedRecords:
    """What was erased, and of which versions the texts are gone."""

    files: tuple[Erased, ...]

    @property
    def rows(self) -> int:
        """Rows in all files together."""
        return sum(each.rows for each in self.files)


def erase_records(
    reference: str = "",
    *,
    expired: bool = False,
    digests: bool = False,
    reason: str = "",
    settings: Settings | None = None,
) -> ErasedRecords:
    """Erase the held-out texts of a version, or all that were kept for their time.

    reference: ``intents@3``; empty with ``expired``.
    digests:   erase the digests of its training rows too.
    Raises UnknownNameError for an unknown version, UsageError without either.
    """
    if bool(reference) == expired:
        raise UsageError("Say what to erase.", "Name a version, or give --expired, not both.")
    with open_keep(settings) as keep, keep.sessions.begin() as session:
        if expired:
            chosen = held_out.find_expired(session, utc_now())
        else:
            artifact = find_version(session, reference).artifact
            chosen = held_out.list_held_out(session, artifact)
        wanted = [each for each in chosen if digests or expired or each.path == answers.NAME]
        done = held_out.erase(
            session, keep.settings.records, wanted, actor=current_user(), reason=reason
        )
    return ErasedRecords(tuple(done))


def list_records(settings: Settings | None = None) -> list[dict[str, Any]]:
    """List what was kept beside artifacts, erased or not, with the versions it belongs to."""
    with open_keep(settings) as keep, keep.sessions() as session:
        return [
            {
                "versions": held_out.name_versions(session, each.artifact),
                "file": each.path,
                "rows": each.rows,
                "until": each.retention_until,
                "erased": each.erased_at,
                "digest": each.digest,
            }
            for each in held_out.list_held_out(session)
        ]
