"""Versions that answer: opened, checked, warm, and which of them answers a caller."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from textwright.errors import ArtifactError
from textwright.lifecycle.traffic import goes_to_candidate
from textwright.runtime.answer import Answerer
from textwright.runtime.artifact import open_artifact
from textwright.serving.batcher import Batcher
from textwright.serving.deployments import Deployment, Target
from textwright.serving.limits import Limits
from textwright.serving.metrics import ServerMetrics
from textwright.serving.streams.engine import StreamEngine
from textwright.serving.version_tally import VersionTally

GOLDEN = ("", "hello 你好", "a much longer text, as some are " * 8)  # a version must answer these


@dataclass(frozen=True)
class Live:
    """A version that answers, and what it has done.

    streams: writes texts token by token; None: it writes none.
    """

    model: str
    target: Target
    answerer: Answerer
    batcher: Batcher
    tally: VersionTally = field(default_factory=VersionTally, compare=False)
    streams: StreamEngine | None = None

    @property
    def alive(self) -> bool:
        """Whether the threads that answer work."""
        return self.batcher.alive and (self.streams is None or self.streams.alive)

    @property
    def items(self) -> int:
        """Texts accepted and not yet answered."""
        return self.batcher.items + (0 if self.streams is None else self.streams.rows)

    def close(self) -> None:
        """Take nothing more; what was accepted is answered."""
        self.batcher.close()
        if self.streams is not None:
            self.streams.close()


@dataclass(frozen=True)
class Deployed:
    """A model's deployment with its versions.

    stable: the version before, while the row's cannot be loaded.
    candidate, shadow: None: the row names none, or it could not be loaded.
    """

    model: str
    row: Deployment
    stable: Live
    candidate: Live | None = None
    shadow: Live | None = None

    @property
    def versions(self) -> dict[Target, Live]:
        """Every version that is loaded."""
        held = (self.stable, self.candidate, self.shadow)
        return {each.target: each for each in held if each is not None}


def choose(deployed: Deployed, caller: str) -> Live:
    """Give the version that answers a request of a caller: the same to the same caller.

    Where the candidate could not be loaded, stable answers its callers too.
    """
    candidate, row = deployed.candidate, deployed.row
    if candidate is None or not row.share:
        return deployed.stable
    if goes_to_candidate(deployed.model, row.salt, row.share, caller):
        return candidate
    return deployed.stable


def open_answerer(folder: Callable[[str], Path], address: str) -> Answerer:
    """Open a version's artifact, its chat template too, and let it answer the golden texts.

    Raises ArtifactError, and whatever a broken network raises.
    """
    artifact = open_artifact(folder(address), verify=False)
    if artifact.address != address:
        raise ArtifactError(f"{artifact.folder} is of another address.", "Restore it.")
    answerer = Answerer(artifact)
    _ = answerer.chat  # made now, or refused
    answerer.predict([answerer.as_input(text) for text in GOLDEN])
    return answerer


def go_live(
    model: str, target: Target, answerer: Answerer, limits: Limits, metrics: ServerMetrics
) -> Live:
    """Give a version what feeds it; called on the event loop."""
    items = metrics.batch_items.labels(model)
    seconds = metrics.batch_seconds.labels(model)
    tally = VersionTally()

    def observe(count: int, took_s: float) -> None:
        items.observe(count)
        seconds.observe(took_s)
        tally.add_batch(count, took_s)

    batcher = Batcher(answerer, limits.batch, observe)
    writer, streams = answerer.writer, None
    if writer is not None:
        counts = metrics.of_streams(model, target.version)
        streams = StreamEngine(writer, limits.streams, counts)
    return Live(model, target, answerer, batcher, tally, streams)
