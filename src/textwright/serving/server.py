"""The running server: its event loop, its port, and its end."""

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from errno import EADDRINUSE
from time import time

from textwright.errors import SettingsError
from textwright.heap import share_heap
from textwright.lifecycle.remote import open_store
from textwright.serving.access import Doorkeeper
from textwright.serving.app import LOCAL_NAMES, App, Gate
from textwright.serving.deployments import Source, database_source
from textwright.serving.housekeeping import Housekeeper
from textwright.serving.http import HttpServer
from textwright.serving.keep import Keep
from textwright.serving.keyring import database_keys
from textwright.serving.limits import RolloutLimits
from textwright.serving.loader import Loader
from textwright.serving.logs import report_to_log
from textwright.serving.metrics import ServerMetrics
from textwright.serving.options import Options
from textwright.serving.predict import Service
from textwright.serving.recording import Recorder
from textwright.serving.rollouts import Rollouts, webhook_chore
from textwright.serving.throttle import Throttle
from textwright.serving.tls import make_context
from textwright.settings import Settings

LOADING_S = 30.0  # a version's loading is waited for at the end
COLLECTED = (20_000, 5, 10)  # new objects between two searches for cycles; rude callers leave some
SWITCH_S = 0.001  # a thread back from the session waits at most this long for the interpreter
MODELS_S = 10.0  # in which one of several workers should have its models
WEBHOOKS_STOP_S = 1.0  # for one under way at the end; it is sent again by whoever comes next
LOG = logging.getLogger(__name__)


class Server:
    """One server on one event loop: made, started and stopped there.

    keep:  the database; without it the server answers, knows no keys, and does nothing else.
    clock: seconds since 1970.
    """

    def __init__(
        self,
        source: Source,
        options: Options,
        keep: Keep | None = None,
        *,
        clock: Callable[[], float] = time,
    ) -> None:
        limits = options.limits
        metrics = ServerMetrics()
        self.keep = keep
        self.tls = make_context(options.certificate, options.private_key)
        self.shared = options.workers > 1  # the port, with other processes
        self.loader = Loader(source, limits, metrics)
        self.throttle = Throttle(limits.key)
        keys = None if keep is None else database_keys(keep)
        self.doorkeeper = Doorkeeper(keys, keyed=is_keyed(options), poll_s=limits.poll_s)
        gate = Gate(self.doorkeeper, self.throttle, hosts_of(options), options.access_log)
        self.rollouts = Rollouts(self.loader, metrics, limits, clock)
        self.recorder = Recorder(metrics, limits.records)
        recording = [] if keep is None else [self.recorder.note]
        service = Service(
            self.loader,
            metrics,
            limits,
            before=[self.throttle.charge],
            after=[self.rollouts.counting.count, self.rollouts.shadow.copy, *recording],
            left=[self.rollouts.counting.count_left],
            keep=keep,
            clock=clock,
        )
        self.http = HttpServer(App(service, gate).handle, limits.http)
        self.housekeepers = [] if keep is None else self.hire(keep, limits.rollout, clock)

    def hire(
        self, keep: Keep, limits: RolloutLimits, clock: Callable[[], float]
    ) -> list[Housekeeper]:
        """Make the threads that work over the database; none does before the server starts."""
        rollouts, settle_s = self.rollouts.chores(keep), limits.settle_s
        webhooks = webhook_chore(keep, limits.judge_s)
        writing = self.recorder.writing(keep.settings.database)
        erasing = self.recorder.erasing(keep, clock)
        return [
            Housekeeper(rollouts, settle_s=settle_s),
            Housekeeper([webhooks], settle_s=settle_s, stop_s=WEBHOOKS_STOP_S),
            Housekeeper([writing]),  # from the first second on, that little waits
            Housekeeper([erasing], settle_s=settle_s),
        ]

    async def start(self, host: str, port: int) -> int:
        """Listen, and give the port; raises SettingsError when that cannot be."""
        try:
            port = await self.http.start(host, port, self.tls, shared=self.shared)
        except OSError as error:
            await self.end_threads()
            raise cannot_listen(host, port, error) from error
        for each in self.housekeepers:
            each.start()
        return port

    async def stop(self) -> None:
        """Answer what was accepted, then end."""
        self.loader.draining = True
        await self.http.stop()
        await self.end_threads()
        for each in self.housekeepers:
            await asyncio.to_thread(each.stop)
        if self.keep is not None:
            self.keep.close()

    async def end_threads(self) -> None:
        """End what looks, loads, answers and compares.

        A version that is just being loaded is waited for: the process would abort inside it.
        """
        self.loader.stop()
        self.doorkeeper.stop()
        self.rollouts.stop()
        await asyncio.to_thread(self.loader.thread.join, LOADING_S)


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
    gc.set_threshold(*COLLECTED)
    share_heap()
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
    loop.set_exception_handler(report_to_log)
    ended = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, ended.set)
    source = database_source(settings.database, open_store(settings.artifacts, settings.cache))
    server = Server(source, options, Keep(settings))
    if server.shared:
        await wait_for_models(server.loader)
    port = await server.start(options.host, options.port)
    started(f"{'https' if server.tls else 'http'}://{options.host}:{port}")
    if not is_local(options.host) and server.tls is None:
        LOG.warning("keys travel unencrypted: give --certificate, or let a proxy encrypt")
    await ended.wait()
    LOG.info("answering what was accepted, then stopping")
    await server.stop()


async def wait_for_models(loader: Loader) -> None:
    """Wait for the first answers, for a while: until then the other workers give theirs."""
    with suppress(TimeoutError):
        async with asyncio.timeout(MODELS_S):
            while not loader.ready:
                await asyncio.sleep(0.02)


def is_local(host: str) -> bool:
    """Whether nobody but this machine can call a server that listens there."""
    return host in LOCAL_NAMES or host == "::1"


def is_keyed(options: Options) -> bool:
    """Whether predicting wants a key: always where others than this machine can call."""
    return options.keyed or not is_local(options.host)


def hosts_of(options: Options) -> frozenset[str]:
    """Names a server may be called by: those allowed and its own; where none are said, any.

    On loopback its own are never any: a foreign page whose name points here must not get in.
    """
    if not options.hosts and not is_local(options.host):
        return frozenset()
    return frozenset(each.lower() for each in options.hosts) | LOCAL_NAMES | {options.host}


def cannot_listen(host: str, port: int, error: OSError) -> SettingsError:
    """Build the error for an address that cannot be listened on."""
    if error.errno == EADDRINUSE:
        hint = "Stop the other program, or choose another with --port."
        return SettingsError(f"Port {port} of {host} is in use.", hint)
    return SettingsError(
        f"{host}:{port} cannot be listened on: {error.strerror}.", "Choose --host and --port anew."
    )
