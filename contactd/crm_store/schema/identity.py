"""Who the customers are: parties, contact points, and the graded claims that link the two."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Index, Integer, Table, Text, UniqueConstraint

from contactd.crm_store.schema.types import Moment, Ordered, Words, belongs, document, key, metadata, moment, words

party = Table(
    "party",
    metadata,
    key(),
    Column("kind", Text, nullable=False, default="unknown"),
    belongs("canonical_id", "party.id"),
    words("display_name"),
    words("family_name"),
    words("given_name"),
    Column("name_order", Text),
    words("salutation"),
    words("legal_name"),
    words("uscc", optional=True),
    Column("lang", Text),
    Column("tz", Text),
    Column("lifecycle", Text, nullable=False, default="unknown"),
    document("roles", empty=[]),
    Column("vip", Integer, nullable=False, default=0),
    Column("owner_id", Text),
    Column("team_id", Text),
    Column("segment_id", Text),
    Column("no", Text, unique=True),
    document("tags", empty=[]),
    document("score"),
    document("custom", empty={}),
    Column("credit_level", Integer),
    Column("credit_flag", Text),
    document("preferences"),
    Column("pii_state", Text, nullable=False, default="normal"),
    Column("search_name", Ordered, nullable=False, default="", index=True),
    moment("created_at"),
    Column("created_by", Text),
    moment("updated_at"),
    Column("updated_by", Text),
    moment("deleted_at", optional=True),
    Column("row_version", Integer, nullable=False, default=1),
)
"""A person or an organisation; `canonical_id` is itself until it is merged into another.

`vip` is 0-3, `credit_level` 0-5, `credit_flag` watch or stop; `preferences` is {channel, hours, do_not_call}.
"""

Index("ix_party_updated", party.c.updated_at, party.c.id)
for _whose in ("owner_id", "team_id"):
    # Who sees only their own, or their team's: else every list of theirs would look through all customers.
    Index(
        f"ix_party_{_whose.removesuffix('_id')}",
        party.c[_whose],
        party.c.updated_at,
        sqlite_where=party.c[_whose].is_not(None),
        postgresql_where=party.c[_whose].is_not(None),
    )

party_name = Table(
    "party_name",
    metadata,
    key(),
    belongs("party_id", "party.id"),
    Column("kind", Text, nullable=False),
    words("value"),
    Column("search_name", Ordered, nullable=False, default="", index=True),
    moment("created_at"),
)
"""Further names: alias, former, pinyin, en, short."""

party_link = Table(
    "party_link",
    metadata,
    key(),
    belongs("from_party", "party.id"),
    belongs("to_party", "party.id"),
    Column("role", Text, nullable=False),
    words("title"),
    words("department"),
    Column("is_primary", Boolean, nullable=False, default=False),
    Column("active", Boolean, nullable=False, default=True),
    moment("valid_from", optional=True),
    moment("valid_to", optional=True),
    moment("created_at"),
    Column("created_by", Text),
)

contact_point = Table(
    "contact_point",
    metadata,
    key(),
    Column("kind", Text, nullable=False),
    Column("namespace", Text, nullable=False, default=""),
    Column("value_norm", Ordered, nullable=False, index=True),
    Column("ext", Words, nullable=False, default=""),
    words("value_raw"),
    words("display"),
    Column("e164", Boolean, nullable=False, default=False),
    Column("region", Text),
    Column("carrier", Text),
    Column("line_type", Text),
    Column("status", Text, nullable=False, default="ok"),
    Column("shared", Boolean, nullable=False, default=False),
    Column("first_seen", Moment, nullable=False),
    Column("last_seen", Moment, nullable=False),
    moment("status_at", optional=True),
    words("status_note"),
    UniqueConstraint("kind", "namespace", "value_norm", "ext"),
)
"""An address somebody can be reached at; who that is, the claims say.

`status` is ok, soft (something did not get through lately), hard (nothing gets through), complained (what we sent was called
spam) or blocked (nobody calls it back); `status_note` is what the other side said.
"""

contact_claim = Table(
    "contact_claim",
    metadata,
    key(),
    belongs("contact_point_id", "contact_point.id", index=False),
    belongs("party_id", "party.id"),
    Column("level", Text, nullable=False),
    Column("label", Text),
    Column("is_primary", Boolean, nullable=False, default=False),
    Column("source", Text, nullable=False),
    Column("evidence_interaction_id", Text),
    Column("confidence", Float),
    moment("valid_from"),
    moment("valid_to", optional=True),
    Column("created_by", Text),
    moment("denied_at", optional=True),
    Column("denied_by", Text),
    UniqueConstraint("contact_point_id", "party_id"),
)
"""A graded link: verified, asserted or inferred; over when `valid_to` is set.

`denied_at`: a person said that it is not theirs; what is only mined does not bring it back.
"""

external_id = Table(
    "external_id",
    metadata,
    key(),
    Column("ref_kind", Text, nullable=False, default="party"),
    Column("ref_id", Text, nullable=False),
    Column("system", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("value", Words, nullable=False),
    Column("etag", Text),
    moment("last_sync", optional=True),
    UniqueConstraint("system", "type", "value"),
    Index("ix_external_id_ref", "ref_kind", "ref_id"),
)

address = Table(
    "address",
    metadata,
    key(),
    belongs("party_id", "party.id"),
    Column("kind", Text, nullable=False, default="office"),
    Column("country", Text),
    words("province"),
    words("city"),
    words("district"),
    words("street"),
    words("postal_code"),
    Column("lng", Float),
    Column("lat", Float),
    Column("region_code", Text),
    moment("created_at"),
    moment("updated_at"),
)
