"""First tables: models, runs, versions, evidence, verdicts, deployments, the journal."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

GENESIS = "0" * 64
TIME = sa.DateTime(timezone=True)
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
REFUSAL = "the journal is append-only"
SQLITE_TRIGGERS = tuple(
    f"CREATE TRIGGER event_refuses_{action} BEFORE {action} ON event "
    f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    for action in ("UPDATE", "DELETE")
)
POSTGRESQL_TRIGGERS = (
    "CREATE FUNCTION event_refuses() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$",
    "CREATE TRIGGER event_refuses_change BEFORE UPDATE OR DELETE ON event "
    "FOR EACH ROW EXECUTE FUNCTION event_refuses()",
    "CREATE TRIGGER event_refuses_truncate BEFORE TRUNCATE ON event "
    "FOR EACH STATEMENT EXECUTE FUNCTION event_refuses()",
)


def upgrade() -> None:
    """Create everything, the journal's head row included."""
    create_model_and_run()
    create_version()
    create_deployment()
    create_journal()


def create_model_and_run() -> None:
    """Create the tables model and run."""
    op.create_table(
        "model",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(64), nullable=False, unique=True),
        sa.Column("newest", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("model_id", sa.Integer(), sa.ForeignKey("model.id"), nullable=False, index=True),
        sa.Column("state", sa.String(16), nullable=False, index=True),
        sa.Column("recipe", sa.Text(), nullable=False),
        sa.Column("datasets", sa.JSON(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("machine", sa.JSON(), nullable=False),
        sa.Column("libraries", sa.JSON(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("ended_at", TIME),
        sa.Column("seconds", sa.Double()),
        sa.Column("artifact", sa.String(64)),
        sa.Column("error", sa.Text()),
        sa.CheckConstraint("state IN ('running', 'finished', 'failed')", name="state"),
    )


def create_version() -> None:
    """Create the tables version, evidence and verdict."""
    op.create_table(
        "version",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("model_id", sa.Integer(), sa.ForeignKey("model.id"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("artifact", sa.String(64), nullable=False, index=True),
        sa.Column("run_id", sa.Integer(), sa.ForeignKey("run.id")),
        sa.Column("evaluated", sa.Boolean(), nullable=False),
        sa.Column("scores", sa.JSON(), nullable=False),
        sa.Column("gated", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.UniqueConstraint("model_id", "number"),
        sa.UniqueConstraint("model_id", "artifact"),
        sa.CheckConstraint("number >= 1", name="number"),
    )
    op.create_table(
        "evidence",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("version_id", sa.Integer(), sa.ForeignKey("version.id"), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.UniqueConstraint("version_id", "kind", "digest"),
    )
    op.create_table(
        "verdict",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("version_id", sa.Integer(), sa.ForeignKey("version.id"), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("gate", sa.Text(), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("numbers", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.UniqueConstraint("version_id", "round", "position"),
        sa.CheckConstraint("outcome IN ('pass', 'fail', 'unknown')", name="outcome"),
    )


def create_deployment() -> None:
    """Create the table deployment; its versions can only be versions of its model."""
    op.create_table(
        "deployment",
        sa.Column("model_id", sa.Integer(), sa.ForeignKey("model.id"), primary_key=True),
        sa.Column("stable", sa.Integer()),
        sa.Column("candidate", sa.Integer()),
        sa.Column("shadow", sa.Integer()),
        sa.Column("share", sa.Double(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("earlier", sa.JSON(), nullable=False),
        sa.Column("policy", sa.JSON(), nullable=False),
        sa.Column("guard_state", sa.JSON(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        *(
            sa.ForeignKeyConstraint(["model_id", column], ["version.model_id", "version.number"])
            for column in ("stable", "candidate", "shadow")
        ),
        sa.CheckConstraint("share >= 0 AND share <= 1", name="share"),
        sa.CheckConstraint(
            "state IN ('idle', 'shadow', 'canary', 'promoted', 'rolled_back')", name="state"
        ),
    )


def create_journal() -> None:
    """Create the tables event and head, the head row, and the triggers that guard events."""
    op.create_table(
        "event",
        sa.Column("sequence", SEQUENCE, primary_key=True, autoincrement=False),
        sa.Column("model", sa.String(64)),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False, unique=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Index(None, "model", "sequence"),
    )
    head = op.create_table(
        "head",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.CheckConstraint("id = 1", name="single"),
    )
    op.bulk_insert(head, [{"id": 1, "sequence": 0, "hash": GENESIS}])
    dialect = op.get_context().dialect.name
    for statement in SQLITE_TRIGGERS if dialect == "sqlite" else POSTGRESQL_TRIGGERS:
        op.execute(statement)
