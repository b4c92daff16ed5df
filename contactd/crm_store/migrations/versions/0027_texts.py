"""Keep texts that are used often, and where a conversation leads that was joined with another."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027_texts"
down_revision = "0026_prompts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.add_column("thread", sa.Column("joined_into", sa.Text(), nullable=True))
    op.create_index(op.f("ix_thread_joined_into"), "thread", ["joined_into"], unique=False)
    op.create_table(
        "text_block",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("lines", sa.Text(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_text_block")),
    )
    op.create_index(op.f("ix_text_block_owner"), "text_block", ["owner"], unique=False)
    op.create_table(
        "text_version",
        sa.Column("block_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("lines", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["block_id"], ["text_block.id"], name=op.f("fk_text_version_block_id")),
        sa.PrimaryKeyConstraint("block_id", "version", name=op.f("pk_text_version")),
        sqlite_with_rowid=False,
    )
