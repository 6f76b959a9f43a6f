"""Webhooks: real requests to a real receiver, at least once, signed, only where they may go."""

import hmac
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from sqlalchemy import select, text, update

from tests.lifecycle.conftest import on_sqlite
from textwright.errors import RefusedError, UnknownNameError, UsageError
from textwright.lifecycle.database import Sessions
from textwright.lifecycle.journal import append_event, read_events
from textwright.lifecycle.tables import Event, utc_now
from textwright.lifecycle.tables_around import Outbox
from textwright.lifecycle.targets import is_allowed, read_target
from textwright.lifecycle.webhooks import (
    ATTEMPTS,
    Delivered,
    add_webhook,
    deliver,
    list_webhooks,
    read_due,
    remove_webhook,
    take,
    wait_after,
)

LISTED = ("127.0.0.1",)


class Receiver(HTTPServer):
    """Takes requests, and answers with the statuses it was given, then with 200."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.statuses: list[int] = []

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}/hook"


class Handler(BaseHTTPRequestHandler):
    """Keeps what came."""

    server: Receiver

    def do_POST(self) -> None:
        """Keep a request and answer it."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers), body))
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        self.send_response(status)
        if status == 302:
            self.send_header("Location", self.server.url + "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run a receiver."""
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def promote(sessions: Sessions, number: int = 1) -> None:
    with sessions.begin() as session:
        append_event(session, "promoted", actor="李雷", subject=f"intents@{number}")


def hook(sessions: Sessions, url: str, *kinds: str) -> str:
    with sessions.begin() as session:
        return add_webhook(session, url, kinds=kinds, listed=LISTED, actor="ann").secret


def make_due(sessions: Sessions) -> None:
    with sessions.begin() as session:
        session.execute(update(Outbox).values(next_at=utc_now() - timedelta(seconds=1)))


def test_an_event_is_told_once_with_its_text_and_a_signature_that_fits(
    sessions: Sessions, receiver: Receiver
) -> None:
    secret = hook(sessions, receiver.url, "promoted")
    promote(sessions)

    assert deliver(sessions, listed=LISTED) == Delivered(delivered=1)
    assert deliver(sessions, listed=LISTED) == Delivered()

    ((headers, body),) = receiver.got
    at, signature = (part.split("=")[1] for part in headers["Textwright-Signature"].split(","))
    expected = hmac.new(secret.encode(), f"{at}.".encode() + body, sha256).hexdigest()
    assert signature == expected
    with sessions() as session:
        newest = session.scalars(select(Event).order_by(Event.sequence.desc())).first()
    assert newest is not None
    assert (body.decode(), headers["Textwright-Event"]) == (newest.text, str(newest.sequence))


def test_only_the_kinds_asked_for_and_only_events_after_it_are_told(
    sessions: Sessions, receiver: Receiver
) -> None:
    promote(sessions)
    hook(sessions, receiver.url, "rolled_back")
    promote(sessions, 2)
    with sessions.begin() as session:
        append_event(session, "rolled_back", actor="ann", subject="intents@1")

    deliver(sessions, listed=LISTED)

    assert [b"rolled_back" in body for _, body in receiver.got] == [True]


def test_an_event_that_was_rolled_back_is_never_told(
    sessions: Sessions, receiver: Receiver
) -> None:
    hook(sessions, receiver.url, "promoted")

    def interrupted() -> None:
        with sessions.begin() as session:
            append_event(session, "promoted", actor="ann", subject="intents@1")
            raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError):
        interrupted()

    assert deliver(sessions, listed=LISTED) == Delivered()


@on_sqlite
@pytest.mark.parametrize("status", [500, 404, 302, 101])
def test_a_receiver_that_does_not_take_it_is_asked_again_later_and_never_redirects(
    sessions: Sessions, receiver: Receiver, status: int
) -> None:
    hook(sessions, receiver.url, "promoted")
    promote(sessions)
    receiver.statuses = [status]

    assert deliver(sessions, listed=LISTED, timeout_s=2.0) == Delivered(failed=1)
    assert deliver(sessions, listed=LISTED) == Delivered()  # not due yet
    assert len(receiver.got) == 1
    make_due(sessions)
    assert deliver(sessions, listed=LISTED) == Delivered(delivered=1)


