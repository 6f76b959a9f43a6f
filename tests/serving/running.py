"""A server on a real socket, in a thread of the test's process."""

import asyncio
import http.client
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

from tests.runtime.tiny import (
    make_artifact,
    make_embedder,
    make_language,
    make_matcher,
    make_writer,
)
from textwright.manifest import address_of
from textwright.serving.deployments import Deployment, Source, Target
from textwright.serving.limits import Limits
from textwright.serving.options import Options
from textwright.serving.server import Server, find_loop_factory

QUICK = Limits(poll_s=0.02)


@dataclass
class Answer:
    """What came back over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


@dataclass
class Running:
    """A running server, and the deployments it is shown."""

    server: Server
    loop: asyncio.AbstractEventLoop
    port: int
    shelf: "Shelf"

    def ask(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None
    ) -> Answer:
        """Send one request over a new connection; a body that is no bytes is sent as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        given = dict(headers or {})
        if body is not None:
            given.setdefault("Content-Type", "application/json")
        sent = body if body is None or isinstance(body, bytes) else json.dumps(body)
        connection.request(method, path, sent, given)
        response = connection.getresponse()
        answer = Answer(response.status, dict(response.getheaders()), response.read())
        connection.close()
        return answer

    def predict(self, *texts: str, name: str = "intents") -> Answer:
        """Ask the native protocol."""
        return self.ask("POST", f"/api/v1/models/{name}/predict", {"inputs": list(texts)})

    def on_loop(self, call: Callable[[], Any]) -> Any:
        """Call something on the server's event loop, and give what it returns."""

        async def run() -> Any:
            return call()

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(10)

    def stop(self) -> None:
        """Stop the server as a signal does; what it accepted is answered."""
        asyncio.run_coroutine_threadsafe(self.server.stop(), self.loop).result(20)


@dataclass
class Shelf:
    """Artifacts in a folder, and which version of each model should answer.

    rows: deployments with more than a stable version; they go before ``targets``.
    kept: every version that was made, for those asked for by number.
    """

    root: Path
    targets: dict[str, Target] = field(default_factory=dict)
    rows: dict[str, Deployment] = field(default_factory=dict)
    kept: dict[str, dict[int, str]] = field(default_factory=dict)
    failure: Exception | None = None

    def deploy(self, model: str, version: int, **options: Any) -> str:
        """Make an artifact and let it be the version that should answer."""
        address = self.make(model, version, **options).address
        self.targets = {**self.targets, model: Target(version, address)}
        return address

    def make(self, model: str, version: int, **options: Any) -> Target:
        """Make an artifact that nobody is answered by yet."""
        folder = self.root / f"{model}-{version}"
        address = make_artifact(folder, name=model, **options)
        return self.keep(folder, model, version, address)

    def deploy_embedder(self, model: str, version: int, *, width: int = 8) -> None:
        """Make an artifact that embeds, and let it be the version that should answer."""
        folder = self.root / f"{model}-{version}"
        address = make_embedder(folder, name=model, width=width)
        self.targets = {**self.targets, model: self.keep(folder, model, version, address)}

    def deploy_matcher(self, model: str, version: int, *, labels: str = "regression") -> None:
        """Make an artifact that matches, and let it be the version that should answer."""
        folder = self.root / f"{model}-{version}"
        address = make_matcher(folder, name=model, labels=labels)
        self.targets = {**self.targets, model: self.keep(folder, model, version, address)}

    def deploy_writer(self, model: str, version: int, *, form: str = "lstm") -> None:
        """Make an artifact that writes, and let it be the version that should answer."""
        folder = self.root / f"{model}-{version}"
        address = make_writer(folder, name=model, form=form)
        self.targets = {**self.targets, model: self.keep(folder, model, version, address)}

    def deploy_language(self, model: str, version: int, **options: Any) -> None:
        """Make an artifact that writes on, and let it be the version that should answer."""
        folder = self.root / f"{model}-{version}"
        address = make_language(folder, name=model, **options)
        self.targets = {**self.targets, model: self.keep(folder, model, version, address)}

    def deploy_trained(self, model: str, folder: Path) -> None:
        """Let a version that was trained elsewhere be the one that should answer."""
        address = address_of(folder)
        (self.root / address).symlink_to(folder)
        self.targets = {**self.targets, model: Target(1, address)}

    def keep(self, folder: Path, model: str, version: int, address: str) -> Target:
        """Put a made artifact where it is looked for."""
        folder.rename(self.root / address)
        self.kept.setdefault(model, {})[version] = address
        return Target(version, address)

    def read(self) -> dict[str, Target]:
        """Give the targets, or fail as a database that is away does."""
        if self.failure is not None:
            raise self.failure
        return self.targets

    def source(self) -> Source:
        """Give what a loader reads."""
        return Source(
            self.deployments,
            lambda address: self.root / address,
            lambda model: self.kept.get(model, {}),
        )

    def deployments(self) -> dict[str, Deployment]:
        """Give the rows that a loader reads."""
        return {**{name: Deployment(each) for name, each in self.read().items()}, **self.rows}


@contextmanager
def running(shelf: Shelf, limits: Limits = QUICK, *, wait: bool = True) -> Iterator[Running]:
    """Run a server until the block ends."""
    options = Options(port=0, limits=limits)
    with running_one(lambda: Server(shelf.source(), options), shelf, wait=wait) as found:
        yield found


@contextmanager
def running_one(
    make: Callable[[], Server], shelf: Shelf | None = None, *, wait: bool = True
) -> Iterator[Running]:
    """Run the server that is made on its event loop, until the block ends."""
    loop = (find_loop_factory() or asyncio.new_event_loop)()
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> tuple[Server, int]:
        server = make()
        return server, await server.start("127.0.0.1", 0)

    server, port = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    found = Running(server, loop, port, shelf or Shelf(Path()))
    try:
        if wait:
            wait_until(lambda: server.loader.ready)
        yield found
    finally:
        found.stop()
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        server.loader.thread.join(10)
        if server.doorkeeper.thread.is_alive():
            server.doorkeeper.thread.join(10)
        loop.close()


def wait_until(holds: Callable[[], object], *, timeout_s: float = 10.0) -> None:
    """Wait until something holds; fail when it does not in time."""
    end = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)
