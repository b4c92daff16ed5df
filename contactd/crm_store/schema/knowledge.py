"""Knowledge: categories, articles with their versions and history, how they were used, the words they are suggested by."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from contactd.crm_store.schema.types import belongs, count, document, key, metadata, moment, words

kb_category = Table(
    "kb_category",
    metadata,
    key(),
    Column("parent_id", Text),
    document("name", empty={}),
    count("position"),
    moment("created_at"),
    Column("created_by", Text),
    moment("deleted_at", optional=True),
)
"""A branch of the tree articles hang in; `name` by language."""

kb_article = Table(
    "kb_article",
    metadata,
    key(),
    Column("no", Text, nullable=False, unique=True),
    belongs("category_id", "kb_category.id", optional=True),
    Column("audience", Text, nullable=False, default="internal"),
    moment("valid_from", optional=True),
    moment("valid_until", optional=True),
    Column("published_id", Text),
    Column("latest_id", Text),
    Column("latest_state", Text, nullable=False, default="draft"),
    count("used_n"),
    count("helpful_n"),
    count("unhelpful_n"),
    moment("created_at"),
    Column("created_by", Text),
    moment("updated_at"),
    Column("updated_by", Text),
    moment("deleted_at", optional=True),
    Column("row_version", Integer, nullable=False, default=1),
)
"""An article: `published_id` is the version that is read, `latest_id` the newest one."""

Index("ix_kb_article_updated", kb_article.c.updated_at, kb_article.c.id)

kb_revision = Table(
    "kb_revision",
    metadata,
    key(),
    belongs("article_id", "kb_article.id", index=False),
    Column("n", Integer, nullable=False),
    Column("state", Text, nullable=False, default="draft"),
    document("texts", empty={}),
    words("note"),
    Column("author", Text),
    Column("reviewer", Text),
    moment("created_at"),
    moment("updated_at"),
    moment("decided_at", optional=True),
    Column("row_version", Integer, nullable=False, default=1),
    UniqueConstraint("article_id", "n"),
)
"""One version, in every language it is written in; rewritten only while it is a draft."""

kb_event = Table(
    "kb_event",
    metadata,
    Column("article_id", Text, ForeignKey("kb_article.id"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    moment("at"),
    Column("type", Text, nullable=False),
    Column("actor", Text),
    words("text"),
    document("data", empty={}),
    sqlite_with_rowid=False,
)
"""Append-only: what happened to an article."""

kb_use = Table(
    "kb_use",
    metadata,
    key(),
    belongs("article_id", "kb_article.id", index=False),
    Column("n", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("interaction_id", Text),
    Column("agent", Text),
    Column("language", Text),
    Column("public", Boolean, nullable=False, default=False),
    moment("at"),
)
"""An article used: opened, inserted into an answer, found helpful or not; `n` is the version."""

Index("ix_kb_use_article", kb_use.c.article_id, kb_use.c.at)

kb_token = Table(
    "kb_token",
    metadata,
    Column("token", Text, primary_key=True),
    Column("article_id", Text, ForeignKey("kb_article.id"), primary_key=True, index=True),
    Column("weight", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""Words of published articles, weighed: what a conversation's text suggests is worked out from these."""
