"""Draft a migration: `python -m contactd.crm_store.migrations.draft NAME "What it does"` writes what the schema adds.

It migrates an empty SQLite database to the newest revision, compares it with the declared schema, and writes the difference
as the next revision.  Read it before committing it: renamed columns come out as dropped and added.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any, Literal

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from sqlalchemy import BigInteger
from sqlalchemy.types import TypeDecorator

from contactd.crm_store.database import Database
from contactd.crm_store.migrations import head, upgrade
from contactd.crm_store.schema import Ordered, declared, metadata

_TEXT = '''"""{doc}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {previous}
branch_labels = None
depends_on = None

ORDERED = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Change the schema."""
{body}
'''


def draft(name: str, doc: str) -> Path:
    """Write the next revision; return its file."""
    versions = Path(__file__).parent / "versions"
    previous = head()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/empty.db"
        if previous is not None:
            upgrade(url)
        with Database(url).writer() as connection:
            difference = produce_migrations(
                MigrationContext.configure(connection, opts={"include_name": declared}), metadata
            )
    if difference.upgrade_ops is None or difference.upgrade_ops.is_empty():
        message = "the newest revision is the declared schema"
        raise SystemExit(message)
    rendered = render_python_code(difference.upgrade_ops, render_item=_type)
    body = "\n".join(line for line in rendered.splitlines() if not line.lstrip().startswith("# ###"))
    revision = f"{len(list(versions.glob('[0-9]*.py'))) + 1:04d}_{name}"
    text = _TEXT.format(doc=doc, revision=revision, previous=f'"{previous}"' if previous else None, body=body)
    file = versions / f"{revision}.py"
    file.write_text(text, encoding="utf-8")
    return file


def _type(kind: str, item: Any, context: Any) -> str | Literal[False]:
    """Write our column types as the plain ones they are: a migration must not change when the types' code does."""
    _ = context
    if kind != "type" or not isinstance(item, TypeDecorator):
        return False
    if isinstance(item, Ordered):
        return "ORDERED"
    return "sa.BigInteger()" if isinstance(item.impl, BigInteger) else "sa.Text()"


if __name__ == "__main__":
    sys.stdout.write(f"{draft(*sys.argv[1:3])}\n")
