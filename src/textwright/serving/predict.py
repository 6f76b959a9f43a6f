"""A request's texts through the version that answers, the same for every protocol."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from secrets import token_hex
from time import monotonic, time

from textwright.errors import (
    DeadlineError,
    InvalidInputError,
    OverloadedError,
    TooLargeError,
)
from textwright.lifecycle.roles import Caller
from textwright.serving.keep import Keep
from textwright.serving.limits import Limits
from textwright.serving.live import Live, choose
from textwright.serving.loader import Loader
from textwright.serving.metrics import ServerMetrics
from textwright.serving.queues import Outcome
from textwright.text.examples import Input, Pair

RANDOM_BYTES = 8  # of an answer's id, after four of time


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks of a model.

    name:      ``intents``: stable or candidate, as the deployment says; ``intents@production``:
               the stable version; ``intents@3``, ``@candidate``, ``@latest``: for operators.
    caller:    who asks, as the request says; empty: nobody said.
    key:       whose key came with it; None: none did.
    timeout_s: time it may take; None: the server's own limit.
    priority:  0: as all others; the smaller of two above 0 goes first.
    request:   its id, where the client gave one.
    """

    name: str
    texts: Sequence[Input]
    caller: str = ""
    key: Caller | None = None
    timeout_s: float | None = None
    priority: int = 0
    request: str = ""


@dataclass(frozen=True, slots=True)
class Prediction:
    """The outcomes of one request, all of one version, in the order of its texts.

    ids: name each outcome, for feedback and for tracing it back.
    """

    model: str
    version: int
    ids: list[str]
    outcomes: list[Outcome]


@dataclass(frozen=True, slots=True)
class Done:
    """A request that was answered, for who counts and records.

    at:      seconds since 1970 at its end.
    seconds: from the request to its answers.
    live:    the version that answered.
    by_recipe: as its recipe says, so that another version can be asked the same.
    """

    asked: Asked
    given: Prediction
    at: float
    seconds: float
    live: Live
    by_recipe: bool = True


@dataclass(frozen=True, slots=True)
class Left:
    """A request whose client went away before its answers were there.

    seconds: that it had waited.
    """

    asked: Asked
    model: str
    version: int
    at: float
    seconds: float


@dataclass(frozen=True)
class Service:
    """What every route may use.

    before: called on the event loop with each request before it waits; each may refuse it.
    after:  called on the event loop with each answered request; each must be quick.
    left:   likewise with each that nobody waited for.
    clock:  seconds since 1970.
    keep:   the database; None: this server has none, and answers only.
    """

    loader: Loader
    metrics: ServerMetrics
    limits: Limits
    before: Sequence[Callable[[Asked], None]] = ()
    after: Sequence[Callable[[Done], None]] = ()
    left: Sequence[Callable[[Left], None]] = ()
    keep: Keep | None = None
    clock: Callable[[], float] = time


async def predict(service: Service, asked: Asked) -> Prediction:
    """Answer a request's texts, all by one version.

    Raises UnknownNameError, NotReadyError, OverloadedError; UnauthorizedError, ForbiddenError for
    a version that is not production's; InvalidInputError for no texts, TooLargeError for too
    many; when every text fails, the error of the first.
    """
    start = monotonic()
    live = await find_live(service.loader, asked)
    check_texts(asked.texts, service.limits, paired=live.answerer.task.PAIRED)
    for allow in service.before:
        allow(asked)
    outcomes = await submit(service, asked, live, start)
    given = Prediction(live.model, live.target.version, [new_id() for _ in asked.texts], outcomes)
    failed = tell_done(service, Done(asked, given, service.clock(), monotonic() - start, live))
    if len(failed) == len(asked.texts):
        raise failed[0]
    return given


async def find_live(loader: Loader, asked: Asked) -> Live:
    """Give the version that answers a request; raises as ``predict``."""
    deployed = loader.deployed.get(asked.name)
    if deployed is not None:
        return choose(deployed, asked.caller)
    return await find_named(loader, asked)


def tell_done(service: Service, done: Done) -> list[Exception]:
    """Tell of an answered request whoever counts and records; gives what failed of it."""
    assert done.live is not None, "a version answered it"
    for tell in service.after:
        tell(done)
    outcomes = done.given.outcomes
    failed = [each for each in outcomes if isinstance(each, Exception)]
    count_outcomes(service.metrics, done.live, len(outcomes), failed)
    done.live.tally.add_request(len(outcomes), len(failed), done.seconds, done.at)
    return failed


def tell_left(service: Service, asked: Asked, live: Live, seconds: float) -> None:
    """Tell of a request that nobody waited for."""
    left = Left(asked, live.model, live.target.version, service.clock(), seconds)
    for tell in service.left:
        tell(left)


async def find_named(loader: Loader, asked: Asked) -> Live:
    """Give the version that a request names; raises as ``predict`` and ``NamedVersions.find``."""
    model, at, wanted = asked.name.partition("@")
    deployed = loader.deployed.get(model)
    if not at or (deployed is None and asked.key is None):
        return loader.find_model(model).stable
    if deployed is not None and wanted in ("production", str(deployed.stable.target.version)):
        return deployed.stable
    return await loader.asked_for.find(asked.name, deployed, asked.key)


async def submit(service: Service, asked: Asked, live: Live, start: float) -> list[Outcome]:
    """Have a version answer; raises OverloadedError.

    start: of the request, on the monotonic clock.
    """
    allowed_s = min(asked.timeout_s or service.limits.answer_s, service.limits.answer_s)
    try:
        caller = asked.key.key if asked.key else asked.caller
        waiting = live.batcher.submit(
            asked.texts, start + allowed_s, caller=caller, priority=asked.priority
        )
    except OverloadedError:
        service.metrics.shed.labels(live.model).inc(len(asked.texts))
        raise
    try:
        return [each for each in await waiting if each is not None]
    except asyncio.CancelledError:
        tell_left(service, asked, live, monotonic() - start)
        raise


def check_texts(texts: Sequence[Input], limits: Limits, *, paired: bool) -> None:
    """Refuse a request with no texts, with too many, or not as the model takes them.

    paired: the model takes two texts as one input.
    """
    if not texts:
        raise InvalidInputError("The request has no inputs.", "Send at least one text.")
    if len(texts) > limits.inputs:
        what = f"The request has {len(texts)} inputs."
        raise TooLargeError(what, f"Send at most {limits.inputs} at once.")
    if any(isinstance(each, Pair) is not paired for each in texts):
        wanted = "pairs of texts" if paired else "single texts"
        hint = "Send text_a and text_b of each." if paired else "Send each as one text."
        raise InvalidInputError(f"This model takes {wanted}.", hint)


def count_outcomes(
    metrics: ServerMetrics, live: Live, total: int, failed: Sequence[Exception]
) -> None:
    """Count what was answered and what was not."""
    metrics.answers_of(live.model, live.target.version).inc(total - len(failed))
    for error in failed:
        reason = "deadline" if isinstance(error, DeadlineError) else "internal"
        metrics.failures.labels(live.model, reason).inc()


def new_id() -> str:
    """Name an answer: its second, then 64 random bits, in hex; nobody guesses another's.

    The database's index of records grows at one end then: writing them takes half the time.
    """
    return f"{int(time()):08x}{token_hex(RANDOM_BYTES)}"
