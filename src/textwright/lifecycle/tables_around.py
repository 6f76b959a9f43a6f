"""Tables around the registry: counts of servers, leases, webhooks, keys, erasable records, gc.

None of them says what is in production; rows here may go without a version changing.
"""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from textwright.lifecycle.roles import ROLES
from textwright.lifecycle.tables import (
    DIGEST_LENGTH,
    NAME_LENGTH,
    Event,
    Model,
    Table,
    Version,
    one_of,
    utc_now,
)

OUTBOX_STATES = ("waiting", "delivered", "given_up")
LOOSE_STATES = ("arriving", "marked")


class Count(Table):
    """What servers saw of a version in one minute, for one guard; ``add_counts`` adds to it.

    Stable and candidate are told apart by their version number. Of a caller's requests in a
    window of the policy's ``caller_minutes`` at most ``per_caller`` count: the server caps them
    before it adds.
    """

    __tablename__ = "count"
    __table_args__ = (
        ForeignKeyConstraint(("model_id", "version"), (Version.model_id, Version.number)),
        CheckConstraint("bad >= 0 AND bad <= n", name="bad"),
    )

    model_id: Mapped[int] = mapped_column(ForeignKey(Model.id), primary_key=True)
    minute: Mapped[int] = mapped_column(
        primary_key=True, autoincrement=False
    )  # whole minutes since 1970, UTC
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # its number
    guard: Mapped[str] = mapped_column(String(32), primary_key=True)
    n: Mapped[int] = mapped_column(BigInteger)  # units seen
    bad: Mapped[int] = mapped_column(BigInteger)  # of them against the guard


class Lease(Table):
    """Who alone may do a piece of work, and until when; anybody may take one that ran out."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(String(NAME_LENGTH), primary_key=True)
    holder: Mapped[str] = mapped_column(String(128))
    until: Mapped[datetime]


class Webhook(Table):
    """An address that is told of events."""

    __tablename__ = "webhook"

    id: Mapped[int] = mapped_column(primary_key=True)
    url: Mapped[str] = mapped_column(Text, unique=True)
    secret: Mapped[str] = mapped_column(String(64))  # signs what is sent: both ends must hold it
    kinds: Mapped[list[str]]  # of events; empty: every kind
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    removed_at: Mapped[datetime | None]


class Outbox(Table):
    """An event on its way to a webhook; written in the event's own transaction."""

    __tablename__ = "outbox"
    __table_args__ = (CheckConstraint(one_of("state", OUTBOX_STATES), name="state"),)

    sequence: Mapped[int] = mapped_column(ForeignKey(Event.sequence), primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey(Webhook.id), primary_key=True)
    state: Mapped[str] = mapped_column(String(16), default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    error: Mapped[str | None] = mapped_column(Text)  # of the last attempt


class Principal(Table):
    """A person or program that acts, and what it may do."""

    __tablename__ = "principal"
    __table_args__ = (CheckConstraint(one_of("role", ROLES), name="role"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH), unique=True)
    role: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Key(Table):
    """A principal's secret, of which only the SHA-256 is kept."""

    __tablename__ = "key"

    id: Mapped[int] = mapped_column(primary_key=True)
    principal_id: Mapped[int] = mapped_column(ForeignKey(Principal.id), index=True)
    digest: Mapped[str] = mapped_column(String(DIGEST_LENGTH), unique=True)
    label: Mapped[str] = mapped_column(String(NAME_LENGTH))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]

    principal: Mapped[Principal] = relationship(lazy="joined", innerjoin=True)


class HeldOut(Table):
    """A file of texts or row digests beside an artifact, which may be erased."""

    __tablename__ = "held_out"

    artifact: Mapped[str] = mapped_column(String(DIGEST_LENGTH), primary_key=True)
    path: Mapped[str] = mapped_column(String(128), primary_key=True)  # inside records/ARTIFACT
    rows: Mapped[int]
    digest: Mapped[str] = mapped_column(String(DIGEST_LENGTH))  # of its bytes; outlives them
    retention_until: Mapped[datetime | None] = mapped_column(index=True)  # None: no limit
    erased_at: Mapped[datetime | None]


class Loose(Table):
    """An artifact of the store that no version and no run refers to.

    ``arriving``: it is being registered. ``marked``: ``gc`` found it, and takes it away when it
    has stood here for the time of grace.
    """

    __tablename__ = "loose"
    __table_args__ = (CheckConstraint(one_of("state", LOOSE_STATES), name="state"),)

    artifact: Mapped[str] = mapped_column(String(DIGEST_LENGTH), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    since: Mapped[datetime] = mapped_column(default=utc_now)
