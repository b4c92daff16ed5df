"""Imports: files on their way in, each taken over once, and what became of each row, so that it can be gone on with and undone."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text

from contactd.crm_store.schema.types import document, key, metadata, moment, words

import_job = Table(
    "import_job",
    metadata,
    key(),
    Column("state", Text, nullable=False, default="running"),
    words("file_name"),
    Column("digest", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("encoding", Text, nullable=False, default=""),
    Column("fingerprint", Text, nullable=False, index=True),
    document("mapping", empty={}),
    document("options", empty={}),
    document("counts", empty={}),
    moment("at"),
    Column("by", Text),
    moment("finished_at", optional=True),
    moment("undone_at", optional=True),
    Column("undone_by", Text),
)
"""One file taken over: running, done, undoing or undone; `counts` is status → rows.  `digest` is the file's sha256."""

Index("ix_import_job_digest", import_job.c.digest, import_job.c.state)

import_file = Table(
    "import_file",
    metadata,
    key(),
    Column("state", Text, nullable=False, default="uploading", index=True),
    Column("node", Text, nullable=False),
    Column("owner", Text, nullable=False),
    words("name"),
    Column("size", BigInteger, nullable=False),
    document("pieces", empty=[]),
    Column("blob", Text),
    document("wish", empty={}),
    document("counts", empty={}),
    document("faults", empty=[]),
    Column("error", Text),
    Column("job_id", Text, index=True),
    moment("created_at"),
    moment("expires_at"),
)
"""A file somebody brings to be taken over: uploading, whole, trying, running, done or failed.

`pieces` are blobs in their order until all are there and `blob` is the whole; `wish` is how it is to be read; `counts` and
`faults` are what the last trial found.  The node that has the blobs goes on with what was cut short.
"""

import_row = Table(
    "import_row",
    metadata,
    Column("job_id", Text, ForeignKey("import_job.id"), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("status", Text, nullable=False),
    Column("party_id", Text, index=True),
    document("reasons", empty=[]),
    document("changed", empty={}),
    document("made", empty={}),
    Column("row_version", Integer),
    Column("undone", Text),
    document("kept", empty=[]),
    Column("object_id", Text),
    sqlite_with_rowid=False,
)
"""What became of one row: created, updated, unchanged, skipped, ambiguous or error.

`changed` is field → [before, after] of the party, `made` what the row added beside it, `row_version` the party's after it.
`object_id` is what it became where that is no customer: a contact, a case, a business record.
`undone` is reversed, kept or nothing, `kept` what an undo left as somebody had changed it since.
"""
