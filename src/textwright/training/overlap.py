"""What every model of pairs is held against: how much of their words two texts share.

Shapes: N pairs.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import tokenizers
from tokenizers import models

from textwright.metrics import Floats
from textwright.recipe.parts import TokenizerSettings
from textwright.tasks.match_scores import best_threshold
from textwright.tasks.measures import find_measures
from textwright.text.examples import Dataset, Example
from textwright.text.labels import Labels, Scale
from textwright.text.tokenizer import split_texts, text_normalizer, text_splitter
from textwright.training.evaluate import score_rows

KIND = "words"  # of the tokenizer: a Chinese character is a word


def count_words(texts: Sequence[str]) -> list[Counter[str]]:
    """Count the words of each text, letter case folded."""
    inner = tokenizers.Tokenizer(models.WordLevel({}, unk_token=""))
    settings = TokenizerSettings(kind=KIND)
    inner.normalizer = text_normalizer(settings)
    inner.pre_tokenizer = text_splitter(settings)
    return [Counter(words) for words in split_texts(inner, texts, KIND)]


def share_words(examples: Sequence[Example], train: Sequence[Example]) -> Floats:
    """Give the TF-IDF cosine of each pair, [N], 0 to 1; how rare a word is, the rows of train say.

    Source: Salton and Buckley 1988; the logarithm is smoothed as scikit-learn does it.
    """
    learned = count_words([text for each in train for text in each.texts])
    met = Counter(word for each in learned for word in each)
    rows = [[weigh(each, met, len(learned)) for each in count_words(one.texts)] for one in examples]
    return np.array([cosine(*each) for each in rows], dtype=np.float64)


def weigh(counts: Counter[str], met: Counter[str], texts: int) -> dict[str, float]:
    """Give each word its count times the logarithm of how rare it is."""
    return {
        word: count * (math.log((1 + texts) / (1 + met[word])) + 1)
        for word, count in counts.items()
    }


def cosine(first: dict[str, float], second: dict[str, float]) -> float:
    """Cosine of two weighed bags of words; 0 when one is empty."""
    product = sum(weight * second.get(word, 0.0) for word, weight in first.items())
    lengths = math.prod(math.sqrt(sum(x * x for x in each.values())) for each in (first, second))
    return product / lengths if lengths else 0.0


def score_overlap(task: str, train: Dataset, test: Dataset, labels: Labels) -> dict[str, Any]:
    """Score shared words as if they were a model's answers; binary labels by train's threshold."""
    scores = share_words(test.examples, train.examples)
    if isinstance(labels, Scale) and labels.kind == "binary":
        positive = find_measures(task).targets(train.examples, labels)[:, 0] > 0
        learned = share_words(train.examples, train.examples)
        labels = replace(labels, threshold=best_threshold(learned, positive))
    elif isinstance(labels, Scale):
        scores = labels.low + scores * (labels.high - labels.low)
    found = score_rows(task, scores[:, None], test.examples, labels).metrics
    kept = {name: each for name, each in found.items() if name.split("_interval")[0] in KEPT}
    return {"name": "word overlap", **kept}


KEPT = ("spearman", "pearson", "accuracy", "f1", "auroc")
