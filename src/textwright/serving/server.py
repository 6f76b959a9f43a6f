"""The running server: its event loop, its port, and its end."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable
from errno import EADDRINUSE

from textwright.errors import SettingsError
from textwright.lifecycle.remote import open_store
from textwright.serving.app import LOCAL_NAMES, App
from textwright.serving.deployments import Source, database_source
from textwright.serving.http import HttpServer
from textwright.serving.keep import Keep
from textwright.serving.limits import Limits
from textwright.serving.loader import Loader
from textwright.serving.metrics import ServerMetrics
from textwright.serving.options import Options
from textwright.serving.predict import Service
from textwright.settings import Settings

SWITCH_S = 0.001  # a thread back from the session waits at most this long for the interpreter
LOG = logging.getLogger(__name__)


class Server:
    """One server on one event loop: made, started and stopped there.

    keep: the database; without it the server answers and does nothing else.
    """

    def __init__(
        self, source: Source, limits: Limits, hosts: frozenset[str], keep: Keep | None = None
    ) -> None:
        metrics = ServerMetrics()
        self.keep = keep
        self.loader = Loader(source, limits, metrics)
        app = App(Service(self.loader, metrics, limits, keep=keep), hosts=hosts)
        self.http = HttpServer(app.handle, limits.http)

    async def start(self, host: str, port: int) -> int:
        """Listen, and give the port; raises SettingsError when that cannot be."""
        try:
            return await self.http.start(host, port)
        except OSError as error:
            self.loader.stop()
            raise cannot_listen(host, port, error) from error

    async def stop(self) -> None:
        """Answer what was accepted, then end."""
        self.loader.draining = True
        await self.http.stop()
        self.loader.stop()
        if self.keep is not None:
            self.keep.close()


def run_server(
    settings: Settings,
    options: Options,
    *,
    started: Callable[[str], None] = lambda _address: None,
) -> None:
    """Serve what the deployment rows name, until SIGTERM or SIGINT.

    started: called with the server's address once it listens.
    Raises SettingsError when the port is taken or the host is not this machine's.
    """
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # threads are ours to share out
    sys.setswitchinterval(SWITCH_S)
    with asyncio.Runner(loop_factory=find_loop_factory()) as runner:
        runner.run(serve(settings, options, started))


def find_loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Give uvloop's event loop where it exists; None means asyncio's own."""
    try:
        import uvloop
    except ImportError:  # not made for Windows
        return None
    return uvloop.new_event_loop


async def serve(settings: Settings, options: Options, started: Callable[[str], None]) -> None:
    """Serve until a signal ends it."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, ended.set)
    source = database_source(settings.database, open_store(settings.artifacts, settings.cache))
    server = Server(source, options.limits, hosts_of(options.host), Keep(settings))
    port = await server.start(options.host, options.port)
    started(f"http://{options.host}:{port}")
    await ended.wait()
    LOG.info("answering what was accepted, then stopping")
    await server.stop()


def hosts_of(host: str) -> frozenset[str]:
    """Names a server may be called by: on loopback its own alone, elsewhere any."""
    return LOCAL_NAMES if host in LOCAL_NAMES or host == "::1" else frozenset()


def cannot_listen(host: str, port: int, error: OSError) -> SettingsError:
    """Build the error for an address that cannot be listened on."""
    if error.errno == EADDRINUSE:
        hint = "Stop the other program, or choose another with --port."
        return SettingsError(f"Port {port} of {host} is in use.", hint)
    return SettingsError(
        f"{host}:{port} cannot be listened on: {error.strerror}.", "Choose --host and --port anew."
    )
