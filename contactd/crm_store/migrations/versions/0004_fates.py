"""Keep what became of messages of ours, why an address does not get them, and who got an automatic answer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004_fates"
down_revision = "0003_html_inline"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.create_table(
        "message_fate",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_message_fate_message_id")),
        sa.PrimaryKeyConstraint("message_id", "address", name=op.f("pk_message_fate")),
    )
    op.create_table(
        "automatic_answer",
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("interaction_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_automatic_answer")),
    )
    op.create_index("ix_automatic_answer_at", "automatic_answer", ["at"])
    op.add_column("contact_point", sa.Column("status_at", sa.BigInteger(), nullable=True))
    op.add_column("contact_point", sa.Column("status_note", sa.Text(), server_default="", nullable=False))
