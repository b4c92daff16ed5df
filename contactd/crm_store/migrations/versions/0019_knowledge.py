"""Keep knowledge: categories, articles, versions, uses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019_knowledge"
down_revision = "0018_changes"
branch_labels = None
depends_on = None

ORDERED = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Change the schema."""
    op.create_table(
        "kb_category",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kb_category")),
    )
    op.create_table(
        "kb_article",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("no", sa.Text(), nullable=False),
        sa.Column("category_id", sa.Text(), nullable=True),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=True),
        sa.Column("valid_until", sa.BigInteger(), nullable=True),
        sa.Column("published_id", sa.Text(), nullable=True),
        sa.Column("latest_id", sa.Text(), nullable=True),
        sa.Column("latest_state", sa.Text(), nullable=False),
        sa.Column("used_n", sa.Integer(), nullable=False),
        sa.Column("helpful_n", sa.Integer(), nullable=False),
        sa.Column("unhelpful_n", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=True),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["category_id"], ["kb_category.id"], name=op.f("fk_kb_article_category_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kb_article")),
        sa.UniqueConstraint("no", name=op.f("uq_kb_article_no")),
    )
    op.create_index(op.f("ix_kb_article_category_id"), "kb_article", ["category_id"], unique=False)
    op.create_index("ix_kb_article_updated", "kb_article", ["updated_at", "id"], unique=False)
    op.create_table(
        "kb_event",
        sa.Column("article_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["kb_article.id"], name=op.f("fk_kb_event_article_id")),
        sa.PrimaryKeyConstraint("article_id", "seq", name=op.f("pk_kb_event")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "kb_revision",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("article_id", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("texts", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=True),
        sa.Column("reviewer", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["kb_article.id"], name=op.f("fk_kb_revision_article_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kb_revision")),
        sa.UniqueConstraint("article_id", "n", name=op.f("uq_kb_revision_article_id_n")),
    )
    op.create_table(
        "kb_token",
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("article_id", sa.Text(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["kb_article.id"], name=op.f("fk_kb_token_article_id")),
        sa.PrimaryKeyConstraint("token", "article_id", name=op.f("pk_kb_token")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_kb_token_article_id"), "kb_token", ["article_id"], unique=False)
    op.create_table(
        "kb_use",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("article_id", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("interaction_id", sa.Text(), nullable=True),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["kb_article.id"], name=op.f("fk_kb_use_article_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kb_use")),
    )
    op.create_index("ix_kb_use_article", "kb_use", ["article_id", "at"], unique=False)
