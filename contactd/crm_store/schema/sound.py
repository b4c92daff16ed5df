"""What was recorded of calls."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from contactd.crm_store.schema.types import Words, belongs, count, document, duration, key, metadata, moment, words

recording = Table(
    "recording",
    metadata,
    key(),
    Column("name", Words, nullable=False, unique=True),
    belongs("interaction_id", "interaction.id"),
    Column("segment", Integer, nullable=False),
    Column("channel", Text, nullable=False),
    words("line"),
    Column("agent", Text),
    Column("state", Text, nullable=False),
    moment("started_at"),
    moment("ended_at", optional=True),
    moment("notice_at", optional=True),
    words("consent"),
    document("gaps", empty=[]),
    document("redactions", empty=[]),
    document("peaks", empty=[]),
    Column("blob", Text),
    Column("size", BigInteger, nullable=False, default=0),
    duration("length_ms"),
    Column("key_id", Text),
    Column("sealed_key", Text),
    moment("kept_at", optional=True),
    moment("expires_at", optional=True),
    document("hold"),
    count("row_version"),
)
"""One recording of a contact, from one connection of customer and agent to its end.

`name`: what the outside system calls it; `state`: begun | running | ended | kept | lost | expired; `gaps`: pauses, each with
`from`, `until`, `reason`, `agent`; `redactions`: spans made silent afterwards; `peaks`: the picture of its loudness, side by
side; `blob`: the sealed sound, opened by `sealed_key` under the house's key `key_id`; `hold`: why it may not go.
"""

Index("ix_recording_state", recording.c.state, recording.c.expires_at)

prompt = Table(
    "prompt",
    metadata,
    key(),
    Column("name", Text, nullable=False),
    Column("language", Text, nullable=False),
    words("words"),
    Column("blob", Text),
    Column("size", BigInteger, nullable=False, default=0),
    duration("length_ms"),
    moment("valid_from"),
    moment("valid_until", optional=True),
    moment("created_at"),
    Column("created_by", Text, nullable=False),
    moment("retired_at", optional=True),
)
"""One take of an announcement in one language; `words`: what is said, to be read; a retired one has no sound any more."""

Index("ix_prompt_name", prompt.c.name, prompt.c.language)

prompt_switch = Table(
    "prompt_switch",
    metadata,
    Column("line", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("plays", Text, nullable=False),
    moment("until", optional=True),
    words("reason"),
    moment("at"),
    Column("by", Text, nullable=False),
)
"""In `line`, `plays` is heard in the place of `name` (empty: nothing), until a moment or until it is switched back."""
