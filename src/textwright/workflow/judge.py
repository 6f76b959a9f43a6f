"""Judge a version's gates again, by its own recipe and against what is in production today."""

from typing import Any

from textwright.errors import RefusedError
from textwright.lifecycle.evidence import add_evidence, read_evidence, record_verdicts
from textwright.lifecycle.gates import Verdict, judge
from textwright.lifecycle.registry import find_version
from textwright.machine import current_user
from textwright.recipe.recipe import Recipe
from textwright.runtime.answer import Answerer
from textwright.settings import Settings
from textwright.training.comparison import Scored
from textwright.training.evaluate import ask
from textwright.workflow.evidence import (
    Against,
    Production,
    asked_metrics,
    find_production,
    measure_against,
    needs_production,
)
from textwright.workflow.opening import Found, Keep, find_artifact, open_keep
from textwright.workflow.records import read_held_out


def gate(
    reference: str, *, settings: Settings | None = None, actor: str | None = None
) -> list[Verdict]:
    """Judge the gates of ``intents@3`` and record the verdicts as its newest round.

    What was measured against an earlier production is measured anew against today's, on the
    held-out texts; where these were erased, the verdict is unknown and says so.
    Raises UnknownNameError when there is no such version.
    """
    actor = actor or current_user()
    with open_keep(settings) as keep:
        found = find_artifact(keep, reference)
        compared = compare_again(keep, found)
        with keep.sessions.begin() as session:
            version = find_version(session, found.name)
            if compared is not None:
                add_evidence(session, version, "comparison", compared, actor=actor)
            verdicts = judge(found.artifact.recipe.gates, read_evidence(session, version))
            record_verdicts(session, version, verdicts, actor=actor)
    return verdicts


def compare_again(keep: Keep, found: Found) -> dict[str, Any] | None:
    """Measure a version against production, unless that was done or no gate asks for it."""
    recipe = found.artifact.recipe
    with keep.sessions() as session:
        version = find_version(session, found.name)
        production = find_production(session, version.model.name)
        known = read_evidence(session, version).get("comparison", {})
        itself = production is not None and production.number == version.number
    if (
        production is None
        or itself
        or not needs_production(recipe)
        or fits(known, production, recipe)
    ):
        return None
    try:
        rows = read_held_out(keep, found.name, found.artifact.address)
    except RefusedError as error:
        return {"production": production.number, "error": error.what}
    examples = [each.example for each in rows]
    answerer = Answerer(found.artifact, threads=recipe.training.threads)
    ours = Scored(ask(answerer, examples), answerer.labels)
    return measure_against(Against(keep.store, production, recipe), ours, examples)


def fits(known: dict[str, Any], production: Production, recipe: Recipe) -> bool:
    """Tell whether a comparison is of this production and holds every metric asked for."""
    if "metrics" not in known or known.get("production") != production.number:
        return False
    parts = {"": known, **known.get("parts", {})}
    return all(
        metric in parts.get(name, {}).get("metrics", {})
        for name, asked in asked_metrics(recipe).items()
        for metric in asked
    )
