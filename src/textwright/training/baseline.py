"""What every model is held against, such as the n-gram linear model and the commonest label.

On short texts a linear model over n-grams is hard to beat, and it trains in seconds.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textwright.recipe.recipe import Recipe
from textwright.recipe.training import LinearTrainingSettings
from textwright.tasks.classify import probabilities
from textwright.tasks.scores import score_majority
from textwright.text.examples import Dataset
from textwright.text.labels import Labels
from textwright.text.ngrams import encode_bags, suggest_bag
from textwright.training.evaluate import score_rows
from textwright.training.extract import score_extracts
from textwright.training.overlap import score_overlap

Scorer = Callable[[Sequence[str]], NDArray[np.float32]]


def train_baseline(recipe: Recipe, train: Dataset, labels: Labels) -> Scorer:
    """Train the n-gram linear model as suits the texts; return what scores others [N, L]."""
    from textwright.vectors.linear import train_linear

    texts = [each.text for each in train.examples]
    bag = suggest_bag(texts)
    settings = LinearTrainingSettings(seed=recipe.training.seed, threads=recipe.training.threads)
    model = train_linear(
        texts,
        labels.targets(each.labels for each in train.examples),
        multi=labels.multi,
        bag=bag,
        training=settings,
    )
    return lambda texts: model.logits(encode_bags(texts, bag))


def commonest_answer(train: Dataset) -> tuple[str, ...]:
    """Labels that the most training rows have, out-of-scope rows aside; ties by name."""
    counts = Counter(each.labels for each in train.examples if each.labels)
    return min(counts, key=lambda labels: (-counts[labels], labels))


def score_baselines(
    recipe: Recipe, train: Dataset, test: Dataset, labels: Labels
) -> dict[str, Any]:
    """Score what every model is held against, and the commonest label where labels are classes.

    A classifier: the n-gram linear model, trained here with its defaults, in seconds. A model of
    pairs: how many words they share. One that writes: what ``extract`` takes from the rows.
    """
    found: dict[str, Any] = {}
    if recipe.form.label == "class":
        gold = [each.labels for each in test.examples]
        found["majority"] = score_majority(gold, commonest_answer(train))
    if recipe.form.label == "none":
        return found
    if recipe.form.label == "text":
        return score_extracts(recipe.task, train, test, labels)
    if recipe.task != "classify":
        found["baseline"] = score_overlap(recipe.task, train, test, labels)
        return found
    if recipe.encoder.kind != "bag":
        logits = train_baseline(recipe, train, labels)([each.text for each in test.examples])
        scores = probabilities(logits, labels)
        whole = score_rows("classify", scores, test.examples, labels).metrics
        names = ("accuracy", "accuracy_interval", "macro_f1", "out_of_scope_auroc")
        found["baseline"] = {name: whole[name] for name in names if name in whole}
    return found
