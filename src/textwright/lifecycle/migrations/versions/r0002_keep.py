"""Data sets, rollout steps, counts, leases, webhooks, keys, erasable records, loose artifacts."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

TIME = sa.DateTime(timezone=True)
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add columns and tables; no row that is there changes."""
    create_datasets()
    add_columns()
    create_counts()
    create_webhooks()
    create_keys()
    create_records()


def create_datasets() -> None:
    """Create the tables dataset and run_dataset."""
    op.create_table(
        "dataset",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
    )
    op.create_table(
        "run_dataset",
        sa.Column("run_id", sa.Integer(), sa.ForeignKey("run.id"), primary_key=True),
        sa.Column("role", sa.String(8), primary_key=True),
        sa.Column(
            "dataset_id", sa.Integer(), sa.ForeignKey("dataset.id"), nullable=False, index=True
        ),
        sa.CheckConstraint("role IN ('train', 'dev', 'test')", name="role"),
    )


def add_columns() -> None:
    """Add columns to run, version and deployment.

    SQLite adds a column with a foreign key only in one statement of its own; building the table
    anew, as Alembic would, breaks the keys of others that point to it.
    """
    op.add_column("run", sa.Column("code", sa.String(64)))
    op.add_column("run", sa.Column("lock", sa.String(64)))
    op.create_index(op.f("ix_run_artifact"), "run", ["artifact"])
    op.execute(
        "ALTER TABLE version ADD COLUMN parent_id INTEGER "
        "CONSTRAINT fk_version_parent_id REFERENCES version (id)"
    )
    for column in (
        sa.Column("rollout", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("step", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("salt", sa.String(64), nullable=False, server_default=""),
        sa.Column("reason", sa.Text(), nullable=False, server_default=""),
        sa.Column("started_at", TIME),
        sa.Column("step_started_at", TIME),
        sa.Column("ends_at", TIME),
    ):
        op.add_column("deployment", column)


def create_counts() -> None:
    """Create the tables count and lease."""
    op.create_table(
        "count",
        sa.Column("model_id", sa.Integer(), sa.ForeignKey("model.id"), primary_key=True),
        sa.Column("minute", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("guard", sa.String(32), primary_key=True),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("bad", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["model_id", "version"], ["version.model_id", "version.number"]),
        sa.CheckConstraint("bad >= 0 AND bad <= n", name="bad"),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("holder", sa.String(128), nullable=False),
        sa.Column("until", TIME, nullable=False),
    )


def create_webhooks() -> None:
    """Create the tables webhook and outbox."""
    op.create_table(
        "webhook",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("url", sa.Text(), nullable=False, unique=True),
        sa.Column("secret", sa.String(64), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("removed_at", TIME),
    )
    op.create_table(
        "outbox",
        sa.Column("sequence", SEQUENCE, sa.ForeignKey("event.sequence"), primary_key=True),
        sa.Column("webhook_id", sa.Integer(), sa.ForeignKey("webhook.id"), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", TIME, nullable=False, index=True),
        sa.Column("error", sa.Text()),
        sa.CheckConstraint("state IN ('waiting', 'delivered', 'given_up')", name="state"),
    )


def create_keys() -> None:
    """Create the tables principal and key."""
    op.create_table(
        "principal",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(64), nullable=False, unique=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.CheckConstraint("role IN ('viewer', 'operator', 'approver', 'admin')", name="role"),
    )
    op.create_table(
        "key",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column(
            "principal_id", sa.Integer(), sa.ForeignKey("principal.id"), nullable=False, index=True
        ),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
        sa.Column("label", sa.String(64), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME),
        sa.Column("revoked_at", TIME),
        sa.Column("last_used_at", TIME),
    )


def create_records() -> None:
    """Create the tables held_out and loose."""
    op.create_table(
        "held_out",
        sa.Column("artifact", sa.String(64), primary_key=True),
        sa.Column("path", sa.String(128), primary_key=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("retention_until", TIME, index=True),
        sa.Column("erased_at", TIME),
    )
    op.create_table(
        "loose",
        sa.Column("artifact", sa.String(64), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.CheckConstraint("state IN ('arriving', 'marked')", name="state"),
    )
