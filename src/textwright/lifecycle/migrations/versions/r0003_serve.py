"""Answers given, feedback on them, responses to repeat, secrets that servers share."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add tables; nothing that is there changes."""
    create_predictions()
    create_feedback()
    create_replays()


def create_predictions() -> None:
    """Create the table prediction."""
    op.create_table(
        "prediction",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("model_id", sa.Integer(), sa.ForeignKey("model.id"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("answered_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, index=True),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("request", sa.String(64), nullable=False),
        sa.Column("caller", sa.String(32)),
        sa.Column("digest", sa.String(32)),
        sa.Column("text", sa.Text()),
        sa.Column("label", sa.Text()),
        sa.Column("score", sa.Double()),
        sa.Column("abstained", sa.Boolean()),
        sa.Column("error", sa.String(64)),
        sa.ForeignKeyConstraint(["model_id", "version"], ["version.model_id", "version.number"]),
    )
    op.create_index(
        op.f("ix_prediction_model_id_answered_at"), "prediction", ["model_id", "answered_at"]
    )


def create_feedback() -> None:
    """Create the table feedback."""
    op.create_table(
        "feedback",
        sa.Column(
            "prediction_id",
            sa.String(32),
            sa.ForeignKey("prediction.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("correct", sa.Boolean(), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("given_at", TIME, nullable=False, index=True),
    )


def create_replays() -> None:
    """Create the tables replay and secret."""
    op.create_table(
        "replay",
        sa.Column("principal", sa.String(64), primary_key=True),
        sa.Column("token", sa.String(128), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False, index=True),
    )
    op.create_table(
        "secret",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("value", sa.String(64), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
    )
