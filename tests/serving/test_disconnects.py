"""Clients by the thousand that leave, or dawdle: nothing of them stays, and nobody else waits."""

import asyncio
import gc
import resource
import socket
import struct
from contextlib import ExitStack
from pathlib import Path
from threading import active_count
from time import sleep

import pytest

from tests.serving.running import Running, Shelf, running, wait_until
from textwright.serving.limits import HttpLimits, Limits

BODY = b'{"inputs":["will it rain"]}'
HEAD = (
    b"POST /api/v1/models/intents/predict HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/json\r\n"
)
WHOLE = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
RESET = struct.pack("ii", 1, 0)
COUNTS = [300, pytest.param(10_000, marks=pytest.mark.faults)]
SOCKETS = [100, pytest.param(1000, marks=pytest.mark.faults)]


def leave(server: Running, turn: int) -> None:
    """Send some or all of a request, and go: at once, with a reset, or half."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(WHOLE[: len(WHOLE) * (turn % 5 + 1) // 5])
        if turn % 3 == 0:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        elif turn % 3 == 1:
            connection.shutdown(socket.SHUT_WR)


def tasks_of(server: Running) -> int:
    return int(server.on_loop(lambda: len(asyncio.all_tasks(server.loop))))


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def resident_kb() -> int:
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.partition("VmRSS:")[2].split()[0])


@pytest.mark.parametrize("count", COUNTS)
def test_clients_that_leave_leave_no_task_no_socket_and_no_memory(shelf: Shelf, count: int) -> None:
    shelf.deploy("intents", 1)
    with running(shelf) as server:
        batcher = server.server.loader.live["intents"].batcher

        def counts() -> tuple[int, int, int]:
            return tasks_of(server), open_files(), active_count()

        def settle() -> None:
            wait_until(lambda: not server.server.http.connections, timeout_s=30)
            wait_until(lambda: not batcher.items)
            wait_until(lambda: not batcher.open)
            gc.collect()

        for turn in range(100):  # what is made once is made
            leave(server, turn)
        settle()
        sleep(0.2)  # the last ones may still be on their way in
        before = counts()
        resident = resident_kb()
        for turn in range(count):
            leave(server, turn)
        settle()

        wait_until(lambda: counts() == before)
        assert resident_kb() - resident < 4096
        assert server.predict("rain").status == 200


@pytest.mark.parametrize("count", SOCKETS)
def test_slow_clients_are_cut_off_in_time_and_others_answered_meanwhile(
    shelf: Shelf, count: int
) -> None:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if most < 2 * count + 100:
        pytest.skip(f"only {most} files may be open")
    shelf.deploy("intents", 1)
    limits = Limits(
        poll_s=0.02,
        http=HttpLimits(head_s=0.5 + count / 400, body_s=0.5 + count / 400, tick_s=0.05),
    )
    with running(shelf, limits) as server, ExitStack() as stack:
        slow = []
        for number in range(count):
            line = socket.create_connection(("127.0.0.1", server.port), timeout=30)
            slow.append(stack.enter_context(line))
            line.sendall(WHOLE[: 1 + number % (len(WHOLE) - 1)])
        wait_until(lambda: len(server.server.http.connections) > count // 2)
        assert all(server.predict("rain").status == 200 for _ in range(20))
        wait_until(lambda: not server.server.http.connections, timeout_s=30)
        first = slow[-1].recv(65536)
        assert first.startswith(b"HTTP/1.1 408")
