"""What every classifier is held against: the commonest label, and the n-gram linear model.

On short texts a linear model over n-grams is hard to beat, and it trains in seconds.
"""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from textwright.recipe.recipe import Recipe
from textwright.recipe.training import LinearTrainingSettings
from textwright.text.examples import Dataset
from textwright.text.labels import Labels
from textwright.text.ngrams import encode_bags, suggest_bag

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
