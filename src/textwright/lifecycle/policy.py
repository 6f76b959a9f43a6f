"""The policy of a rollout under way, as the deployment row keeps it."""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from sqlalchemy.orm import Session

from textwright.errors import UsageError
from textwright.lifecycle.tables import Run, Version
from textwright.recipe.check import read_settings
from textwright.recipe.rollout import RolloutSettings, read_rollout


@dataclass(frozen=True)
class Policy:
    """How a rollout goes.

    overridden: round of the candidate's verdicts that an approver let through; None: none was.
    """

    settings: RolloutSettings
    overridden: int | None = None


def recipe_policy(session: Session, version: Version) -> RolloutSettings:
    """Give the ``[rollout]`` of a version's recipe; the defaults where it has none."""
    run = session.get(Run, version.run_id) if version.run_id is not None else None
    if run is None:
        return RolloutSettings()
    return read_rollout(tomllib.loads(run.recipe))


def plan_rollout(session: Session, version: Version, canary: float | None) -> RolloutSettings:
    """Give the settings of a version's rollout, which begins with a share if one is stated.

    Raises UsageError for a share that is not between 0 and 1.
    """
    settings = recipe_policy(session, version)
    return settings if canary is None else begin_at(settings, canary)


def begin_at(settings: RolloutSettings, share: float) -> RolloutSettings:
    """Let a rollout begin with a share, and go on with the steps above it.

    Raises UsageError for a share that is not between 0 and 1.
    """
    if not 0.0 < share < 1.0:
        raise UsageError(
            f"A canary cannot have a share of {share:g}.",
            "Write one between 0 and 1, such as --canary 0.1; without --canary all callers go.",
        )
    return replace(settings, steps=(share, *(each for each in settings.steps if each > share)))


def write_policy(policy: Policy) -> dict[str, Any]:
    """Give a policy as JSON can hold it."""
    settings = {
        key: list(each) if isinstance(each, tuple) else each
        for key, each in asdict(policy.settings).items()
    }
    return {"settings": settings, "overridden": policy.overridden}


def read_policy(table: Mapping[str, Any]) -> Policy:
    """Read what ``write_policy`` gave; a setting that a newer program wrote is left out."""
    known = {each.name for each in fields(RolloutSettings)}
    given = table.get("settings", {})
    settings = read_settings(
        RolloutSettings, {key: given[key] for key in given if key in known}, "rollout"
    )
    return Policy(settings, table.get("overridden"))
