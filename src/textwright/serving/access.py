"""Who may do what on this server: keys are looked up in memory, roles held against routes.

A thread reads the live keys again and again, without SQLAlchemy: so a revoked key ends within a
second, and when the database is away those last known go on.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from threading import Event, Thread
from time import monotonic, time

from textwright.errors import ForbiddenError, NotReadyError, TextwrightError, UnauthorizedError
from textwright.lifecycle.roles import Caller
from textwright.serving.messages import Request

OPEN = "open"  # right to what anybody may ask: health, and the description of the routes
ASK = "ask"  # right to predict: any key, and without one only where the server is open
PREFIX = b"tw_"  # of every key, as ``lifecycle.access`` makes them
NOTED_EVERY_S = 600.0  # how exactly the last use of a key is known
LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Known:
    """A live key: the SHA-256 of it in hex, whose it is, and when it ends.

    expires: seconds since 1970; infinity: never.
    """

    digest: str
    caller: Caller
    expires: float


@dataclass(frozen=True)
class KeySource:
    """Where keys come from, and where their use is noted.

    read: the live keys by their digest; raises DatabaseError when the database is away.
    note: takes the numbers of keys that were used, and returns before they are written.
    close: called by the thread that read, when it reads no more.
    """

    read: Callable[[], Mapping[str, Known]]
    note: Callable[[list[int]], None]
    close: Callable[[], None] = lambda: None


class Doorkeeper:
    """Lets requests in, or says which key or role is missing.

    source: None: there are no keys here, and whatever needs one is refused.
    keyed:  predicting wants a key too.
    """

    def __init__(self, source: KeySource | None, *, keyed: bool = False, poll_s: float) -> None:
        self.source = source
        self.keyed = keyed
        self.poll_s = poll_s
        self.keys: Mapping[str, Known] = {}
        self.looked = source is None
        self.away = False
        self.used: set[int] = set()
        self.noted: dict[int, float] = {}  # when each key's use was last noted
        self.stopping = Event()
        self.thread = Thread(target=self.watch, name="doorkeeper", daemon=True)
        if source is not None:
            self.thread.start()

    def admit(self, request: Request, right: str) -> None:
        """Let a request to a route, and set whose key came with it.

        right: ``OPEN``, ``ASK``, or the least role that is needed.
        Raises UnauthorizedError, ForbiddenError; NotReadyError before the keys were read.
        """
        secret = find_secret(request.headers)
        free = right is OPEN or (right is ASK and not self.keyed)
        if secret is None or (free and not secret.startswith(PREFIX)):
            if free:  # clients that insist on some key may send any that is none of ours
                return
            raise no_key()
        if right is OPEN:
            return
        caller = self.find_caller(secret)
        if right is not ASK and not caller.may(right):
            raise ForbiddenError(
                f"This needs the role {right}; the key's owner is {caller.role}.",
                f"Ask an admin for a key with the role {right}.",
            )
        request.key = caller

    def find_caller(self, secret: bytes) -> Caller:
        """Tell whose key it is; raises UnauthorizedError, or NotReadyError before the first look.

        What is looked up is the digest of 256 random bits, so how long it takes tells nothing.
        """
        digest = sha256(secret).hexdigest()
        known = self.keys.get(digest)
        if known is None or not compare_digest(known.digest, digest) or known.expires <= time():
            if not self.looked:
                raise NotReadyError("The server has not read its keys yet.", "Try again soon.")
            raise bad_key()
        self.used.add(known.caller.key)
        return known.caller

    def watch(self) -> None:
        """Look at the keys again and again: the body of the thread."""
        assert self.source is not None, "the thread runs only with a source"
        while not self.stopping.is_set():
            try:
                self.look()
            except Exception:  # whatever happens, the keys last known go on
                LOG.exception("the keys could not be read")
            self.stopping.wait(self.poll_s)
        self.source.close()

    def look(self) -> None:
        """Read the live keys once, and pass on which were used."""
        assert self.source is not None, "the thread runs only with a source"
        try:
            self.keys = self.source.read()
            self.looked, self.away = True, False
        except TextwrightError as error:
            if not self.away:
                LOG.warning("the keys could not be read, those last known go on: %s", error.what)
            self.away = True
            return
        used, self.used = self.used, set()
        now = monotonic()
        due = [key for key in used if self.noted.get(key, -NOTED_EVERY_S) + NOTED_EVERY_S <= now]
        if due:
            self.noted.update(dict.fromkeys(due, now))
            self.source.note(due)

    def stop(self) -> None:
        """Look no more."""
        self.stopping.set()


def find_secret(headers: Mapping[bytes, bytes]) -> bytes | None:
    """Give the key that came with a request: as a bearer token, or as ``X-Api-Key``."""
    stated = headers.get(b"authorization")
    if stated is not None and stated[:7].lower() == b"bearer ":
        return stated[7:].strip()
    return headers.get(b"x-api-key")


def no_key() -> UnauthorizedError:
    """Build the error for a request without a key."""
    return UnauthorizedError(
        "This needs a key.", "Send the header Authorization: Bearer tw_..., or X-Api-Key."
    )


def bad_key() -> UnauthorizedError:
    """Build the error for a key that is unknown, revoked or expired: which, is not told."""
    error = UnauthorizedError(
        "This key is not good here.",
        "It is mistyped, revoked or expired: ask an admin for another.",
    )
    error.challenge += ', error="invalid_token"'
    return error
