"""The tables of the registry: models, data sets, runs, versions, deployments, and the journal.

What people and servers leave beside it stands in ``tables_around``.

A rule that two writers could break is a constraint here. Schema changes are written as a
revision in ``migrations/versions`` as well; a test compares the two.
"""

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

NAME_LENGTH = 64
DIGEST_LENGTH = 64  # SHA-256 in hex
RUN_STATES = ("running", "finished", "failed")
OUTCOMES = ("pass", "fail", "unknown")
DEPLOYMENT_STATES = ("idle", "shadow", "canary", "promoted", "rolled_back")
DATASET_ROLES = ("train", "dev", "test")


def utc_now() -> datetime:
    """Time now, in UTC."""
    return datetime.now(UTC)


def one_of(column: str, values: tuple[str, ...]) -> str:
    """Write the SQL condition that a column holds one of a few words."""
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class UtcTime(TypeDecorator[datetime]):
    """A time in UTC; SQLite, which knows no zones, stores it as text without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn any time with a zone into UTC."""
        if value is None:
            return None
        in_utc = value.astimezone(UTC)
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the time back with its zone, whatever the server's zone is."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class Table(DeclarativeBase):
    """What all tables share: names of constraints, and the column types of Python types."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {
        dict[str, Any]: JSON,
        list[int]: JSON,
        list[str]: JSON,
        datetime: UtcTime,
        float: Double,
    }


class Model(Table):
    """A name that owns numbered versions."""

    __tablename__ = "model"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH), unique=True)
    newest: Mapped[int] = mapped_column(default=0)  # number of its newest version; 0: none yet
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Run(Table):
    """One training, from its start on: what went in, where, how long, what it left."""

    __tablename__ = "run"
    __table_args__ = (CheckConstraint(one_of("state", RUN_STATES), name="state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey(Model.id), index=True)
    state: Mapped[str] = mapped_column(String(16), default="running", index=True)
    recipe: Mapped[str] = mapped_column(Text)  # TOML, complete
    datasets: Mapped[dict[str, Any]]  # digest by split: {"train": ..., "dev": ..., "test": ...}
    seed: Mapped[int] = mapped_column(BigInteger)
    machine: Mapped[dict[str, Any]]
    libraries: Mapped[dict[str, Any]]  # version by package, our own included
    folder: Mapped[str] = mapped_column(Text)  # its checkpoints; empty: keeps none
    started_at: Mapped[datetime] = mapped_column(default=utc_now)
    ended_at: Mapped[datetime | None]
    seconds: Mapped[float | None]  # spent training, waiting left out
    artifact: Mapped[str | None] = mapped_column(
        String(DIGEST_LENGTH), index=True
    )  # address of what it left
    error: Mapped[str | None] = mapped_column(Text)
    code: Mapped[str | None] = mapped_column(String(NAME_LENGTH))  # version or commit of the code
    lock: Mapped[str | None] = mapped_column(String(DIGEST_LENGTH))  # SHA-256 of every distribution

    model: Mapped[Model] = relationship(lazy="joined", innerjoin=True)


class Dataset(Table):
    """Rows that runs were given, named by their digest; the rows themselves are not kept."""

    __tablename__ = "dataset"

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(DIGEST_LENGTH), unique=True)  # over all rows, sorted
    rows: Mapped[int]
    columns: Mapped[list[str]]
    source: Mapped[str] = mapped_column(Text)  # file the rows were first read from
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class RunDataset(Table):
    """The part that a data set played in a run."""

    __tablename__ = "run_dataset"
    __table_args__ = (CheckConstraint(one_of("role", DATASET_ROLES), name="role"),)

    run_id: Mapped[int] = mapped_column(ForeignKey(Run.id), primary_key=True)
    role: Mapped[str] = mapped_column(String(8), primary_key=True)
    dataset_id: Mapped[int] = mapped_column(ForeignKey(Dataset.id), index=True)


class Version(Table):
    """A model's numbered artifact. The same artifact twice is the same version."""

    __tablename__ = "version"
    __table_args__ = (
        UniqueConstraint("model_id", "number"),
        UniqueConstraint("model_id", "artifact"),
        CheckConstraint("number >= 1", name="number"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey(Model.id))
    number: Mapped[int]
    artifact: Mapped[str] = mapped_column(String(DIGEST_LENGTH), index=True)
    run_id: Mapped[int | None] = mapped_column(ForeignKey(Run.id))
    evaluated: Mapped[bool]  # measured on a test set; without, it is never promoted
    scores: Mapped[dict[str, Any]]  # metric -> value on the test set; None where undefined
    gated: Mapped[int] = mapped_column(default=0)  # how often its gates were judged
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    parent_id: Mapped[int | None] = mapped_column(
        ForeignKey("version.id")
    )  # trained on from; or in production when it was trained

    model: Mapped[Model] = relationship(lazy="joined", innerjoin=True)

    @property
    def name(self) -> str:
        """Model and number, as in ``intents@3``."""
        return f"{self.model.name}@{self.number}"


class Evidence(Table):
    """Something measured of a version, as canonical JSON text with its SHA-256."""

    __tablename__ = "evidence"
    __table_args__ = (UniqueConstraint("version_id", "kind", "digest"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey(Version.id))
    kind: Mapped[str] = mapped_column(String(64))
    content: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(DIGEST_LENGTH))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Verdict(Table):
    """What one gate said of a version; the rows of its newest round count."""

    __tablename__ = "verdict"
    __table_args__ = (
        UniqueConstraint("version_id", "round", "position"),
        CheckConstraint(one_of("outcome", OUTCOMES), name="outcome"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey(Version.id))
    round: Mapped[int]  # 1 for the first time its gates were judged
    position: Mapped[int]  # place of the gate in the recipe
    gate: Mapped[str] = mapped_column(Text)
    outcome: Mapped[str] = mapped_column(String(16))
    numbers: Mapped[dict[str, Any]]
    reason: Mapped[str] = mapped_column(Text)


class Deployment(Table):
    """What a model's traffic is served by: the only truth about it.

    Versions stand here by number; the foreign keys keep them to versions of this model.
    """

    __tablename__ = "deployment"
    __table_args__ = (
        *(
            ForeignKeyConstraint(("model_id", column), (Version.model_id, Version.number))
            for column in ("stable", "candidate", "shadow")
        ),
        CheckConstraint("share >= 0 AND share <= 1", name="share"),
        CheckConstraint(one_of("state", DEPLOYMENT_STATES), name="state"),
    )

    model_id: Mapped[int] = mapped_column(ForeignKey(Model.id), primary_key=True)
    stable: Mapped[int | None]
    candidate: Mapped[int | None]
    shadow: Mapped[int | None]
    share: Mapped[float] = mapped_column(default=0.0)  # of callers the candidate answers, 0 to 1
    state: Mapped[str] = mapped_column(String(16), default="idle")
    earlier: Mapped[list[int]] = mapped_column(
        default=list
    )  # stable ones to go back to, last first
    policy: Mapped[dict[str, Any]] = mapped_column(default=dict)  # of the rollout: steps, guards, α
    guard_state: Mapped[dict[str, Any]] = mapped_column(default=dict)
    generation: Mapped[int] = mapped_column(default=0)  # counts changes; the compare in the swap
    changed_at: Mapped[datetime] = mapped_column(default=utc_now)
    rollout: Mapped[int] = mapped_column(default=0, server_default="0")  # counts rollouts begun
    step: Mapped[int] = mapped_column(default=0, server_default="0")  # place in the policy's steps
    salt: Mapped[str] = mapped_column(String(64), default="", server_default="")  # of assignment
    reason: Mapped[str] = mapped_column(Text, default="", server_default="")  # of the last move
    started_at: Mapped[datetime | None]  # when the rollout under way began
    step_started_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]  # its time limit; None: it has none


class Event(Table):
    """One line of the journal. Database triggers refuse its change and its deletion."""

    __tablename__ = "event"
    __table_args__ = (Index(None, "model", "sequence"),)

    sequence: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False
    )
    model: Mapped[str | None] = mapped_column(String(NAME_LENGTH))  # copied from the text
    kind: Mapped[str] = mapped_column(String(32))  # likewise
    previous: Mapped[str] = mapped_column(String(DIGEST_LENGTH))
    hash: Mapped[str] = mapped_column(String(DIGEST_LENGTH), unique=True)
    text: Mapped[str] = mapped_column(Text)  # canonical JSON, the bytes that are hashed


class Head(Table):
    """The one row that names the newest event; every writer locks it first."""

    __tablename__ = "head"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sequence: Mapped[int] = mapped_column(BigInteger)  # of the newest event; 0: none yet
    hash: Mapped[str] = mapped_column(String(DIGEST_LENGTH))
