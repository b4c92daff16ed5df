"""What is found by words, and how far the work behind has come."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009_search"
down_revision = "0008_outbox_order"
branch_labels = None
depends_on = None

ORDERED = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Change the schema."""
    op.create_table(
        "mark",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_mark")),
    )
    op.create_table(
        "search_doc",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("acl", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_search_doc")),
        sa.UniqueConstraint("kind", "ref", name=op.f("uq_search_doc_kind_ref")),
    )
    op.create_index("ix_search_doc_party", "search_doc", ["party_id"], unique=False)
    if op.get_context().dialect.name == "sqlite":
        op.execute('CREATE VIRTUAL TABLE search_index USING fts5(tokens, tokenize = "unicode61 remove_diacritics 0")')
    else:
        op.execute(
            "CREATE TABLE search_index (seq BIGINT PRIMARY KEY REFERENCES search_doc (seq) ON DELETE CASCADE,"
            " tokens TSVECTOR NOT NULL)",
        )
        op.execute("CREATE INDEX ix_search_index_tokens ON search_index USING gin (tokens)")
    # Customers from before this version are compared with each other and indexed.
    for kind in ("match", "index_party"):
        op.execute(
            f"INSERT INTO due (kind, ref, at) SELECT '{kind}', id, updated_at FROM party"  # noqa: S608 - constants
            " WHERE true ON CONFLICT DO NOTHING",
        )
