"""Which version answers for each model: what the deployment rows say, loaded and warm.

A thread looks at the rows; a new version is opened, checked and asked a first question there,
and only then takes the old one's place, on the event loop, between two requests.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, Thread
from time import monotonic

from textwright.errors import ArtifactError, NotReadyError, TextwrightError, unknown_name
from textwright.runtime.answer import Answerer
from textwright.runtime.artifact import open_artifact
from textwright.serving.batcher import Batcher
from textwright.serving.deployments import Source, Target
from textwright.serving.limits import Limits
from textwright.serving.metrics import ServerMetrics

GOLDEN = ("", "hello 你好", "a much longer text, as some are " * 8)  # a version must answer these
RETRY_S = 30.0  # before a version that could not be loaded is tried again
LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Live:
    """A version that answers."""

    model: str
    target: Target
    answerer: Answerer
    batcher: Batcher


class Loader:
    """Keeps ``live`` what the deployment rows say; made and used on the event loop.

    live:   the version that answers, by model.
    looked: the rows were read at least once, and what they name was tried.
    named:  the models they name; one that is not live could not be loaded.
    draining: the server is on its way out, and no longer ready.
    """

    def __init__(self, source: Source, limits: Limits, metrics: ServerMetrics) -> None:
        self.source = source
        self.limits = limits
        self.metrics = metrics
        self.live: dict[str, Live] = {}
        self.looked = False
        self.draining = False
        self.named: frozenset[str] = frozenset()
        self.failed: dict[tuple[str, Target], float] = {}  # when to try again
        self.loop = asyncio.get_running_loop()
        self.stopping = Event()
        self.thread = Thread(target=self.watch, daemon=True)
        self.thread.start()

    @property
    def ready(self) -> bool:
        """Whether every model answers that could be loaded, and at least one if any is named."""
        if self.draining or not self.looked or (self.named and not self.live):
            return False
        return all(each.batcher.alive for each in self.live.values())

    def find(self, name: str) -> Live:
        """Give the version that answers for ``model``, ``model@production`` or ``model@3``.

        Raises UnknownNameError with the nearest model, or when another version answers;
        NotReadyError before the rows were read.
        """
        live = self.live.get(name)
        if live is not None:
            return live
        model, _, wanted = name.partition("@")
        live = self.live.get(model)
        if live is None:
            if not self.looked:
                raise NotReadyError("The server is loading its models.", "Try again in a second.")
            if model in self.named:
                raise NotReadyError(f"{model} could not be loaded.", "The server's log says why.")
            raise unknown_name("model", model, self.live)
        if wanted not in ("production", str(live.target.version)):
            raise unknown_name("version that answers", name, [f"{model}@{live.target.version}"])
        return live

    def stop(self) -> None:
        """Look no more, and let every batcher end."""
        self.stopping.set()
        for live in self.live.values():
            live.batcher.close()

    def watch(self) -> None:
        """Look at the rows again and again: the body of the thread."""
        while not self.stopping.is_set():
            try:
                self.look()
            except Exception:  # whatever happens, what was last known serves on
                self.metrics.database_up.set(0)
                LOG.exception("the deployments could not be read")
            self.stopping.wait(self.limits.poll_s)

    def look(self) -> None:
        """Read the rows once, and load what is new in them."""
        try:
            targets = self.source.targets()
        except TextwrightError as error:
            self.metrics.database_up.set(0)
            LOG.warning("the deployments could not be read: %s", error.what)
            return
        self.metrics.database_up.set(1)
        for model, target in targets.items():
            live = self.live.get(model)
            due = self.failed.get((model, target), 0.0) <= monotonic()
            if (live is None or live.target != target) and due:
                self.load(model, target)
        self.call(self.finish_look, frozenset(targets))

    def load(self, model: str, target: Target) -> None:
        """Open a version, let it answer the golden texts, and hand it over."""
        try:
            artifact = open_artifact(self.source.folder(target.address), verify=False)
            if artifact.address != target.address:
                raise ArtifactError(f"{artifact.folder} is of another address.", "Restore it.")
            answerer = Answerer(artifact)
            answerer.predict(GOLDEN)
        except Exception as error:  # the version is bad, in whatever way: the old one stays
            self.failed[model, target] = monotonic() + RETRY_S
            self.metrics.load_failures.labels(model).inc()
            LOG.error("%s@%d cannot be served: %s", model, target.version, error)
            return
        self.failed.pop((model, target), None)
        self.call(self.swap, model, target, answerer)

    def call(self, function: Callable[..., None], *arguments: object) -> None:
        """Have a function run on the event loop, unless that is closed."""
        try:
            self.loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:
            self.stopping.set()

    def swap(self, model: str, target: Target, answerer: Answerer) -> None:
        """Put a new version in the old one's place; the old one answers what it has accepted."""
        if self.stopping.is_set():
            return
        items = self.metrics.batch_items.labels(model)
        seconds = self.metrics.batch_seconds.labels(model)

        def observe(count: int, took_s: float) -> None:
            items.observe(count)
            seconds.observe(took_s)

        old = self.live.get(model)
        batcher = Batcher(answerer, self.limits.batch, observe)
        self.live[model] = Live(model, target, answerer, batcher)
        self.metrics.version.labels(model).set(target.version)
        if old is not None:
            old.batcher.close()
        LOG.info("%s@%d answers now", model, target.version)

    def finish_look(self, named: frozenset[str]) -> None:
        """Drop models without a deployment, and remember that all was looked at."""
        for model in self.live.keys() - named:
            self.live.pop(model).batcher.close()
            self.metrics.version.remove(model)
        self.named = named
        self.looked = True
