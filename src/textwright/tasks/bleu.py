"""Count BLEU and chrF of written texts; the words, and what says how, are sacreBLEU's.

Shapes: N rows.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from textwright.errors import MissingExtraError
from textwright.metrics import Ints
from textwright.text.sentences import CHINESE

NGRAMS = 4  # the longest that BLEU counts
ORDERS = 6  # characters of the longest that chrF counts
BETA = 2  # how much more chrF minds what is missing than what is too much

References = Sequence[tuple[str, ...]]  # of each row, the texts that are right


@dataclass(frozen=True)
class Counts:
    """What BLEU, with capitals and without, and chrF count of each row.

    cased, lowered: [N, 10] int: the n-grams of 1 to 4 words that the references have, too, all
                    that were written, and the words written and in the nearest reference.
    characters:     [N, 18] int: for 1 to 6 characters the n-grams written, of the nearest
                    reference, and of both.
    """

    cased: Ints
    lowered: Ints
    characters: Ints


def count(texts: Sequence[str], gold: References) -> Counts:
    """Count each row by itself."""
    return Counts(
        cased=count_words(texts, gold, lowercase=False),
        lowered=count_words(texts, gold, lowercase=True),
        characters=np.array(
            [count_characters(*each) for each in zip(texts, gold, strict=True)], dtype=np.int64
        ).reshape(-1, 3 * ORDERS),
    )


def count_words(texts: Sequence[str], gold: References, *, lowercase: bool) -> Ints:
    """Count the n-grams of words of each row, [N, 10]."""
    counter = find_bleu(gold, lowercase=lowercase, effective_order=True)  # only its counts matter
    found = np.zeros((len(texts), 2 * NGRAMS + 2), dtype=np.int64)
    for row, (text, right) in enumerate(zip(texts, gold, strict=True)):
        counted = counter.sentence_score(text, right)
        found[row] = [*counted.counts, *counted.totals, counted.sys_len, counted.ref_len]
    return found


def count_characters(text: str, gold: tuple[str, ...]) -> list[int]:
    """Count the n-grams of characters, blanks left out, against the reference that is nearest."""
    written = count_orders(text)
    tried = [
        [
            number
            for ours, theirs in zip(written, count_orders(each), strict=True)
            for number in (ours.total() if theirs else 0, theirs.total(), (ours & theirs).total())
        ]
        for each in gold
    ]
    return max(tried, key=character_score)


def count_orders(text: str) -> list[Counter[str]]:
    """Count the n-grams of 1, 2 and up to 6 characters."""
    line = "".join(text.split())
    return [
        Counter(line[at : at + size] for at in range(len(line) - size + 1))
        for size in range(1, ORDERS + 1)
    ]


def word_score(counts: Ints) -> float:
    """Give BLEU, 0 to 100, of rows counted together, [N, 10] (Papineni et al. 2002)."""
    total = counts.sum(axis=0).tolist()
    right, written, lengths = total[:NGRAMS], total[NGRAMS : 2 * NGRAMS], total[2 * NGRAMS :]
    counter = find_sacrebleu().BLEU
    return float(counter.compute_bleu(right, written, *lengths, smooth_method="exp").score)


def character_score(counts: Sequence[int]) -> float:
    """Give chrF, 0 to 100, from counts added up, [18] (Popović 2015).

    Precision and recall are means over the orders that both sides have, as in sacreBLEU.
    """
    shares = [
        (both / written, both / right)
        for written, right, both in zip(counts[::3], counts[1::3], counts[2::3], strict=True)
        if written and right
    ]
    if not shares:
        return 0.0
    precision, recall = (sum(side) / len(shares) for side in zip(*shares, strict=True))
    if not precision + recall:
        return 0.0
    return float(100 * (1 + BETA**2) * precision * recall / (BETA**2 * precision + recall))


def sign(texts: Sequence[str], gold: References) -> dict[str, str]:
    """Say of each metric what was counted, by sacreBLEU's signatures (Post 2018)."""
    counters = {
        "bleu": find_bleu(gold),
        "bleu_lowercase": find_bleu(gold, lowercase=True),
        "chrf": find_sacrebleu().CHRF(),
    }
    for each in counters.values():
        each.corpus_score(texts, align(gold))  # the signature counts the references
    return {name: f"sacreBLEU {each.get_signature()}" for name, each in counters.items()}


def align(gold: References) -> list[list[str | None]]:
    """Give the first reference of all rows, then the second, and so on; None for none."""
    most = max(len(each) for each in gold)
    return [[each[place] if place < len(each) else None for each in gold] for place in range(most)]


def is_chinese(gold: References) -> bool:
    """Tell whether the references are Chinese: more than half of their characters are."""
    text = "".join(each[0] for each in gold if each)
    return 2 * sum(CHINESE[0] <= each <= CHINESE[-1] for each in text) > len(text)


def find_bleu(gold: References, **options: bool) -> Any:
    """Make a counter of BLEU; of Chinese by characters."""
    return find_sacrebleu().BLEU(tokenize="zh" if is_chinese(gold) else "13a", **options)


def find_sacrebleu() -> Any:
    """Import sacreBLEU; raises MissingExtraError where it is not installed."""
    try:
        from sacrebleu import metrics as found
    except ImportError as error:
        hint = "Install it: pip install 'textwright[train]'"
        raise MissingExtraError("Scoring written texts needs sacrebleu.", hint) from error
    return found


def score_row(text: str, gold: tuple[str, ...]) -> float:
    """Give the chrF of one text."""
    return character_score(count_characters(text, gold))


METRICS: dict[str, Callable[[Counts, Ints], float]] = {
    "bleu": lambda counts, rows: word_score(counts.cased[rows]),
    "bleu_lowercase": lambda counts, rows: word_score(counts.lowered[rows]),
    "chrf": lambda counts, rows: character_score(counts.characters[rows].sum(axis=0).tolist()),
}
