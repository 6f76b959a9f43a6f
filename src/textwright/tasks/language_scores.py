"""Score how well a language model predicts texts: perplexity, and bits for each character.

Shapes: N texts, each with its nats, tokens, characters and unknown tokens.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textwright.metrics import Floats, Ints
from textwright.tasks.language import LanguageScore
from textwright.tasks.resampled import measure_each, score_parts, score_whole
from textwright.tasks.scores import Network, Rows, Said
from textwright.text.examples import Example
from textwright.text.labels import Labels

NATS, TOKENS, CHARACTERS, UNKNOWN = range(4)
SMALLER = ("perplexity", "bits_per_character")  # is better


def ask_texts(
    network: Network, examples: Sequence[Example], _labels: Labels
) -> NDArray[np.float64]:
    """Give what each text costs, [N, 4]."""
    return network([each.input for each in examples]).astype(np.float64)


def make_up_costs(inputs: int, _labels: Labels) -> NDArray[np.float32]:
    """Let each text be one token that costs one nat, [N, 4]."""
    return np.ones((inputs, 4), dtype=np.float32)


def tell(rows: Sequence[Rows], _labels: Sequence[Labels]) -> list[Floats]:
    """Give what each model said of the texts.

    Where models read them as different tokens, nothing that is counted of a token says which is
    better: then the tokens are NaN, and so is what is made of them.
    """
    told = [each.scores for each in rows]
    if any((each[:, TOKENS] != told[0][:, TOKENS]).any() for each in told):
        told = [each.copy() for each in told]
        for each in told:
            each[:, TOKENS] = np.nan
    return told


def score(rows: Rows, labels: Labels) -> dict[str, Any]:
    """Give every metric, ready for JSON."""
    found: dict[str, Any] = {"rows": len(rows.gold)}
    if not found["rows"]:
        return found
    (told,) = tell([rows], [labels])
    found |= score_whole(RESAMPLED, told, found["rows"])
    found |= measure_each(OTHERS, told, np.arange(found["rows"]))
    whole = told.sum(axis=0)
    found |= {"tokens": int(whole[TOKENS]), "characters": int(whole[CHARACTERS])}
    every = partial(measure_each, RESAMPLED | OTHERS, told)
    return found | {"slices": score_parts(rows.slices, every)}


def say(scores: Floats, _example: Example, _labels: Labels) -> Said:
    """Give the bits of one text for each of its characters; it is neither right nor wrong."""
    bits = bits_per_character(scores[None], np.arange(1))
    return Said(f"{bits:.3f} bits a character", None, -bits, costs=tuple(scores.tolist()))


def log_probability(told: Floats, rows: Ints) -> float:
    """Mean log-probability of a token of these texts, in nats."""
    nats, tokens = told[rows][:, [NATS, TOKENS]].sum(axis=0)
    return float(-nats / (tokens or 1))


def perplexity(told: Floats, rows: Ints) -> float:
    """Perplexity of these texts together."""
    return LanguageScore(*told[rows].sum(axis=0).tolist()).perplexity


def bits_per_character(told: Floats, rows: Ints) -> float:
    """Bits that a character of these texts costs."""
    return LanguageScore(*told[rows].sum(axis=0).tolist()).bits_per_character


def nats_per_character(told: Floats, rows: Ints) -> float:
    """Nats that a character of these texts costs."""
    nats, characters = told[rows][:, [NATS, CHARACTERS]].sum(axis=0)
    return float(nats / (characters or 1))


def unknown_share(told: Floats, rows: Ints) -> float:
    """Share of the tokens of these texts that the model has no name for."""
    unknown, tokens = told[rows][:, [UNKNOWN, TOKENS]].sum(axis=0)
    return float(unknown / (tokens or 1))


RESAMPLED: dict[str, Callable[[Floats, Ints], float]] = {
    "bits_per_character": bits_per_character,
    "perplexity": perplexity,
    "log_probability": log_probability,
}
OTHERS: dict[str, Callable[[Floats, Ints], float]] = {
    "nats_per_character": nats_per_character,
    "unknown_share": unknown_share,
}  # without an interval, and compared with no other model's
