"""Quality: scorecards with their versions, rules who is drawn, what was drawn, and the assessments."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text

from contactd.crm_store.schema.types import belongs, count, document, key, metadata, moment, words

qa_form = Table(
    "qa_form",
    metadata,
    key(),
    words("name"),
    Column("channel", Text),
    Column("version", Integer, nullable=False, default=1),
    Column("active", Boolean, nullable=False, default=True),
    moment("created_at"),
    Column("created_by", Text),
    moment("updated_at"),
    Column("updated_by", Text),
    moment("deleted_at", optional=True),
    Column("row_version", Integer, nullable=False, default=1),
)
"""A scorecard for contacts of a channel (NULL = every); what it asks stands in its newest version."""

qa_form_version = Table(
    "qa_form_version",
    metadata,
    Column("form_id", Text, ForeignKey("qa_form.id"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    document("sections", empty=[]),
    moment("at"),
    Column("by", Text),
    sqlite_with_rowid=False,
)
"""Append-only: what a scorecard asked; an assessment names the version it was made by."""

qa_rule = Table(
    "qa_rule",
    metadata,
    key(),
    words("name"),
    belongs("form_id", "qa_form.id", index=False),
    Column("line", Text),
    Column("channel", Text),
    Column("how", Text, nullable=False, default="number"),
    Column("amount", Integer, nullable=False, default=2),
    Column("least_s", Integer, nullable=False, default=0),
    Column("most_percent", Integer),
    Column("complaint", Boolean, nullable=False, default=False),
    Column("zone", Text, nullable=False, default="Asia/Shanghai"),
    Column("active", Boolean, nullable=False, default=True),
    moment("created_at"),
    Column("created_by", Text),
    moment("updated_at"),
    Column("updated_by", Text),
    moment("deleted_at", optional=True),
    Column("row_version", Integer, nullable=False, default=1),
)
"""So many contacts (or per cent) of every agent and week are assessed, of those that fit."""

qa_draw = Table(
    "qa_draw",
    metadata,
    Column("rule_id", Text, ForeignKey("qa_rule.id"), primary_key=True),
    Column("week", Text, primary_key=True),
    Column("seed", Text, nullable=False),
    moment("at"),
    count("candidates"),
    count("agents"),
    count("drawn"),
    sqlite_with_rowid=False,
)
"""Append-only: one draw for a rule and a week (its Monday), with the seed that shows it was by lot."""

qa_review = Table(
    "qa_review",
    metadata,
    key(),
    belongs("interaction_id", "interaction.id"),
    Column("agent", Text, nullable=False),
    Column("line", Text),
    Column("channel", Text, nullable=False),
    moment("contact_at"),
    belongs("form_id", "qa_form.id", index=False),
    Column("form_version", Integer, nullable=False),
    Column("rule_id", Text),
    Column("calibrates", Text, index=True),
    Column("state", Text, nullable=False, default="drawn"),
    Column("assessor", Text),
    document("answers", empty={}),
    document("remarks", empty={}),
    words("comment"),
    Column("score", Integer),
    document("failed", empty=[]),
    moment("made_at"),
    moment("done_at", optional=True),
    moment("seen_at", optional=True),
    words("objection"),
    moment("objected_at", optional=True),
    words("reply"),
    Column("settled_by", Text),
    moment("settled_at", optional=True),
    Column("first_score", Integer),
    Column("row_version", Integer, nullable=False, default=1),
)
"""One assessment of one contact; `calibrates`: of the same contact as that assessment, by somebody else, and it does not count."""

Index("ix_qa_review_made", qa_review.c.made_at, qa_review.c.id)
Index("ix_qa_review_agent", qa_review.c.agent, qa_review.c.made_at)
Index("ix_qa_review_contact", qa_review.c.contact_at)
