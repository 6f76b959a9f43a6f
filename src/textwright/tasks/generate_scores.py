"""Score texts that a model wrote against those that people did: BLEU and chrF by sacreBLEU.

Shapes: N rows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textwright.errors import MissingExtraError
from textwright.metrics import Ints
from textwright.tasks.resampled import score_parts, score_whole
from textwright.tasks.scores import Network, Rows, Said
from textwright.text.examples import Example
from textwright.text.labels import Labels

NGRAMS = 4  # the longest that BLEU counts
CHINESE = ("\u4e00", "\u9fff")  # the range of most Chinese characters


@dataclass(frozen=True)
class Told:
    """What BLEU counts of each row, with capitals and without, [N, 10] int each.

    The n-grams of 1 to 4 words that the references have, too, all that were written, and the
    words written and in the nearest reference.
    """

    cased: Ints
    lowered: Ints


def ask_texts(
    network: Network, examples: Sequence[Example], _labels: Labels
) -> NDArray[np.object_]:
    """Give the text written for each example, [N, 1]."""
    answers: NDArray[np.object_] = network([each.input for each in examples])
    texts = np.empty((len(examples), 1), dtype=object)
    texts[:, 0] = [each.text for each in answers[:, 0]]
    return texts


def mark_nothing(examples: Sequence[Example], _labels: Labels) -> NDArray[np.float32]:
    """Give no numbers, [N, 0]: the truth is text, which the tokenizer turns into numbers."""
    return np.zeros((len(examples), 0), dtype=np.float32)


def score(rows: Rows, labels: Labels) -> dict[str, Any]:
    """Give every metric, ready for JSON, with the signatures that say what was counted."""
    found: dict[str, Any] = {"rows": len(rows.gold)}
    if not found["rows"]:
        return found
    (told,) = tell([rows], [labels])
    found |= score_whole(RESAMPLED, told, found["rows"])
    written, references = texts_of(rows), align(rows)
    chrf = find_chrf()
    found["chrf"] = float(chrf.corpus_score(written, references).score)
    counters = {"bleu": find_bleu(rows), "bleu_lowercase": find_bleu(rows, lowercase=True)}
    for each in counters.values():
        each.corpus_score(written, references)  # the signature counts the references
    found["signatures"] = {
        name: str(each.get_signature()) for name, each in {**counters, "chrf": chrf}.items()
    }
    return found | {"slices": score_parts(rows.slices, "bleu", partial(bleu, told))}


def tell(rows: Sequence[Rows], _labels: Sequence[Labels]) -> list[Told]:
    """Count of each model's texts what BLEU is made of."""
    return [
        Told(count_rows(each, lowercase=False), count_rows(each, lowercase=True)) for each in rows
    ]


def count_rows(rows: Rows, *, lowercase: bool) -> Ints:
    """Count the n-grams of each row, [N, 10]."""
    counter = find_bleu(rows, lowercase=lowercase, effective_order=True)  # only its counts matter
    found = np.zeros((len(rows.gold), 2 * NGRAMS + 2), dtype=np.int64)
    for row, (text, gold) in enumerate(zip(texts_of(rows), rows.gold, strict=True)):
        counted = counter.sentence_score(text, gold)
        found[row] = [*counted.counts, *counted.totals, counted.sys_len, counted.ref_len]
    return found


def corpus_bleu(counts: Ints) -> float:
    """Give BLEU, 0 to 100, of rows counted together."""
    total = counts.sum(axis=0).tolist()
    right, written, lengths = total[:NGRAMS], total[NGRAMS : 2 * NGRAMS], total[2 * NGRAMS :]
    counter = find_sacrebleu().BLEU
    return float(counter.compute_bleu(right, written, *lengths, smooth_method="exp").score)


def bleu(told: Told, rows: Ints) -> float:
    """BLEU of the rows at these places."""
    return corpus_bleu(told.cased[rows])


def bleu_lowercase(told: Told, rows: Ints) -> float:
    """BLEU of these rows, capitals folded."""
    return corpus_bleu(told.lowered[rows])


def texts_of(rows: Rows) -> list[str]:
    """Give the texts written."""
    return [str(each) for each in rows.scores[:, 0]]


def align(rows: Rows) -> list[list[str | None]]:
    """Give the first reference of all rows, then the second, and so on; None for none."""
    most = max(len(each) for each in rows.gold)
    return [
        [each[place] if place < len(each) else None for each in rows.gold] for place in range(most)
    ]


def is_chinese(rows: Rows) -> bool:
    """Tell whether the references are Chinese: more than half of their characters are."""
    text = "".join(each[0] for each in rows.gold if each)
    return 2 * sum(CHINESE[0] <= each <= CHINESE[1] for each in text) > len(text)


def find_bleu(rows: Rows, **options: bool) -> Any:
    """Make a counter of BLEU (Papineni et al. 2002; Post 2018); of Chinese by characters."""
    tokenize = "zh" if is_chinese(rows) else "13a"
    return find_sacrebleu().BLEU(tokenize=tokenize, **options)


def find_chrf() -> Any:
    """Make a counter of chrF (Popović 2015)."""
    return find_sacrebleu().CHRF()


def find_sacrebleu() -> Any:
    """Import sacreBLEU; raises MissingExtraError where it is not installed."""
    try:
        from sacrebleu import metrics as found
    except ImportError as error:
        hint = "Install it: pip install 'textwright[train]'"
        raise MissingExtraError("Scoring written texts needs sacrebleu.", hint) from error
    return found


def say(scores: NDArray[Any], example: Example, _labels: Labels) -> Said:
    """Give the text written for one row, with its own chrF; it is neither right nor wrong."""
    score = find_chrf().sentence_score(str(scores[0]), list(example.labels)).score
    return Said(str(scores[0]), None, float(score))


RESAMPLED: dict[str, Callable[[Told, Ints], float]] = {
    "bleu": bleu,
    "bleu_lowercase": bleu_lowercase,
}
