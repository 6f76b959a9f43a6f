"""A network whose every logit is drawn by chance, and plain ways to search what it could write."""

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from textwright.structures.search import Beam
from textwright.structures.writing import Bounds, Floats, Ints, State

STOP = 1
Text = tuple[tuple[int, ...], float, bool]  # tokens, sum of log-probabilities, finished


class TableNetwork:
    """Scores the next token by all that was written before, and by the source."""

    def __init__(self, vocabulary: int, seed: int) -> None:
        self.vocabulary = vocabulary
        self.seed = seed
        self.calls = 0

    def logits(self, source: int, written: tuple[int, ...]) -> Floats:
        """Score what may follow."""
        chance = np.random.default_rng([self.seed, source, *written])
        return (3 * chance.normal(size=self.vocabulary)).astype(np.float32)

    def log_probabilities(self, source: int, written: tuple[int, ...]) -> NDArray[np.float64]:
        """Give the same, normalized."""
        logits = self.logits(source, written).astype(np.float64)
        normal: NDArray[np.float64] = logits - np.log(np.exp(logits).sum())
        return normal

    def start(self, sources: list[int]) -> State:
        """Begin to write from sources."""
        nothing = np.zeros((len(sources), 1, 0), dtype=np.int64)
        return State({"source": np.array(sources)}, {"written": nothing})

    def read(self, source: int, prompt: Sequence[int]) -> State:
        """Begin to write on what stands after a source, but for the last of these tokens."""
        written = np.array(prompt[:-1], dtype=np.int64)[None, None]
        return State(
            {"source": np.array([source]), "pads": np.zeros(1, np.int64)}, {"written": written}
        )

    def __call__(self, tokens: Ints, state: State) -> tuple[Floats, State]:
        """Score the next token of each row."""
        self.calls += 1
        written = np.concatenate([state.past["written"], tokens[..., None]], axis=2)
        pads = state.source.get("pads", np.zeros(len(tokens), dtype=np.int64))
        logits = [
            [self.logits(int(source), tuple(row[1 + pad :].tolist())) for row in rows]
            for source, pad, rows in zip(state.source["source"], pads, written, strict=True)
        ]
        return np.array(logits), State(state.source, {"written": written})


def bounds_of(sources: list[int], longest: int) -> Bounds:
    return Bounds(np.zeros(len(sources), np.int64), np.full(len(sources), longest), (STOP,))


def every_text(network: TableNetwork, source: int, longest: int) -> list[Text]:
    """All texts that may be written, found by writing each."""
    others = [each for each in range(network.vocabulary) if each != STOP]
    texts: list[Text] = []
    for length in range(longest + 1):
        for tokens in product(others, repeat=length):
            finished = length < longest
            whole = (*tokens, STOP) if finished else tokens
            told = [
                network.log_probabilities(source, whole[:place])[token]
                for place, token in enumerate(whole)
            ]
            texts.append((tokens, float(sum(told)), finished))
    return texts


def score(text: Text, penalty: float) -> float:
    tokens, total, finished = text
    return total / float(((5 + len(tokens) + finished) / 6) ** penalty)


def plain_beams(network: TableNetwork, source: int, longest: int, beam: Beam) -> list[Text]:
    """Beam search as its description says, a hypothesis at a time; stops early if greedy."""
    live: list[Text] = [((), 0.0, False)]
    found: list[Text] = []
    for _ in range(longest):
        candidates = [
            ((*tokens, token), total + float(told), token == STOP)
            for tokens, total, _ in live
            for token, told in enumerate(network.log_probabilities(source, tokens))
        ]
        candidates.sort(key=lambda each: -each[1])
        found += [(each[0][:-1], each[1], True) for each in candidates[: beam.width] if each[2]]
        live = [each for each in candidates if not each[2]][: beam.width]
        if beam.width == 1 and found:
            return found
    found += live
    return sorted(found, key=lambda each: -score(each, beam.length_penalty))[: beam.best]
