"""What a model that writes is held against: answers that are there without any learning.

A summary is held against its text's beginning (the lead) and against the sentences that TextRank
chooses, both of as many words as the summaries of the training rows have on average. Any other
text is held against itself, a label against the commonest of its task.

Shapes: S sentences.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from textwright.metrics import Floats
from textwright.tasks.generate_scores import metrics_of
from textwright.text.examples import Dataset, Example
from textwright.text.labels import Labels
from textwright.text.sentences import first_words, split_sentences, split_words
from textwright.training.evaluate import score_rows
from textwright.training.overlap import cosine, count_words, weigh

DAMPING = 0.85  # chance of going on to a sentence that is like this one, not to any
CLOSE = 1e-6  # change of all ranks together below which they stand
MOST_STEPS = 100
MOST_SENTENCES = 60  # of a text that are ranked: those that it begins with
NAMES = {"bleu": "the text as it is", "rouge": "lead", "accuracy": "the commonest answer"}


def score_extracts(
    task: str, train: Dataset, test: Dataset, labels: Labels
) -> dict[str, dict[str, Any]]:
    """Score what needs no learning; of summaries TextRank, too, as ``second_baseline``."""
    metrics = metrics_of(labels)
    kinds = [metrics.find(each.slices) for each in test.examples]
    summed = [each for each in train.examples if metrics.find(each.slices) == "rouge"]
    words = count_usual(summed)
    commonest = find_commonest(train.examples)
    takers: dict[str, Callable[[Example], str]] = {
        "bleu": lambda each: each.plain,
        "rouge": lambda each: first_words(each.plain, words),
        "accuracy": lambda each: commonest.get(each.opening, ""),
    }
    found = {}
    for key in ("baseline", "second_baseline") if "rouge" in kinds else ("baseline",):
        names = {kind: NAMES[kind] for kind in metrics.metrics.values()}
        if key == "second_baseline":
            takers["rouge"] = make_ranker(summed, words)
            names["rouge"] = "TextRank"
        texts = np.empty((len(kinds), 1), dtype=object)
        texts[:, 0] = [takers[kind](each) for kind, each in zip(kinds, test.examples, strict=True)]
        scores = score_rows(task, texts, test.examples, labels).metrics
        found[key] = {**scores, "name": ", ".join(names.values())}
    return found


def count_usual(examples: Sequence[Example]) -> int:
    """Give the words that the texts to write of some rows have on average, 1 at least."""
    counts = [len(split_words(each.labels[0])) for each in examples]
    return max(1, round(sum(counts) / max(len(counts), 1)))


def find_commonest(examples: Sequence[Example]) -> dict[str, str]:
    """Give the answer of each task that the most rows have; ties by spelling."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for each in examples:
        counts[each.opening][each.labels[0]] += 1
    return {
        opening: min(found, key=lambda text: (-found[text], text))
        for opening, found in counts.items()
    }


def make_ranker(examples: Sequence[Example], words: int) -> Callable[[Example], str]:
    """Give what takes so many words of a text, of those sentences that rank highest in it.

    How rare a word is, the texts of ``examples`` say.
    """
    met = Counter(word for each in count_words([one.plain for one in examples]) for word in each)

    def take(example: Example) -> str:
        sentences = split_sentences(example.plain)[:MOST_SENTENCES]
        weighed = [weigh(each, met, len(examples)) for each in count_words(sentences)]
        alike = np.array([[cosine(one, other) for other in weighed] for one in weighed])
        return take_best(sentences, rank_sentences(alike), words)

    return take


def rank_sentences(alike: Floats) -> Floats:
    """Rank sentences by how much others that rank high are like them, [S], together 1.

    alike: [S, S] float, how much each sentence is like each other, 0 at least.
    Source: Mihalcea and Tarau 2004, equation 2, with d the damping. They count shared words;
    here the weights are TF-IDF cosines, as Erkan and Radev 2004 (LexRank) have them.
    """
    count = len(alike)
    weights = alike * (1 - np.eye(count))
    total = weights.sum(axis=1, keepdims=True)
    onward = np.where(total > 0, weights / np.where(total > 0, total, 1), 1 / max(count, 1))
    ranks = np.full(count, 1 / max(count, 1))
    for _ in range(MOST_STEPS):
        before, ranks = ranks, (1 - DAMPING) / max(count, 1) + DAMPING * (ranks @ onward)
        if np.abs(ranks - before).sum() < CLOSE:
            break
    return ranks


def take_best(sentences: Sequence[str], ranks: Floats, words: int) -> str:
    """Join the sentences that rank highest, in the text's order, cut behind so many words."""
    chosen, left = set[int](), words
    for place in np.argsort(-ranks, kind="stable").tolist():
        if left <= 0:
            break
        chosen.add(place)
        left -= len(split_words(sentences[place]))
    return first_words("".join(sentences[place] for place in sorted(chosen)).strip(), words)
