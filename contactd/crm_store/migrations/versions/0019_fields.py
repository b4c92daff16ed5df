"""Keep fields a house adds, by what customers are filtered, their credit and wishes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019_fields"
down_revision = "0018_tasks"
branch_labels = None
depends_on = None

ORDERED = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Change the schema."""
    op.create_table(
        "field_def",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("searchable", sa.Boolean(), nullable=False),
        sa.Column("filterable", sa.Boolean(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_field_def")),
        sa.UniqueConstraint("entity", "key", name=op.f("uq_field_def_entity_key")),
    )
    op.create_table(
        "party_facet",
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", ORDERED, nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_party_facet_party_id")),
        sa.PrimaryKeyConstraint("party_id", "kind", "value", name=op.f("pk_party_facet")),
    )
    op.create_index("ix_party_facet_value", "party_facet", ["kind", "value", "party_id"], unique=False)
    op.add_column("party", sa.Column("credit_level", sa.Integer(), nullable=True))
    op.add_column("party", sa.Column("credit_flag", sa.Text(), nullable=True))
    op.add_column("party", sa.Column("preferences", sa.Text(), nullable=True))
