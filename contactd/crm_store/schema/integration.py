"""Other systems: the changes they hear of and the webhooks that carry them out; what connectors bring in from them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table, Text

from contactd.crm_store.schema.types import count, document, key, metadata, moment, words

change = Table(
    "change",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("ref", Text, nullable=False),
    moment("at"),
    document("data", empty={}),
    Column("once", Text, unique=True),
)
"""Append-only: something changed.  Ids and words of our own only; what it is now is asked for.  `once`: told a single time."""

webhook = Table(
    "webhook",
    metadata,
    key(),
    words("url"),
    document("kinds", empty=[]),
    Column("secret", Text, nullable=False),
    Column("active", Boolean, nullable=False, default=True),
    Column("cursor", BigInteger, nullable=False),
    count("failures"),
    moment("next_at"),
    moment("lease_until", optional=True),
    words("last_error"),
    moment("delivered_at", optional=True),
    moment("created_at"),
    Column("created_by", Text, nullable=False),
)
"""Where changes go, and how far it has heard: everything up to `cursor`."""

webhook_dead = Table(
    "webhook_dead",
    metadata,
    Column("webhook_id", Text, ForeignKey("webhook.id"), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("tries", Integer, nullable=False),
    words("error"),
    moment("at"),
    sqlite_with_rowid=False,
)
"""A change that could not be delivered; a replay tells it again."""

connector = Table(
    "connector",
    metadata,
    Column("name", Text, primary_key=True),
    document("cursor", empty={}),
    moment("tried_at", optional=True),
    moment("ok_at", optional=True),
    moment("next_at", optional=True),
    moment("asked_at", optional=True),
    moment("lease_until", optional=True),
    count("failures"),
    words("error"),
    document("drift", empty={}),
    moment("drift_at", optional=True),
)
"""How far another system was read (`cursor`), when it worked last (`ok_at`), and until when somebody is at it.

`asked_at`: somebody wants it run now.  `failures` in a row make `next_at` later.  `drift` is the last count of what it has
otherwise than we.
"""

connector_run = Table(
    "connector_run",
    metadata,
    key(),
    Column("connector", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("node", Text, nullable=False),
    words("source"),
    words("file"),
    document("cursor"),
    Column("job_id", Text, index=True),
    document("counts", empty={}),
    words("error"),
    moment("at"),
    moment("ended_at", optional=True),
    Column("by", Text, nullable=False),
)
"""One table that a connector brought in: running, done or failed.

`file` lies on `node` until the run has ended, so that one that was cut off goes on there; `source` is what people know it by;
`cursor` is where the connector stands once it is done, written in the unit that ends it.
"""

Index("ix_connector_run_connector", connector_run.c.connector, connector_run.c.at)

connector_dead = Table(
    "connector_dead",
    metadata,
    key(),
    Column("connector", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("n", Integer, nullable=False),
    Column("state", Text, nullable=False, default="waiting"),
    document("reasons", empty=[]),
    document("row", empty={}),
    count("tries"),
    moment("at"),
    moment("ended_at", optional=True),
    Column("by", Text),
)
"""A row that could not be taken over: waiting, taken (at another try) or left; `row` is column → text, emptied once it ended."""

Index("ix_connector_dead_connector", connector_dead.c.connector, connector_dead.c.state)
