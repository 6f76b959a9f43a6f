"""Count the written texts that are just one of those that are right, blanks around them aside.

Shapes: N rows.
"""

from collections.abc import Callable, Sequence

import numpy as np

from textwright.metrics import Floats, Ints
from textwright.tasks.bleu import References


def count(texts: Sequence[str], gold: References) -> Floats:
    """Give 1 for each text that is right, else 0; [N]."""
    rows = [score_row(text, right) for text, right in zip(texts, gold, strict=True)]
    return np.array(rows, dtype=np.float64)


def score_row(text: str, gold: tuple[str, ...]) -> float:
    """Give 1 or 0 for one text."""
    return float(text.strip() in {each.strip() for each in gold})


def sign(_texts: Sequence[str], _gold: References) -> dict[str, str]:
    """Give nothing: there is one way to count."""
    return {}


METRICS: dict[str, Callable[[Floats, Ints], float]] = {
    "accuracy": lambda right, rows: float(right[rows].mean()),
}
