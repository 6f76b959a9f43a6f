"""Which versions answer for each model: what the deployment rows say, loaded and warm.

A thread looks at the rows; a new version is opened, checked and asked a first question there,
and only then takes the old one's place, on the event loop, between two requests.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Event, Thread
from time import monotonic

from textwright.errors import NotReadyError, TextwrightError, unknown_name
from textwright.runtime.answer import Answerer
from textwright.serving.deployments import Deployment, Source, Target
from textwright.serving.limits import Limits
from textwright.serving.live import Deployed, Live, go_live, open_answerer
from textwright.serving.metrics import ServerMetrics
from textwright.serving.named import NamedVersions

RETRY_S = 30.0  # before a version that could not be loaded is tried again
LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class LoadFailure:
    """A version that could not be loaded, and why."""

    model: str
    version: int
    reason: str


class Loader:
    """Keeps ``deployed`` what the deployment rows say; made and used on the event loop.

    deployed: each model's versions.
    live:     of them the stable one, by model.
    looked:   the rows were read at least once, and what they name was tried.
    named:    the models they name; one that is not live could not be loaded.
    asked_for: versions that no row names.
    draining: the server is on its way out, and no longer ready.
    failures: each version that could not be loaded, once, for who tells of it.
    """

    def __init__(self, source: Source, limits: Limits, metrics: ServerMetrics) -> None:
        self.source = source
        self.limits = limits
        self.metrics = metrics
        self.deployed: dict[str, Deployed] = {}
        self.live: dict[str, Live] = {}
        self.looked = False
        self.draining = False
        self.named: frozenset[str] = frozenset()
        self.asked_for = NamedVersions(source, limits, metrics)
        self.rows: Mapping[str, Deployment] = {}  # as the thread last saw them
        self.failed: dict[tuple[str, Target], float] = {}  # when to try again
        self.told: set[tuple[str, Target]] = set()  # that they failed
        self.failures: deque[LoadFailure] = deque()
        self.loop = asyncio.get_running_loop()
        self.stopping = Event()
        self.loop.call_soon(self.keep_showing)
        self.thread = Thread(target=self.watch, daemon=True)
        self.thread.start()

    @property
    def ready(self) -> bool:
        """Whether every model answers that could be loaded, and at least one if any is named."""
        if self.draining or not self.looked or (self.named and not self.live):
            return False
        held = (live for each in self.deployed.values() for live in each.versions.values())
        return all(live.alive for live in held)

    @property
    def rolling(self) -> bool:
        """Whether a rollout is under way, as far as is known."""
        return any(row.candidate is not None for row in self.rows.values())

    def find(self, name: str) -> Live:
        """Give the loaded version called ``model``, ``model@production`` or ``model@3``.

        Raises UnknownNameError with the nearest model, or when the version is not loaded;
        NotReadyError before the rows were read.
        """
        live = self.live.get(name)
        if live is not None:
            return live
        model, _, wanted = name.partition("@")
        deployed = self.find_model(model)
        if wanted == "production":
            return deployed.stable
        held = {str(each.target.version): each for each in deployed.versions.values()}
        if wanted not in held:
            known = [f"{model}@{each}" for each in held]
            raise unknown_name("version that answers", name, known)
        return held[wanted]

    def find_model(self, model: str) -> Deployed:
        """Give a model's deployment; raises UnknownNameError, NotReadyError."""
        deployed = self.deployed.get(model)
        if deployed is not None:
            return deployed
        if not self.looked:
            raise NotReadyError("The server is loading its models.", "Try again in a second.")
        if model in self.named:
            raise NotReadyError(f"{model} could not be loaded.", "The server's log says why.")
        raise unknown_name("model", model, self.live)

    def stop(self) -> None:
        """Look no more, and let every batcher end."""
        self.stopping.set()
        self.asked_for.stop()
        for deployed in self.deployed.values():
            for live in deployed.versions.values():
                live.close()

    def watch(self) -> None:
        """Look at the rows again and again: the body of the thread."""
        while not self.stopping.is_set():
            try:
                self.look()
            except Exception:  # whatever happens, what was last known serves on
                self.metrics.database_up.set(0)
                LOG.exception("the deployments could not be read")
            self.stopping.wait(self.limits.poll_s)
        self.source.close()

    def look(self) -> None:
        """Read the rows once, and load what is new in them."""
        try:
            rows = self.source.deployments()
        except TextwrightError as error:
            self.metrics.database_up.set(0)
            LOG.warning("the deployments could not be read: %s", error.what)
            return
        self.metrics.database_up.set(1)
        before, self.rows = self.rows, rows
        for model, row in rows.items():
            opened = self.open_missing(model, row)
            if opened or before.get(model) != row:
                self.call(self.arrange, model, row, opened)
        self.call(self.finish_look, frozenset(rows))

    def open_missing(self, model: str, row: Deployment) -> dict[Target, Answerer]:
        """Open the versions of a row that are not loaded yet; without a stable one none."""
        deployed = self.deployed.get(model)
        held = deployed.versions if deployed is not None else {}
        opened: dict[Target, Answerer] = {}
        for target in row.targets:
            due = self.failed.get((model, target), 0.0) <= monotonic()
            if target in held or not due:
                continue
            if deployed is None and target != row.stable and row.stable not in opened:
                break
            answerer = self.open(model, target)
            if answerer is not None:
                opened[target] = answerer
        return opened

    def open(self, model: str, target: Target) -> Answerer | None:
        """Open a version; None when it is bad, in whatever way: what was there stays."""
        try:
            answerer = open_answerer(self.source.folder, target.address)
        except Exception as error:  # nothing in an artifact may end this thread
            self.failed[model, target] = monotonic() + RETRY_S
            reason = error.what if isinstance(error, TextwrightError) else str(error)
            if (model, target) not in self.told:
                self.told.add((model, target))
                self.failures.append(LoadFailure(model, target.version, reason[:500]))
            self.metrics.load_failures.labels(model).inc()
            LOG.error("%s@%d cannot be served: %s", model, target.version, error)
            return None
        self.failed.pop((model, target), None)
        return answerer

    def call(self, function: Callable[..., None], *arguments: object) -> None:
        """Have a function run on the event loop, unless that is closed."""
        try:
            self.loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:
            self.stopping.set()

    def arrange(self, model: str, row: Deployment, opened: Mapping[Target, Answerer]) -> None:
        """Let a model be answered as its row says; what it names no more ends when it is drained.

        A version that the row names in another place than before goes on as it is.
        """
        if self.stopping.is_set():
            return
        before = self.deployed.get(model)
        held = dict(before.versions) if before is not None else {}
        stable = held.get(row.stable)
        if stable is None and row.stable not in opened:
            if before is None:
                return
            stable = before.stable
        for target, answerer in opened.items():
            if target not in held:
                held[target] = go_live(model, target, answerer, self.limits, self.metrics)
        candidate, shadow = (
            None if each is None else held.get(each) for each in (row.candidate, row.shadow)
        )
        now = Deployed(model, row, stable or held[row.stable], candidate, shadow)
        self.deployed[model] = now
        self.live[model] = now.stable
        self.tell(before, now)
        for target in held.keys() - now.versions.keys():
            held[target].close()

    def tell(self, before: Deployed | None, now: Deployed) -> None:
        """Show how a model is deployed."""
        metrics = self.metrics
        metrics.version.labels(now.model).set(now.stable.target.version)
        candidate = now.candidate.target.version if now.candidate is not None else 0
        metrics.candidate.labels(now.model).set(candidate)
        metrics.share.labels(now.model).set(now.row.share if candidate else 0.0)
        if before is None or before.stable is not now.stable:
            LOG.info("%s@%d answers now", now.model, now.stable.target.version)

    def keep_showing(self) -> None:
        """Show what is under way again and again: of several workers, another may be asked."""
        if not self.stopping.is_set():
            self.show_queues()
            self.loop.call_later(self.limits.poll_s, self.keep_showing)

    def show_queues(self) -> None:
        """Show how many texts of each model are under way."""
        for deployed in self.deployed.values():
            held = deployed.versions.values()
            items = sum(live.batcher.items for live in held)
            self.metrics.queue.labels(deployed.model).set(items)
            engines = [live.streams for live in held if live.streams is not None]
            if engines:
                running = sum(each.running for each in engines)
                waiting = sum(each.rows for each in engines) - running
                self.metrics.streams.labels(deployed.model, "running").set(running)
                self.metrics.streams.labels(deployed.model, "waiting").set(waiting)

    def finish_look(self, named: frozenset[str]) -> None:
        """Drop models without a deployment, and remember that all was looked at."""
        for model in self.deployed.keys() - named:
            for live in self.deployed.pop(model).versions.values():
                live.close()
            del self.live[model]
            for gauge in (self.metrics.version, self.metrics.candidate, self.metrics.share):
                gauge.remove(model)
        self.asked_for.sweep()
        self.named = named
        self.looked = True
