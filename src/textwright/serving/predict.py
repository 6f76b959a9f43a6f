"""A request's texts through the version that answers, the same for every protocol."""

from collections.abc import Sequence
from dataclasses import dataclass
from secrets import token_hex
from time import monotonic

from textwright.errors import (
    DeadlineError,
    InvalidInputError,
    OverloadedError,
    TooLargeError,
)
from textwright.serving.batcher import Outcome
from textwright.serving.limits import Limits
from textwright.serving.loader import Live, Loader
from textwright.serving.metrics import ServerMetrics

ID_BYTES = 12


@dataclass(frozen=True)
class Service:
    """What every route may use."""

    loader: Loader
    metrics: ServerMetrics
    limits: Limits


@dataclass(frozen=True, slots=True)
class Prediction:
    """The outcomes of one request, all of one version, in the order of its texts."""

    model: str
    version: int
    outcomes: list[Outcome]


async def predict(service: Service, name: str, texts: Sequence[str]) -> Prediction:
    """Answer texts by the model that ``name`` stands for.

    Raises UnknownNameError, NotReadyError, OverloadedError; InvalidInputError for no texts,
    TooLargeError for too many; when every text fails, the error of the first.
    """
    live = service.loader.find(name)
    check_texts(texts, service.limits)
    try:
        waiting = live.batcher.submit(texts, monotonic() + service.limits.answer_s)
    except OverloadedError:
        service.metrics.shed.labels(live.model).inc(len(texts))
        raise
    outcomes = [each for each in await waiting if each is not None]
    failed = [each for each in outcomes if isinstance(each, Exception)]
    count_outcomes(service.metrics, live, len(outcomes), failed)
    if len(failed) == len(texts):
        raise failed[0]
    return Prediction(live.model, live.target.version, outcomes)


def check_texts(texts: Sequence[str], limits: Limits) -> None:
    """Refuse a request with no texts, or with more than one may have."""
    if not texts:
        raise InvalidInputError("The request has no inputs.", "Send at least one text.")
    if len(texts) > limits.inputs:
        what = f"The request has {len(texts)} inputs."
        raise TooLargeError(what, f"Send at most {limits.inputs} at once.")


def count_outcomes(
    metrics: ServerMetrics, live: Live, total: int, failed: Sequence[Exception]
) -> None:
    """Count what was answered and what was not."""
    metrics.answers.labels(live.model, live.target.version).inc(total - len(failed))
    for error in failed:
        reason = "deadline" if isinstance(error, DeadlineError) else "internal"
        metrics.failures.labels(live.model, reason).inc()


def new_id() -> str:
    """Name an answer: 96 random bits in hex, so that nobody guesses another's."""
    return token_hex(ID_BYTES)
