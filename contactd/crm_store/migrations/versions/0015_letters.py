"""Keep answers to many, and look once more at what was scheduled when it is due."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015_letters"
down_revision = "0014_surveys"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.add_column("outbox", sa.Column("heeds", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "bulk_batch",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("begins_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_batch")),
    )
    op.create_index("ix_bulk_batch_actor", "bulk_batch", ["actor", "made_at"], unique=False)
    op.create_index("ix_bulk_batch_state", "bulk_batch", ["state", "begins_at"], unique=False)
    op.create_table(
        "bulk_item",
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("interaction_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["bulk_batch.id"], name=op.f("fk_bulk_item_batch_id")),
        sa.ForeignKeyConstraint(["interaction_id"], ["interaction.id"], name=op.f("fk_bulk_item_interaction_id")),
        sa.PrimaryKeyConstraint("batch_id", "n", name=op.f("pk_bulk_item")),
        sqlite_with_rowid=False,
    )
