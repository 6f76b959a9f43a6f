"""Several processes that answer on one port: started, watched, started anew, ended together.

Each worker is a whole server with its own event loop, sessions and listening socket; the kernel
shares new connections out (SO_REUSEPORT). The parent imports nothing heavy, so a fork is cheap.
"""

import logging
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from time import monotonic

from textwright.errors import SettingsError, TextwrightError
from textwright.serving.options import Options
from textwright.settings import Settings

WATCHED = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)
YOUNG_S = 10.0  # a worker that dies before this age is followed by a pause
PAUSE_S, LONGEST_PAUSE_S = 0.1, 5.0
GRACE_S = 5.0  # beyond the time that draining may take
METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # set before prometheus_client is imported
LOG = logging.getLogger(__name__)


def run_workers(settings: Settings, options: Options, *, started: Callable[[str], None]) -> None:
    """Serve with ``options.workers`` processes until SIGTERM or SIGINT; one is this process.

    started: called with the address once the first worker listens.
    Raises SettingsError when the port is taken, the first worker cannot start, or the system
    has no such processes.
    """
    if options.workers == 1:
        from textwright.serving.server import run_server

        run_server(settings, options, started=started)
        return
    if not (hasattr(os, "fork") and hasattr(socket, "SO_REUSEPORT")):
        raise SettingsError("This system cannot share a port.", "Leave --workers away.")
    before = signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    try:
        with (
            reserve_port(options.host, options.port) as held,
            TemporaryDirectory(prefix="textwright-metrics-") as folder,
        ):
            os.environ[METRICS_FOLDER] = folder
            options = replace(options, port=held.getsockname()[1])
            workers = Workers(settings, options, Path(folder))
            try:
                started(workers.start_first())
                workers.watch()
            finally:
                workers.stop()
    finally:
        os.environ.pop(METRICS_FOLDER, None)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Workers:
    """The workers of one parent.

    running: when each was started, by process id, on the clock of ``time.monotonic``.
    due:     when each of those that are missing is to be started.
    """

    def __init__(self, settings: Settings, options: Options, metrics: Path) -> None:
        self.settings = settings
        self.options = options
        self.metrics = metrics
        self.running: dict[int, float] = {}
        self.due: list[float] = []
        self.young_deaths = 0
        self.lifeline = os.pipe()  # read by every worker: it ends when the parent does

    def start_first(self) -> str:
        """Start one worker and give the address it listens on; the others are then due."""
        told, tell = os.pipe()

        def say(address: str) -> None:
            os.write(tell, address.encode())

        self.fork(say)
        os.close(tell)
        address = os.read(told, 1024).decode()
        os.close(told)
        if not address:
            raise SettingsError("The first worker could not start.", "Its message says why.")
        self.due = [monotonic()] * (self.options.workers - 1)
        return address

    def watch(self) -> None:
        """Start what is missing, until a signal says that it is over."""
        while True:
            now = monotonic()
            for _ in [each for each in self.due if each <= now]:
                self.fork()
            self.due = [each for each in self.due if each > now]
            wait_s = min([1.0, *(each - now for each in self.due)])
            came = signal.sigtimedwait(WATCHED, wait_s)
            if came is not None and came.si_signo != signal.SIGCHLD:
                return
            self.bury()

    def fork(self, started: Callable[[str], None] = lambda _address: None) -> None:
        """Start a worker."""
        process = os.fork()
        if process:
            self.running[process] = monotonic()
            return
        code = 3
        try:
            os.close(self.lifeline[1])
            Thread(target=end_with_parent, args=(self.lifeline[0],), daemon=True).start()
            code = work(self.settings, self.options, started)
        finally:  # nothing of the parent's may be unwound here
            os._exit(code)

    def bury(self) -> None:
        """Take note of workers that have ended, and plan others in their place."""
        for process in list(self.running):
            ended, status = os.waitpid(process, os.WNOHANG)
            if not ended:
                continue
            age_s = monotonic() - self.running.pop(process)
            self.young_deaths = self.young_deaths + 1 if age_s < YOUNG_S else 0
            pause_s = min(PAUSE_S * 2**self.young_deaths, LONGEST_PAUSE_S) if age_s < YOUNG_S else 0
            self.due.append(monotonic() + pause_s)
            for path in self.metrics.glob(f"gauge_live*_{process}.db"):
                path.unlink(missing_ok=True)
            LOG.error("worker %d ended with status %d; another follows", process, status)

    def stop(self) -> None:
        """Tell every worker to answer what it accepted and end; one that does not is killed."""
        for process in self.running:
            os.kill(process, signal.SIGTERM)
        end = monotonic() + self.options.limits.http.drain_s + GRACE_S
        for process in self.running:
            while os.waitpid(process, os.WNOHANG)[0] == 0:
                if monotonic() > end:
                    os.kill(process, signal.SIGKILL)
                signal.sigtimedwait([signal.SIGCHLD], 0.1)
        for each in self.lifeline:
            os.close(each)


def work(settings: Settings, options: Options, started: Callable[[str], None]) -> int:
    """Serve as one worker; gives its exit code."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, WATCHED)
    try:
        from textwright.serving.server import run_server

        run_server(settings, options, started=started)
    except TextwrightError as error:
        print(f"Error: {error}", file=sys.stderr, flush=True)
        return 1
    except Exception:
        traceback.print_exc()
        return 3
    return 0


def end_with_parent(lifeline: int) -> None:
    """Drain this worker when its parent is gone, however that ended: the body of a thread."""
    os.read(lifeline, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def reserve_port(host: str, port: int) -> socket.socket:
    """Keep a port for the workers: bound, but not listening, so that no connection comes here.

    Raises SettingsError when somebody listens there or the host is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    shared = socket.socket(family)
    try:
        with socket.socket(family) as alone:  # two of ours would share the port silently
            alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            alone.bind((host, port))
            alone.listen()
            port = alone.getsockname()[1]
        shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        shared.bind((host, port))
    except OSError as error:
        shared.close()
        from textwright.serving.server import cannot_listen

        raise cannot_listen(host, port, error) from error
    return shared
