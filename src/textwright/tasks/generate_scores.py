"""Score texts that a model wrote against those that people did, each task by its own metric.

Shapes: N rows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textwright.metrics import Floats, Ints
from textwright.recipe.recipe import Recipe
from textwright.tasks import bleu, exact, rouge
from textwright.tasks.generate import GenerateAnswer
from textwright.tasks.resampled import score_parts, score_whole
from textwright.tasks.scores import Network, Rows, Said
from textwright.text.examples import Example
from textwright.text.labels import Labels, TextMetrics
from textwright.text.sentences import split_words

REPEATED = 4  # words in a row that a text should not say twice
KINDS: dict[str, ModuleType] = {"bleu": bleu, "rouge": rouge, "accuracy": exact}


@dataclass(frozen=True)
class Told:
    """What is counted of the rows of one kind.

    places: [N] int, where each row stands in ``counts``; -1 for a row of another kind.
    """

    places: Ints
    counts: Any


def find_metrics(_examples: Sequence[Example], recipe: Recipe) -> Labels:
    """Give by which metric each task is counted, as the recipe says."""
    if recipe.form.prefixed:
        return TextMetrics((), metrics=dict(recipe.data.tasks), column=recipe.data.prefix)
    return TextMetrics((), metrics={"": recipe.data.metric})


def metrics_of(labels: Labels) -> TextMetrics:
    """Give the metrics that labels name."""
    return labels if isinstance(labels, TextMetrics) else TextMetrics(labels.names)


def headline(labels: Labels) -> str:
    """Name the first metric of the first task."""
    kind = next(iter(metrics_of(labels).metrics.values()))
    return str(next(iter(KINDS[kind].METRICS)))


def ask_texts(
    network: Network, examples: Sequence[Example], _labels: Labels
) -> NDArray[np.object_]:
    """Give the text written for each example, [N, 1]."""
    answers: NDArray[np.object_] = network([each.input for each in examples])
    texts = np.empty((len(examples), 1), dtype=object)
    texts[:, 0] = [each.text for each in answers[:, 0]]
    return texts


def make_up_texts(inputs: int, _labels: Labels) -> NDArray[np.object_]:
    """Give answers without a word, [N, 1]."""
    return np.full((inputs, 1), GenerateAnswer("", "stop", 0.0), dtype=object)


def mark_nothing(examples: Sequence[Example], _labels: Labels) -> NDArray[np.float32]:
    """Give no numbers, [N, 0]: the truth is text, which the tokenizer turns into numbers."""
    return np.zeros((len(examples), 0), dtype=np.float32)


def score(rows: Rows, labels: Labels) -> dict[str, Any]:
    """Give every metric, ready for JSON, with the signatures that say what was counted.

    repetition:   share of texts that say the same four words twice.
    length_ratio: words written for each one of the first reference.
    """
    found: dict[str, Any] = {"rows": len(rows.gold)}
    if not found["rows"]:
        return found
    told, signatures = tell_one(rows, labels), dict[str, str]()
    for kind, chosen in find_kinds(rows, labels).items():
        part = rows.take(chosen)
        found |= score_whole(KINDS[kind].METRICS, told[kind].counts, len(part.gold))
        signatures |= KINDS[kind].sign(texts_of(part), part.gold)
    found |= score_wording(rows)
    by_value = score_parts(rows.slices, partial(score_slice, rows, told))
    return found | {"signatures": signatures, "slices": by_value}


def find_kinds(rows: Rows, labels: Labels) -> dict[str, NDArray[np.bool_]]:
    """Tell which rows are counted by each kind of metric, [N] bool; kinds without any left out."""
    kinds = np.array([metrics_of(labels).find(each) for each in rows.slices], dtype=np.str_)
    named = dict.fromkeys(metrics_of(labels).metrics.values())
    return {kind: kinds == kind for kind in named if (kinds == kind).any()}


def tell(rows: Sequence[Rows], labels: Sequence[Labels]) -> list[dict[str, Told]]:
    """Count of each model's texts what metrics are made of, by kind, as the first model says."""
    return [tell_one(each, labels[0]) for each in rows]


def tell_one(rows: Rows, labels: Labels) -> dict[str, Told]:
    """Count one model's texts."""
    found = {}
    for kind, chosen in find_kinds(rows, labels).items():
        part = rows.take(chosen)
        places = np.where(chosen, np.cumsum(chosen) - 1, -1)
        found[kind] = Told(places, KINDS[kind].count(texts_of(part), part.gold))
    return found


def measure(kind: str, name: str, told: Mapping[str, Told], rows: Ints) -> float:
    """Give a metric over the rows of its kind at these places; NaN without any."""
    if kind not in told:
        return float("nan")
    places = told[kind].places[rows]
    counted = places[places >= 0]
    if not len(counted):
        return float("nan")
    return float(KINDS[kind].METRICS[name](told[kind].counts, counted))


def score_wording(rows: Rows) -> dict[str, float]:
    """Say how often texts repeat themselves, and how long they are."""
    written = [split_words(each) for each in texts_of(rows)]
    right = sum(len(split_words(each[0])) for each in rows.gold)
    return {
        "repetition": sum(map(repeats, written)) / len(written),
        "length_ratio": sum(map(len, written)) / max(right, 1),
    }


def repeats(words: Sequence[str]) -> bool:
    """Tell whether the same ``REPEATED`` words stand twice in a text."""
    runs = [tuple(words[at : at + REPEATED]) for at in range(len(words) - REPEATED + 1)]
    return len(set(runs)) < len(runs)


def score_slice(rows: Rows, told: Mapping[str, Told], places: Ints) -> dict[str, float]:
    """Give every metric of the rows at these places, the first of its metrics first."""
    scores = {
        name: measure(kind, name, told, places) for kind in told for name in KINDS[kind].METRICS
    }
    return scores | score_wording(rows.take(places))


def outcomes(rows: Rows, labels: Labels) -> dict[str, Floats]:
    """Give accuracy as what each row counts, NaN where another metric does, [N]."""
    chosen = find_kinds(rows, labels).get("accuracy")
    if chosen is None:
        return {}
    return {"accuracy": np.where(chosen, exact.count(texts_of(rows), rows.gold), np.nan)}


def texts_of(rows: Rows) -> list[str]:
    """Give the texts written."""
    return [str(each) for each in rows.scores[:, 0]]


def say(scores: NDArray[Any], example: Example, labels: Labels) -> Said:
    """Give the text written for one row, with its own chrF or ROUGE-L, or whether it is right."""
    kind, text = metrics_of(labels).find(example.slices), str(scores[0])
    score = KINDS[kind].score_row(text, example.labels)
    return Said(text, bool(score) if kind == "accuracy" else None, float(score))


RESAMPLED: dict[str, Callable[[Mapping[str, Told], Ints], float]] = {
    name: partial(measure, kind, name) for kind in ("bleu", "rouge") for name in KINDS[kind].METRICS
}  # accuracy is a mean over right and wrong rows, which is tested exactly
