"""The router's memory: facts on their way, journal, the lease that fences it, offers, what must survive a restart."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table, Text, text

from contactd.crm_store.schema.types import Moment, belongs, count, document, duration, key, metadata, moment, words

fact_inbox = Table(
    "fact_inbox",
    metadata,
    key(),
    Column("node", Text, nullable=False),
    moment("at"),
    Column("kind", Text, nullable=False),
    document("payload"),
    Column("consumed_seq", BigInteger),
    count("failures"),
    Column("error", Text),
    sqlite_with_rowid=False,
)
"""Facts written by the unit that made them; the reader asks for those not consumed: their order means nothing."""

UNCONSUMED = text("consumed_seq IS NULL")
Index("ix_fact_inbox_unconsumed", fact_inbox.c.at, sqlite_where=UNCONSUMED, postgresql_where=UNCONSUMED)

journal = Table(
    "journal",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("epoch", BigInteger, nullable=False),
    moment("at"),
    Column("kind", Text, nullable=False),
    Column("version", Integer, nullable=False, default=1),
    document("payload"),
    document("wishes"),
    sqlite_with_rowid=False,
)
"""Every fact and tick the router was given, gapless, with the wishes it answered; ids and routing inputs only."""

router_lease = Table(
    "router_lease",
    metadata,
    Column("name", Text, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("node", Text, nullable=False),
    moment("at"),
)
"""One row, `router`: every write of the router checks its epoch here in the same transaction."""

policy_version = Table(
    "policy_version",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    document("document"),
    Column("digest", Text, nullable=False),
    moment("at"),
    Column("actor", Text),
    words("note"),
)

offer = Table(
    "offer",
    metadata,
    key(),
    Column("lease", Text, nullable=False),
    belongs("interaction_id", "interaction.id"),
    Column("agent", Text, nullable=False),
    Column("line", Text),
    Column("channel", Text, nullable=False),
    Column("outcome", Text),
    Column("reason", Text),
    moment("offered_at"),
    moment("expires_at"),
    moment("ended_at", optional=True),
    duration("ring_ms"),
    document("decision"),
    Column("policy_version", Integer),
)

Index("ix_offer_offered_at", offer.c.offered_at)
LIVE = text("outcome IS NULL")
Index("ix_offer_live", offer.c.agent, sqlite_where=LIVE, postgresql_where=LIVE)

interaction_routing = Table(
    "interaction_routing",
    metadata,
    Column("interaction_id", Text, ForeignKey("interaction.id"), primary_key=True),
    count("step"),
    moment("step_since", optional=True),
    document("skips", empty=[]),
    Column("preferred_agent", Text),
    moment("preferred_until", optional=True),
    document("overflow_path", empty=[]),
    moment("age_from", optional=True),
    duration("waited_ms"),
    count("hops"),
    document("course", empty={}),
)
"""How an item stands in line.  `course`: what it has met with there, by the names of `core.events.Course`; `waited_ms`: what its
customer had waited before, in another interaction that it goes on for.
"""

line_routing = Table(
    "line_routing",
    metadata,
    Column("line", Text, primary_key=True),
    Column("open", Boolean, nullable=False),
    moment("since"),
    Column("mode", Text),
    moment("until", optional=True),
    moment("next_change", optional=True),
    Column("actor", Text),
    Column("reason", Text),
)
"""Whether a line lets arrivals in, and by whose word; a line without a row is open."""

agent_routing = Table(
    "agent_routing",
    metadata,
    Column("agent", Text, primary_key=True),
    Column("intent", Text, nullable=False, default="logged_out"),
    Column("reason", Text),
    Column("next_intent", Text),
    Column("next_reason", Text),
    moment("idle_since", optional=True),
    document("misses", empty=[]),
    count("rr_seq"),
    document("standing", empty=[]),
    moment("intent_since", optional=True),
    Column("draining", Boolean, nullable=False, default=False),
    Column("updated_at", Moment),
)

agent_state_log = Table(
    "agent_state_log",
    metadata,
    Column("agent", Text, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    moment("from_at"),
    moment("to_at", optional=True),
    Column("intent", Text, nullable=False),
    Column("reason", Text),
    Column("health", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("actor", Text),
)
"""Intervals without gaps per agent, `seq` from 1; the last one is open.  The source of every agent report."""
Index("ix_agent_state_log_to_at", agent_state_log.c.to_at)

Index("ix_agent_state_log_from", agent_state_log.c.from_at)