@on_sqlite
def test_a_receiver_that_is_gone_for_good_is_given_up(sessions: Sessions) -> None:
    hook(sessions, "http://127.0.0.1:9/", "promoted")
    promote(sessions)

    for _ in range(ATTEMPTS - 1):
        assert deliver(sessions, listed=LISTED) == Delivered(failed=1)
        make_due(sessions)
    assert deliver(sessions, listed=LISTED) == Delivered(given_up=1)
    make_due(sessions)
    assert deliver(sessions, listed=LISTED) == Delivered()


def test_waits_double_up_to_six_hours() -> None:
    waits = [wait_after(attempt).total_seconds() for attempt in range(ATTEMPTS)]

    assert waits[:4] == [10, 20, 40, 80]
    assert waits == sorted(waits)
    assert waits[-1] == 6 * 3600
    assert sum(waits) > 24 * 3600


@on_sqlite
def test_a_worker_that_died_while_sending_has_it_sent_again_and_two_share_the_work(
    sessions: Sessions, receiver: Receiver
) -> None:
    hook(sessions, receiver.url, "promoted")
    promote(sessions)
    (parcel,) = read_due(sessions, 10)

    assert take(sessions, parcel, 10.0)
    assert not take(sessions, parcel, 10.0)  # a second worker that read it at the same time
    assert deliver(sessions, listed=LISTED) == Delivered()  # the first may still be at it
    make_due(sessions)

    assert deliver(sessions, listed=LISTED) == Delivered(delivered=1)


def test_a_removed_webhook_is_told_nothing_and_may_come_back_with_a_new_secret(
    sessions: Sessions, receiver: Receiver
) -> None:
    first = hook(sessions, receiver.url)
    with pytest.raises(RefusedError, match="already"):
        hook(sessions, receiver.url)
    with sessions.begin() as session:
        remove_webhook(session, receiver.url, actor="ann")
    promote(sessions)

    assert deliver(sessions, listed=LISTED) == Delivered()
    with sessions() as session:
        assert list_webhooks(session) == []
    assert hook(sessions, receiver.url) != first
    with pytest.raises(UnknownNameError), sessions.begin() as session:
        remove_webhook(session, "https://example.com/", actor="ann")


@on_sqlite
def test_the_secret_is_in_no_event(sessions: Sessions, receiver: Receiver) -> None:
    secret = hook(sessions, receiver.url)

    with sessions() as session:
        assert secret not in str(read_events(session))


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ftp://example.com/", "no address of a web server"),
        ("https:///path", "no address of a web server"),
        ("http://example.com/", "not encrypted"),
        ("https://ann:secret@example.com/", "password"),
        ("https://exa\nmple.com/", "characters"),
        ("https://example.com:port/", "Port"),
    ],
)
def test_an_address_that_no_webhook_may_have_is_refused(url: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        read_target(url, LISTED)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.0.9", "169.254.169.254", "::1", "fe80::1%eth0", "0.0.0.0",
     "::ffff:127.0.0.1", "100.64.0.1", "224.0.0.1", "fd00::1"],
)  # fmt: skip
def test_private_loopback_and_link_local_addresses_need_the_list(address: str) -> None:
    assert not is_allowed(address, ())
    assert not is_allowed(address, ("example.com", "172.16.0.0/12"))


def test_public_addresses_and_listed_networks_are_allowed() -> None:
    assert is_allowed("93.184.216.34", ())
    assert is_allowed("2606:2800:220:1::1", ())
    assert is_allowed("10.1.2.3", ("10.0.0.0/8",))


@on_sqlite
def test_a_name_that_leads_inside_is_never_connected_to(
    sessions: Sessions, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    public = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 443))
    inside = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", receiver.server_port))
    with sessions.begin() as session:
        add_webhook(session, "https://rebound.example/", actor="ann")
    promote(sessions)

    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [public, inside])
    assert deliver(sessions) == Delivered(failed=2)  # webhook_added, promoted

    with sessions() as session:
        error = session.scalar(text("SELECT error FROM outbox"))
    assert "127.0.0.1 is private, and not listed" in str(error)
    assert receiver.got == []
