"""What the guards of a rollout see of texts that were written: length, repetition, cut ends."""

from collections import deque
from collections.abc import Sequence

from textwright.tasks.generate import GenerateAnswer
from textwright.text.repeats import goes_round

GUARDS = frozenset({"length", "repetition", "cut"})
KNOWN = 500  # of stable's answers, the newest ones
LEAST = 50  # of them, before any but an empty one is told from the rest
TAIL = 0.05  # share of them that is shorter than usual, and share that is longer
FAR = 2.0  # times as short, or as long, as these

Edges = tuple[float, float]  # the least and the most characters of an answer that is not extreme


class WrittenAnswers:
    """Judges the answers of one rollout.

    What is extreme is told by stable's answers in the minutes before: so both versions are
    measured alike, and by nothing that they wrote in this minute.
    """

    def __init__(self) -> None:
        self.lengths: deque[int] = deque(maxlen=KNOWN)
        self.minute = 0
        self.edges: Edges = edges_of(())

    def judge(
        self, answers: Sequence[GenerateAnswer], minute: int, *, stable: bool
    ) -> dict[str, bool]:
        """Tell for each guard whether one of a request's answers is bad.

        minute: whole minutes since 1970. stable: which version wrote them.
        """
        if minute != self.minute:
            self.minute, self.edges = minute, edges_of(self.lengths)
        low, high = self.edges
        lengths = [len(each.text.strip()) for each in answers]
        if stable:
            self.lengths.extend(lengths)
        return {
            "length": not all(low <= each <= high for each in lengths),
            "repetition": any(goes_round(each.text) for each in answers),
            "cut": any(each.finish_reason == "length" for each in answers),
        }


def edges_of(lengths: Sequence[int]) -> Edges:
    """Give the edges by the lengths of stable's answers; an empty one is always extreme."""
    if len(lengths) < LEAST:
        return 1.0, float("inf")
    known, tail = sorted(lengths), int(TAIL * len(lengths))
    return max(1.0, known[tail] / FAR), known[-1 - tail] * FAR
