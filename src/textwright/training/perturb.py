"""Texts written differently: typing errors, capitals, full-width letters, in any script.

The same text and form give the same result on every machine.
"""

import hashlib
import random
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from textwright.metrics import Floats
from textwright.paired import count_pairs
from textwright.runtime.answer import Answerer
from textwright.tasks.measures import find_measures
from textwright.text.examples import Example
from textwright.training.evaluate import ask, make_rows

SEED = 0
MOST_ROWS = 2_000  # changed and answered; of a larger test set those first by digest
SPACING = 12  # characters to one typing error
NEAR = {
    "q": "wa", "w": "qes", "e": "wrd", "r": "etf", "t": "ryg", "y": "tuh", "u": "yij", "i": "uok",
    "o": "ipl", "p": "ol", "a": "qsz", "s": "adw", "d": "sfe", "f": "dgr", "g": "fht", "h": "gjy",
    "j": "hku", "k": "jli", "l": "ko", "z": "ax", "x": "zc", "c": "xv", "v": "cb", "b": "vn",
    "n": "bm", "m": "n",
}  # fmt: skip


def perturb(text: str, form: str) -> str:
    """Write a text differently; a form is one of ``FORMS``."""
    digest = hashlib.sha256(f"{SEED} {form} {text}".encode("utf-8", "surrogatepass")).digest()
    return FORMS[form](text, random.Random(digest))


def add_typos(text: str, chance: random.Random) -> str:
    """Make one typing error in twelve characters, one at least.

    A letter with neighbours on the keyboard is swapped with the next, doubled, left out or
    mistyped; any other character, such as a Chinese one, is swapped, doubled or left out.
    """
    letters = list(text)
    places = [place for place, each in enumerate(letters) if each.isalnum()]
    for place in chance.sample(places, min(len(places), 1 + len(places) // SPACING)):
        letters[place] = mistype(letters, place, chance)
    return "".join(letters)


def mistype(letters: list[str], place: int, chance: random.Random) -> str:
    """Give what stands at one place after a typing error; a swap changes its neighbour too."""
    letter = letters[place]
    kind = chance.choice(("swap", "drop", "double", "near"))
    near = NEAR.get(letter.lower(), "")
    if kind == "near" and near:
        found = chance.choice(near)
        return found.upper() if letter.isupper() else found
    if kind in ("swap", "near") and place + 1 < len(letters) and letters[place + 1].isalnum():
        neighbour, letters[place + 1] = letters[place + 1], letter
        return neighbour
    return letter * 2 if kind == "double" or len(letters) == 1 else ""


def change_case(text: str, _: random.Random) -> str:
    """Write in capitals; what is all capitals in small letters."""
    upper = text.upper()
    return text.lower() if upper == text else upper


def change_width(text: str, _: random.Random) -> str:
    """Write ASCII as the full-width forms of East Asian keyboards, and the other way round."""
    return "".join(map(other_width, text))


def other_width(letter: str) -> str:
    """Give the other form of one character, if it has one (Unicode FF01 to FF5E, 3000)."""
    if letter == " ":
        return "\u3000"
    if "!" <= letter <= "~":
        return chr(ord(letter) + 0xFEE0)
    if unicodedata.east_asian_width(letter) == "F":
        return unicodedata.normalize("NFKC", letter)
    return letter


FORMS: dict[str, Callable[[str, random.Random], str]] = {
    "typos": add_typos,
    "case": change_case,
    "width": change_width,
}


def measure_robustness(answerer: Answerer, examples: Sequence[Example]) -> dict[str, Any]:
    """Measure what of its first metric a model loses when texts are written differently.

    Returns ``rows``, that metric of the texts as they are, and by form ``loss`` of it; where it
    is a mean over rows, such as accuracy, also ``counts`` of rows that only the changed, only
    the plain text had answered rightly. Rows out of scope do not count; without any other the
    table is empty.
    """
    scoped = [each for each in examples if each.labels or answerer.labels.multi]
    chosen = sorted(scoped, key=lambda each: each.digest)[:MOST_ROWS]
    if not chosen:
        return {}
    metric = find_measures(answerer.artifact.recipe.task).headline(answerer.labels)
    plain, value = headline(answerer, chosen)
    found: dict[str, Any] = {"rows": len(chosen), "seed": SEED, metric: value, "loss": {}}
    for form in FORMS:
        changed, other = headline(answerer, [rewrite(each, form) for each in chosen])
        found["loss"][form] = value - other
        if plain is not None and changed is not None:
            counts = count_pairs(changed, plain)
            found["loss"][form] = -counts.difference
            found.setdefault("counts", {})[form] = {"won": counts.won, "lost": counts.lost}
    return found


def rewrite(example: Example, form: str) -> Example:
    """Write an example's text differently, or both; what names its task stays."""
    second = None if example.text_b is None else perturb(example.text_b, form)
    text = example.opening + perturb(example.plain, form)
    return replace(example, text=text, text_b=second)


def headline(answerer: Answerer, examples: Sequence[Example]) -> tuple[Floats | None, float]:
    """Give a model's first metric, and what each row counts if it is a mean over rows, [N]."""
    measures, labels = find_measures(answerer.artifact.recipe.task), answerer.labels
    rows, metric = make_rows(ask(answerer, examples), examples), measures.headline(labels)
    outcomes = measures.outcomes(rows, labels)
    if metric in outcomes:
        return outcomes[metric], float(np.nanmean(outcomes[metric]))
    (told,) = measures.tell([rows], [labels])
    return None, measures.resampled[metric](told, np.arange(len(examples)))
