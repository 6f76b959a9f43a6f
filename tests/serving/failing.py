"""A model whose network can be made to hang, to kill its thread, or to be slow."""

from collections.abc import Sequence
from pathlib import Path
from threading import Event
from time import sleep
from typing import Any

from tests.runtime.tiny import make_artifact, make_language
from textwright.runtime.answer import Answerer
from textwright.runtime.artifact import open_artifact


class FailingNetwork:
    """Stands for ONNX Runtime's session, and does the same until told otherwise.

    kills: the next so many calls end their thread.
    hangs: the next so many calls return when ``released`` is set.
    fails: the next so many calls raise.
    text_s, call_s: time that each text and each call takes on top.
    shapes: of the batches that came, texts by tokens; of a step that writes, texts by rows.
    """

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.kills = self.hangs = self.fails = 0
        self.text_s = self.call_s = 0.0
        self.released = Event()
        self.shapes: list[tuple[int, int]] = []

    def run(self, names: Sequence[str] | None, feed: dict[str, Any]) -> Any:
        """Run a batch, or fail at it as told."""
        rows, width = (feed["ids"] if "ids" in feed else feed["tokens"]).shape[:2]
        self.shapes.append((rows, width))
        if self.kills:
            self.kills -= 1
            raise SystemExit
        if self.hangs:
            self.hangs -= 1
            self.released.wait()
        if self.fails:
            self.fails -= 1
            raise RuntimeError("the network broke")
        if self.call_s or self.text_s:
            sleep(self.call_s + rows * self.text_s)
        return self.inner.run(names, feed)


def failing_answerer(folder: Path) -> tuple[Answerer, FailingNetwork]:
    """Give a model and the network it runs."""
    make_artifact(folder)
    answerer = Answerer(open_artifact(folder))
    network = FailingNetwork(answerer.session.inner)
    answerer.session.inner = network
    return answerer, network


def failing_writer(folder: Path, **options: Any) -> tuple[Answerer, FailingNetwork]:
    """Give a model that writes a text on, and the network that takes its steps."""
    make_language(folder, **options)
    answerer = Answerer(open_artifact(folder))
    step = answerer.session.networks.step
    step.inner = FailingNetwork(step.inner)
    return answerer, step.inner
