"""Satisfaction: what is asked, who was asked after which contact, and what they said."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from contactd.crm_store.schema.types import belongs, document, key, metadata, moment, words

survey = Table(
    "survey",
    metadata,
    key(),
    words("name"),
    Column("line", Text),
    Column("channel", Text),
    Column("language", Text, nullable=False, default="zh"),
    document("questions", empty=[]),
    document("intro", empty={}),
    document("closing", empty={}),
    Column("share", Integer, nullable=False, default=100),
    Column("every_days", Integer, nullable=False, default=30),
    Column("valid_hours", Integer, nullable=False, default=168),
    Column("low", Integer),
    Column("active", Boolean, nullable=False, default=True),
    moment("created_at"),
    Column("created_by", Text),
    moment("updated_at"),
    Column("updated_by", Text),
    moment("deleted_at", optional=True),
    Column("row_version", Integer, nullable=False, default=1),
)
"""What customers of a line and a channel (NULL = every) are asked; `low`: a first score at or below opens a follow-up."""

survey_invite = Table(
    "survey_invite",
    metadata,
    key(),
    belongs("survey_id", "survey.id"),
    belongs("interaction_id", "interaction.id", index=False),
    Column("segment", Integer, nullable=False),
    Column("agent", Text),
    Column("party_id", Text),
    Column("contact_point_id", Text),
    Column("line", Text),
    Column("channel", Text, nullable=False),
    Column("language", Text, nullable=False),
    document("questions", empty=[]),
    Column("low", Integer),
    Column("state", Text, nullable=False, default="invited"),
    moment("asked_at"),
    moment("expires_at"),
    moment("ended_at", optional=True),
    Column("score", Integer),
    Column("percent", Integer),
    words("comment"),
    Column("case_id", Text),
    UniqueConstraint("interaction_id", "survey_id"),
)
"""One customer asked after one contact; `questions` and `low` are as they stood then."""

Index("ix_survey_invite_party", survey_invite.c.party_id, survey_invite.c.asked_at)
Index("ix_survey_invite_point", survey_invite.c.contact_point_id, survey_invite.c.asked_at)
Index("ix_survey_invite_asked", survey_invite.c.asked_at, survey_invite.c.id)
Index("ix_survey_invite_state", survey_invite.c.state, survey_invite.c.expires_at)

survey_answer = Table(
    "survey_answer",
    metadata,
    Column("invite_id", Text, ForeignKey("survey_invite.id"), primary_key=True),
    Column("question", Text, primary_key=True),
    Column("score", Integer),
    words("text"),
    moment("at"),
)
