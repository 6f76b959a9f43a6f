"""Count ROUGE of summaries (Lin 2004) by the package rouge-score; of Chinese by characters.

Shapes: N rows.
"""

from collections.abc import Callable, Sequence
from functools import cache, partial
from importlib.metadata import version
from typing import Any

import numpy as np

from textwright.errors import MissingExtraError
from textwright.metrics import Floats, Ints
from textwright.tasks.bleu import References, is_chinese
from textwright.text.sentences import split_words

NAMES = ("rouge1", "rouge2", "rougeL")  # words, pairs of words, longest common subsequence


class Characters:
    """Gives rouge-score the words of a Chinese text: its characters, and words among them."""

    def tokenize(self, text: str) -> list[str]:
        """Cut a text; every other mark is left out, as rouge-score does."""
        return split_words(text)


def count(texts: Sequence[str], gold: References) -> Floats:
    """Give the F1 of each row, 0 to 100, by ``NAMES``, [N, 3]; of several references the best."""
    scorer = find_scorer(chinese=is_chinese(gold))
    found = np.zeros((len(texts), len(NAMES)))
    for row, (text, right) in enumerate(zip(texts, gold, strict=True)):
        scores = scorer.score_multi(list(right), text)
        found[row] = [100 * scores[name].fmeasure for name in NAMES]
    return found


@cache
def find_scorer(*, chinese: bool) -> Any:
    """Make a counter; words that are no Chinese lose their endings (Porter 1980).

    Raises MissingExtraError where rouge-score is not installed.
    """
    try:
        from rouge_score.rouge_scorer import RougeScorer
    except ImportError as error:
        hint = "Install it: pip install 'textwright[train]'"
        raise MissingExtraError("Scoring summaries needs rouge-score.", hint) from error
    if chinese:
        return RougeScorer(NAMES, tokenizer=Characters())
    return RougeScorer(NAMES, use_stemmer=True)


def sign(_texts: Sequence[str], gold: References) -> dict[str, str]:
    """Say what was counted."""
    words = "characters" if is_chinese(gold) else "words, stemmed"
    return {"rouge": f"rouge-score {version('rouge-score')}, F1 by {words}, mean over rows"}


def score_row(text: str, gold: tuple[str, ...]) -> float:
    """Give the ROUGE-L of one text."""
    return float(count([text], [gold])[0, NAMES.index("rougeL")])


def mean(place: int, scores: Floats, rows: Ints) -> float:
    """Mean of one of ``NAMES`` over rows at these places."""
    return float(scores[rows, place].mean())


METRICS: dict[str, Callable[[Floats, Ints], float]] = {
    name: partial(mean, place) for place, name in enumerate(NAMES)
}
