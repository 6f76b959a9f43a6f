"""What goes over the wire about answers that were given: their traces, and feedback on them."""

from typing import Annotated, Any

import msgspec

Word = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
Whole = Annotated[str, msgspec.Meta(min_length=1, max_length=10_000)]  # a written text, too


class Traced(msgspec.Struct):
    """Where an answer comes from.

    prediction: what was recorded of it; null: the recipe does not keep that.
    feedback:   what later turned out to be right; null: nobody said.
    version:    that gave it.
    verdicts:   of its gates.
    run:        that trained it, with the SHA-256 of its recipe; null: it comes from elsewhere.
    datasets:   of the run.
    moves:      who let the version through, and when, oldest first.
    """

    prediction: dict[str, Any]
    feedback: dict[str, Any] | None
    version: dict[str, Any]
    verdicts: list[dict[str, Any]]
    run: dict[str, Any] | None
    datasets: list[dict[str, Any]]
    moves: list[dict[str, Any]]


class GivenFeedback(msgspec.Struct, forbid_unknown_fields=True):
    """What is right for an answer: a label or a text, or all labels that hold where several can."""

    id: Annotated[str, msgspec.Meta(max_length=64)]
    label: Whole | Annotated[list[Word], msgspec.Meta(max_length=1000)]


class FeedbackRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Feedback on answers, by their ids."""

    feedback: Annotated[list[GivenFeedback], msgspec.Meta(min_length=1, max_length=1000)]


class TakenFeedback(msgspec.Struct):
    """What became of it.

    status:  stored; unchanged: the same was said before; changed: something else was; unknown: no
             answer is recorded under this id.
    correct: whether the answer was; null: unknown.
    """

    id: str
    status: str
    correct: bool | None


class FeedbackAnswer(msgspec.Struct):
    """What became of each, in order; ``matched`` counts those whose answer is recorded."""

    matched: int
    feedback: list[TakenFeedback]
