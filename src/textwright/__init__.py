"""Train a language model on your own text, prove it, ship it, watch it, take it back."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textwright.errors import TextwrightError
    from textwright.models import load
    from textwright.recipe.clustering import HdbscanSettings, KMeansSettings
    from textwright.recipe.file import check_recipe, read_recipe
    from textwright.runtime.explain import explain
    from textwright.sklearn import TextClassifier
    from textwright.vectors.vectors import Vectors
    from textwright.workflow.cluster import ClusterOptions, cluster
    from textwright.workflow.compare import compare
    from textwright.workflow.embed import EmbedOptions, embed
    from textwright.workflow.evaluate import evaluate
    from textwright.workflow.folds import cross_validate
    from textwright.workflow.inspect_data import InspectOptions, inspect_data
    from textwright.workflow.judge import gate
    from textwright.workflow.reproduce import reproduce, retrain
    from textwright.workflow.train import TrainOptions, train
    from textwright.workflow.tune import TuneOptions, tune

__version__ = "0.1.0"

PUBLIC = {
    "ClusterOptions": "textwright.workflow.cluster",
    "HdbscanSettings": "textwright.recipe.clustering",
    "KMeansSettings": "textwright.recipe.clustering",
    "EmbedOptions": "textwright.workflow.embed",
    "InspectOptions": "textwright.workflow.inspect_data",
    "TextClassifier": "textwright.sklearn",
    "TextwrightError": "textwright.errors",
    "TrainOptions": "textwright.workflow.train",
    "TuneOptions": "textwright.workflow.tune",
    "Vectors": "textwright.vectors.vectors",
    "check_recipe": "textwright.recipe.file",
    "cluster": "textwright.workflow.cluster",
    "compare": "textwright.workflow.compare",
    "cross_validate": "textwright.workflow.folds",
    "embed": "textwright.workflow.embed",
    "evaluate": "textwright.workflow.evaluate",
    "explain": "textwright.runtime.explain",
    "gate": "textwright.workflow.judge",
    "inspect_data": "textwright.workflow.inspect_data",
    "load": "textwright.models",
    "read_recipe": "textwright.recipe.file",
    "reproduce": "textwright.workflow.reproduce",
    "retrain": "textwright.workflow.reproduce",
    "train": "textwright.workflow.train",
    "tune": "textwright.workflow.tune",
}  # each public name and the module it is defined in, imported when it is first asked for

__all__ = [
    "ClusterOptions",
    "EmbedOptions",
    "HdbscanSettings",
    "InspectOptions",
    "KMeansSettings",
    "TextClassifier",
    "TextwrightError",
    "TrainOptions",
    "TuneOptions",
    "Vectors",
    "check_recipe",
    "cluster",
    "compare",
    "cross_validate",
    "embed",
    "evaluate",
    "explain",
    "gate",
    "inspect_data",
    "load",
    "read_recipe",
    "reproduce",
    "retrain",
    "train",
    "tune",
]


def __getattr__(name: str) -> object:
    if name not in PUBLIC:
        raise AttributeError(f"module 'textwright' has no attribute {name!r}")
    return getattr(import_module(PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *PUBLIC])
