"""Tell other programs of events: at least once, signed, from an outbox.

An event is put into the outbox by the transaction that writes it. ``deliver`` sends what is due:
it takes a row by moving its next attempt ahead, sends, and notes what came of it, so a worker
killed in between has the event sent again. The receiver tells repeats by the sequence.

The signature is HMAC-SHA256 (RFC 2104) over the time, a dot and the body.
"""

import hashlib
import hmac
import http.client
import secrets
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from textwright.errors import RefusedError, TextwrightError, UnknownNameError
from textwright.lifecycle.database import Sessions
from textwright.lifecycle.journal import append_event, lock_head
from textwright.lifecycle.tables import Event, utc_now
from textwright.lifecycle.tables_around import Outbox, Webhook
from textwright.lifecycle.targets import read_target, resolve

TIMEOUT_S = 10.0
FIRST_WAIT = timedelta(seconds=10)  # doubled with every attempt
LONGEST_WAIT = timedelta(hours=6)
ATTEMPTS = 15  # over about a day


@dataclass(frozen=True)
class Delivered:
    """How many sendings went well, will be tried again, and were given up."""

    delivered: int = 0
    failed: int = 0
    given_up: int = 0


@dataclass(frozen=True)
class Parcel:
    """One event on its way."""

    sequence: int
    webhook: int
    url: str
    secret: str
    text: str
    attempts: int


def add_webhook(
    session: Session, url: str, *, kinds: Sequence[str] = (), listed: Sequence[str] = (), actor: str
) -> Webhook:
    """Tell an address of events from now on; its secret is in the row.

    kinds:  of events; none means all.
    listed: private hosts and networks that are allowed.
    Raises UsageError for an address that is not allowed, RefusedError for one known already.
    """
    read_target(url, listed)
    lock_head(session)
    webhook = session.scalar(select(Webhook).where(Webhook.url == url))
    if webhook is not None and webhook.removed_at is None:
        raise RefusedError(f"{url} is told of events already.", "Remove it first.")
    if webhook is None:
        webhook = Webhook(url=url)
        session.add(webhook)
    webhook.secret, webhook.kinds, webhook.removed_at = secrets.token_hex(32), list(kinds), None
    session.flush()
    details = {"webhook": webhook.id, "url": url, "kinds": list(kinds)}
    append_event(session, "webhook_added", actor=actor, details=details)
    return webhook


def remove_webhook(session: Session, url: str, *, actor: str) -> None:
    """Tell an address nothing more; what waits for it is dropped. Raises UnknownNameError."""
    lock_head(session)
    removed = session.scalars(
        update(Webhook)
        .where(Webhook.url == url, Webhook.removed_at.is_(None))
        .values(removed_at=utc_now())
        .returning(Webhook.id)
    ).one_or_none()
    if removed is None:
        raise UnknownNameError(
            f"No webhook leads to {url}.", "`textwright webhooks list` names all."
        )
    session.execute(
        update(Outbox)
        .where(Outbox.webhook_id == removed, Outbox.state == "waiting")
        .values(state="given_up", error="The webhook was removed.")
    )
    append_event(session, "webhook_removed", actor=actor, details={"webhook": removed, "url": url})


def list_webhooks(session: Session) -> list[Webhook]:
    """List the webhooks that are told of events, oldest first."""
    query = select(Webhook).where(Webhook.removed_at.is_(None)).order_by(Webhook.id)
    return list(session.scalars(query))


def deliver(
    sessions: Sessions,
    *,
    listed: Sequence[str] = (),
    limit: int = 100,
    timeout_s: float = TIMEOUT_S,
) -> Delivered:
    """Send what is due, oldest events first; any number of processes may do so at once."""
    counts = {"delivered": 0, "waiting": 0, "given_up": 0}
    for parcel in read_due(sessions, limit):
        if not take(sessions, parcel, timeout_s):
            continue  # another process did
        error = send(parcel, listed, timeout_s)
        state = "delivered" if error is None else "waiting"
        if error is not None and parcel.attempts + 1 >= ATTEMPTS:
            state = "given_up"
        with sessions.begin() as session:
            session.execute(
                update(Outbox)
                .where(Outbox.sequence == parcel.sequence, Outbox.webhook_id == parcel.webhook)
                .values(state=state, error=error, next_at=utc_now() + wait_after(parcel.attempts))
            )
        counts[state] += 1
    return Delivered(counts["delivered"], counts["waiting"], counts["given_up"])


def read_due(sessions: Sessions, limit: int) -> list[Parcel]:
    """Read what waits and is due."""
    query = (
        select(
            Outbox.sequence, Webhook.id, Webhook.url, Webhook.secret, Event.text, Outbox.attempts
        )
        .join(Webhook, Outbox.webhook_id == Webhook.id)
        .join(Event, Outbox.sequence == Event.sequence)
        .where(Outbox.state == "waiting", Outbox.next_at <= utc_now())
        .order_by(Outbox.sequence)
        .limit(limit)
    )
    with sessions() as session:
        return [Parcel(*row) for row in session.execute(query)]


def take(sessions: Sessions, parcel: Parcel, timeout_s: float) -> bool:
    """Take one for this process, by counting the attempt; whether nobody was first."""
    until = utc_now() + timedelta(seconds=3 * timeout_s)
    with sessions.begin() as session:
        taken = session.scalars(
            update(Outbox)
            .where(Outbox.sequence == parcel.sequence, Outbox.webhook_id == parcel.webhook)
            .where(Outbox.attempts == parcel.attempts, Outbox.state == "waiting")
            .values(attempts=parcel.attempts + 1, next_at=until)
            .returning(Outbox.sequence)
        ).one_or_none()
    return taken is not None


def wait_after(attempts: int) -> timedelta:
    """Give the time until the next attempt, after so many earlier ones."""
    wait: timedelta = FIRST_WAIT * (1 << attempts)
    return min(LONGEST_WAIT, wait)


def send(parcel: Parcel, listed: Sequence[str], timeout_s: float) -> str | None:
    """Send one event; gives what went wrong, None when the receiver took it (status 2xx).

    A redirection is not followed: it could lead anywhere.
    """
    try:
        target = read_target(parcel.url, listed)
        address = resolve(target, listed)
        connection = http.client.HTTPConnection(target.host, target.port, timeout=timeout_s)
        connection.sock = socket.create_connection((address, target.port), timeout_s)
        try:
            if target.secure:
                context = ssl.create_default_context()
                connection.sock = context.wrap_socket(connection.sock, server_hostname=target.host)
            body = parcel.text.encode("utf-8")
            connection.request("POST", target.path, body, headers_of(parcel, body))
            status = connection.getresponse().status
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, TextwrightError) as error:
        return str(error).splitlines()[0] if str(error) else type(error).__name__
    return None if 200 <= status < 300 else f"The receiver answered {status}."


def headers_of(parcel: Parcel, body: bytes) -> dict[str, str]:
    """Give the headers of a sending, its signature among them."""
    at = str(int(utc_now().timestamp()))
    return {
        "Content-Type": "application/json",
        "User-Agent": "textwright",
        "Textwright-Event": str(parcel.sequence),
        "Textwright-Signature": f"t={at},v1={sign(parcel.secret, at, body)}",
    }


def sign(secret: str, at: str, body: bytes) -> str:
    """Sign a body sent at a time (seconds since 1970), in hex."""
    return hmac.new(secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
