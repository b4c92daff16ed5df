"""What was said and sent: messages, attachments, uploads on their way, the outbox, and chat visitors."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, UniqueConstraint

from contactd.crm_store.schema.types import Words, belongs, count, document, key, metadata, moment, words

message = Table(
    "message",
    metadata,
    key(),
    belongs("interaction_id", "interaction.id", index=False),
    Column("seq", Integer, nullable=False),
    Column("thread_id", Text),
    Column("direction", Text, nullable=False),
    words("sender"),
    words("sender_name"),
    words("subject"),
    words("body_text"),
    Column("body_html_blob", Text),
    Column("quoted_offset", Integer),
    Column("provider_id", Words),
    Column("client_id", Words),
    Column("delivery_state", Text),
    moment("sent_at", optional=True),
    moment("at"),
    document("recipients", empty=[]),
    document("headers", empty={}),
    Column("key_id", Text),
    words("body_html", optional=True),
    UniqueConstraint("interaction_id", "seq"),
    UniqueConstraint("interaction_id", "client_id"),
)
"""One message; `seq` counts from 1 in its interaction, `at` is when it was stored, `sent_at` what the sender says.

Its HTML, as it came, lies in `body_html`, or large in the blob `body_html_blob`.
"""

Index("ix_message_provider", message.c.provider_id)
Index("ix_message_thread", message.c.thread_id, message.c.at)

message_fate = Table(
    "message_fate",
    metadata,
    Column("message_id", Text, ForeignKey("message.id"), primary_key=True),
    Column("address", Words, primary_key=True),
    Column("action", Text, nullable=False),
    words("status"),
    words("detail"),
    moment("at"),
)
"""What became of a message of ours on its way to an address, as mail systems reported it: the latest word of each."""

automatic_answer = Table(
    "automatic_answer",
    metadata,
    Column("address", Words, primary_key=True),
    moment("at"),
    Column("interaction_id", Text, nullable=False),
)
"""When an address last got an answer that nobody wrote: it gets one a day at most."""

Index("ix_automatic_answer_at", automatic_answer.c.at)

attachment = Table(
    "attachment",
    metadata,
    key(),
    belongs("message_id", "message.id"),
    Column("interaction_id", Text, nullable=False, index=True),
    count("n"),
    Column("blob", Text, nullable=False),
    words("name"),
    words("media_type"),
    Column("size", Integer, nullable=False),
    Column("page", Integer),
    Column("inline", Boolean, nullable=False, default=False),
    words("content_id", optional=True),
    Column("scan_state", Text, nullable=False, default="unscanned"),
    Column("key_id", Text),
    moment("at"),
)

upload = Table(
    "upload",
    metadata,
    key(),
    Column("owner", Text, nullable=False),
    Column("blob", Text, nullable=False),
    words("name"),
    words("media_type"),
    Column("size", Integer, nullable=False),
    moment("created_at"),
    moment("expires_at"),
    moment("used_at", optional=True),
)
"""A file an agent has uploaded and not yet sent; only its `owner` may use it."""

outbox = Table(
    "outbox",
    metadata,
    key(),
    belongs("interaction_id", "interaction.id"),
    Column("message_id", Text, nullable=False, unique=True),
    Column("channel", Text, nullable=False),
    Column("state", Text, nullable=False, default="queued"),
    Column("payload", LargeBinary),
    Column("payload_blob", Text),
    document("meta", empty={}),
    count("attempts"),
    moment("next_at"),
    moment("lease_until", optional=True),
    words("last_error"),
    Column("provider_id", Words),
    moment("created_at"),
    moment("ended_at", optional=True),
    words("destination"),
    Column("agent", Text),
    moment("due_at", optional=True),
    moment("noted_at", optional=True),
    Column("heeds", Boolean, nullable=False, default=False),
)
"""What is to be delivered: queued, held, sending, sent, failed, maybe or cancelled; the payload is fixed when it is queued.

`destination`: what goes to one leaves one after the other, in order.  `agent`: who wrote it.  `due_at`: from when on its life
counts, where that is not `created_at`.  `noted_at`: when its author put its failure away.
`heeds`: when it is due, it is held if it was overtaken by what happened since.
"""

Index("ix_outbox_due", outbox.c.state, outbox.c.next_at)
Index("ix_outbox_destination", outbox.c.channel, outbox.c.destination, outbox.c.id)
Index("ix_outbox_agent", outbox.c.agent, outbox.c.created_at)

blocked = Table(
    "blocked",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("value_norm", Words, primary_key=True),
    Column("agent", Text, nullable=False),
    Column("interaction_id", Text),
    moment("at"),
    moment("until", optional=True),
    Column("reason", Text, nullable=False, default="", server_default=""),
)
"""Senders whose contacts are filed as junk and put before nobody; `interaction_id` is what they were blocked for, `until` when they
are let in again by themselves (null: never)."""

protected = Table(
    "protected",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("value_norm", Words, primary_key=True),
    Column("agent", Text, nullable=False),
    moment("at"),
    moment("until", optional=True),
    words("reason"),
    Column("first", Boolean, nullable=False),
    Column("uncalled", Boolean, nullable=False),
)
"""The red list: senders who are never blocked; `first` in line like the most important customers, `uncalled` by anybody here."""

draft = Table(
    "draft",
    metadata,
    Column("interaction_id", Text, ForeignKey("interaction.id"), primary_key=True),
    document("body", empty={}),
    Column("version", Integer, nullable=False),
    Column("agent", Text, nullable=False),
    Column("editor", Text, nullable=False),
    Column("editor_agent", Text, nullable=False),
    moment("editor_until"),
    moment("updated_at"),
)
"""What is being written in a contact and was not sent; `editor` is the window that has it in hand, until `editor_until`."""

draft_version = Table(
    "draft_version",
    metadata,
    Column("interaction_id", Text, ForeignKey("interaction.id"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    document("body", empty={}),
    Column("agent", Text, nullable=False),
    moment("at"),
    sqlite_with_rowid=False,
)
"""How a draft stood at some earlier moments."""

visitor = Table(
    "visitor",
    metadata,
    key(),
    Column("namespace", Text, nullable=False),
    Column("token_hash", Text, nullable=False, unique=True),
    belongs("contact_point_id", "contact_point.id", optional=True),
    Column("thread_id", Text),
    document("profile", empty={}),
    moment("created_at"),
    moment("seen_at"),
    moment("revoked_at", optional=True),
)
"""A chat visitor; `token_hash` is the SHA-256 of the token in the visitor's browser."""
