"""Measure what gates ask for: how a version holds, what it costs, how it stands to production."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from textwright.errors import TextwrightError
from textwright.lifecycle.artifacts import Store
from textwright.lifecycle.registry import find_version
from textwright.lifecycle.rollout import read_deployment
from textwright.recipe.gates import NotWorseThan, SlicesNotWorse
from textwright.recipe.recipe import Recipe
from textwright.runtime.answer import Answerer
from textwright.runtime.artifact import open_artifact
from textwright.text.examples import Example
from textwright.training.comparison import Scored, compare_scored
from textwright.training.evaluate import ask, inputs_of
from textwright.training.latency import measure_latency
from textwright.training.perturb import measure_robustness


@dataclass(frozen=True)
class Production:
    """The version that a model's traffic is served by; ``id`` is its row's."""

    id: int
    number: int
    artifact: str


def find_production(session: Session, model: str) -> Production | None:
    """Give the version in production now, or None."""
    number = read_deployment(session, model).stable
    if number is None:
        return None
    found = find_version(session, f"{model}@{number}")
    return Production(found.id, found.number, found.artifact)


def measure_alone(answerer: Answerer, examples: Sequence[Example]) -> dict[str, dict[str, Any]]:
    """Measure a model by itself, by kind of evidence: robustness, latency, size."""
    folder = answerer.artifact.folder
    return {
        "robustness": measure_robustness(answerer, examples),
        "latency": measure_latency(answerer, inputs_of(answerer, examples)),
        "size": {path.name: path.stat().st_size for path in sorted(folder.iterdir())},
    }


@dataclass(frozen=True)
class Against:
    """What a candidate is held against, where its artifact lies, and by which recipe's gates."""

    store: Store
    production: Production | None
    recipe: Recipe


def measure_against(against: Against, ours: Scored, examples: Sequence[Example]) -> dict[str, Any]:
    """Have production answer a candidate's test rows, and compare the answers.

    Returns the content of the evidence ``comparison``. Where production cannot be asked, it says
    why under ``error`` and holds no numbers, so that gates find nothing measured.
    """
    production, recipe = against.production, against.recipe
    if production is None:
        return {"production": None}
    about = {"production": production.number, "artifact": production.artifact}
    try:
        folder = against.store.folder(production.artifact)
        answerer = Answerer(open_artifact(folder, verify=False), threads=recipe.training.threads)
        theirs_task = answerer.artifact.recipe.task
        if theirs_task != recipe.task:
            return {**about, "error": f"Its task is {theirs_task!r}, not {recipe.task!r}."}
        scores = ask(answerer, examples)
    except TextwrightError as error:
        return {**about, "error": error.what}
    theirs = Scored(scores, answerer.labels)
    metrics = asked_metrics(recipe)
    found = compare_scored(ours, theirs, examples, metrics[""], task=recipe.task)
    parts = {}
    for name, asked in metrics.items():
        if name and (rows := find_slice(examples, name)):
            sides = (ours.take(rows), theirs.take(rows))
            chosen = [examples[row] for row in rows]
            parts[name] = compare_scored(*sides, chosen, asked, task=recipe.task)
    return {**about, **found, "parts": parts}


def find_slice(examples: Sequence[Example], name: str) -> list[int]:
    """Give the places of the rows of a slice, named as in ``language=zh``."""
    column, _, value = name.partition("=")
    return [row for row, each in enumerate(examples) if each.slices.get(column) == value]


def asked_metrics(recipe: Recipe) -> dict[str, list[str]]:
    """Name the metrics that a recipe's gates hold against production, by slice; "" for all rows."""
    found: dict[str, list[str]] = {"": []}
    for each in recipe.gates:
        if isinstance(each, NotWorseThan):
            found.setdefault(each.slice, []).append(each.metric)
    return found


def needs_production(recipe: Recipe) -> bool:
    """Tell whether a gate of a recipe holds the version against production."""
    return any(isinstance(each, NotWorseThan | SlicesNotWorse) for each in recipe.gates)
