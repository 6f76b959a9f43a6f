"""Versions asked for by name that no deployment row names: loaded on demand, kept for a while."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import TypeVar

from textwright.errors import (
    DatabaseError,
    ForbiddenError,
    NotReadyError,
    OverloadedError,
    TextwrightError,
    UnauthorizedError,
    UnknownNameError,
    unknown_name,
)
from textwright.lifecycle.pointer import VIEWS
from textwright.lifecycle.roles import Caller
from textwright.runtime.answer import Answerer
from textwright.serving.deployments import Source, Target
from textwright.serving.limits import Limits
from textwright.serving.live import Deployed, Live, go_live, open_answerer
from textwright.serving.metrics import ServerMetrics

T = TypeVar("T")
ROLE = "operator"  # who may ask for a version that production does not answer with
NUMBER_DIGITS = 9
RETRY_S = 30.0  # before a version that could not be loaded is tried again
LOG = logging.getLogger(__name__)

Key = tuple[str, int]


class NamedVersions:
    """Loads versions in a thread of its own; everything else happens on the event loop."""

    def __init__(self, source: Source, limits: Limits, metrics: ServerMetrics) -> None:
        self.source = source
        self.limits = limits
        self.metrics = metrics
        self.kept: OrderedDict[Key, tuple[Live, float]] = OrderedDict()  # with their last use
        self.opening: dict[Key, asyncio.Task[Live]] = {}
        self.failed: dict[Key, float] = {}  # when to try again
        self.pool = ThreadPoolExecutor(1, thread_name_prefix="named")

    async def find(self, name: str, deployed: Deployed | None, key: Caller | None) -> Live:
        """Give the version called ``intents@3``, ``@candidate``, ``@latest``.

        deployed: of its model; None: nothing of it is in production.
        key:      whose key came with the request.
        Raises UnknownNameError with the nearest name, UnauthorizedError without a key,
        ForbiddenError for a role below operator, NotReadyError when it cannot be loaded,
        OverloadedError when too many others are being loaded, DatabaseError.
        """
        model, _, wanted = name.partition("@")
        check_wanted(model, wanted)
        check_role(name, key)
        number = await self.find_number(model, wanted, deployed)
        held = deployed.versions.values() if deployed is not None else ()
        for live in held:
            if live.target.version == number:
                return live
        return await self.load((model, number))

    async def find_number(self, model: str, wanted: str, deployed: Deployed | None) -> int:
        """Tell which version a name means."""
        if wanted == "latest":
            versions = await self.in_thread(lambda: self.source.versions(model))
            if not versions:
                raise UnknownNameError(f"{model} has no version.", "Train and register one.")
            return max(versions)
        if wanted == "candidate":
            if deployed is None or deployed.row.candidate is None:
                what = f"No rollout of {model} is under way."
                raise UnknownNameError(what, f"Ask for {model}, or for a version by its number.")
            return deployed.row.candidate.version
        return int(wanted)

    async def load(self, key: Key) -> Live:
        """Give a version that is kept, or load it; any number of requests wait for one loading."""
        found = self.kept.get(key)
        if found is not None:
            self.keep(key, found[0])
            return found[0]
        opening = self.opening.get(key)
        if opening is None:
            if self.failed.get(key, 0.0) > monotonic():
                raise cannot_load(key)
            if len(self.opening) >= self.limits.rollout.named:
                raise OverloadedError("Other versions are being loaded.", "Try again in a second.")
            opening = self.opening[key] = asyncio.create_task(self.open(key))
            opening.add_done_callback(lambda task: self.end_opening(key, task))
        return await asyncio.shield(opening)

    async def open(self, key: Key) -> Live:
        """Open a version and keep it."""
        model, number = key
        target, answerer = await self.in_thread(lambda: self.read(key))
        live = go_live(model, target, answerer, self.limits, self.metrics)
        self.keep(key, live)
        LOG.info("%s@%d was asked for and answers now", model, number)
        return live

    def read(self, key: Key) -> tuple[Target, Answerer]:
        """Look a version up and open its artifact, in the thread."""
        model, number = key
        versions = self.source.versions(model)
        if number not in versions:
            known = [f"{model}@{each}" for each in versions]
            raise unknown_name("version", f"{model}@{number}", known[-100:])
        try:
            answerer = open_answerer(self.source.folder, versions[number])
        except Exception as error:  # the version is bad, in whatever way
            self.failed[key] = monotonic() + RETRY_S
            self.metrics.load_failures.labels(model).inc()
            LOG.error("%s@%d cannot be served: %s", model, number, error)
            raise cannot_load(key) from error
        return Target(number, versions[number]), answerer

    def keep(self, key: Key, live: Live) -> None:
        """Note a use; the one longest not used makes room."""
        self.kept[key] = live, monotonic()
        self.kept.move_to_end(key)
        while len(self.kept) > self.limits.rollout.named:
            _, (oldest, _) = self.kept.popitem(last=False)
            oldest.close()

    def sweep(self) -> None:
        """Drop what was not used for long."""
        oldest_use = monotonic() - self.limits.rollout.named_s
        while self.kept and next(iter(self.kept.values()))[1] < oldest_use:
            _, (live, _) = self.kept.popitem(last=False)
            live.close()

    def end_opening(self, key: Key, task: asyncio.Task[Live]) -> None:
        """Forget a loading that ended, and that nobody may wait for any more."""
        self.opening.pop(key, None)
        if not task.cancelled():
            task.exception()

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Run work in the thread; a database that is away is our failure, told as such."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self.pool, work)
        except DatabaseError as error:
            raise NotReadyError("The versions cannot be read.", "Try again later.") from error

    def stop(self) -> None:
        """Let every version end, and load no more."""
        for task in self.opening.values():
            task.cancel()
        self.pool.shutdown(wait=False, cancel_futures=True)
        for live, _ in self.kept.values():
            live.close()


def check_wanted(model: str, wanted: str) -> None:
    """Refuse what is neither a number nor the name of a view, naming the nearest."""
    if wanted in VIEWS:
        return
    if not (wanted.isascii() and wanted.isdigit() and len(wanted) <= NUMBER_DIGITS):
        known = [f"{model}@{each}" for each in VIEWS]
        raise unknown_name("version", f"{model}@{wanted}"[:200], known)


def check_role(name: str, key: Caller | None) -> None:
    """Refuse who may not ask for a version by its name."""
    if key is None:
        raise UnauthorizedError(f"{name} is asked for with a key.", f"Send one of role {ROLE}.")
    if not key.may(ROLE):
        what = f"{key.name} may not ask for {name}."
        raise ForbiddenError(what, f"That needs the role {ROLE}; production answers everybody.")


def cannot_load(key: Key) -> TextwrightError:
    """Build the error for a version whose artifact is bad or gone."""
    return NotReadyError("{}@{} could not be loaded.".format(*key), "The server's log says why.")
