"""A table or view of another system's database: read page by page behind a key, and never written.

Names come from the settings and are quoted; values are parameters.  Nothing a row holds becomes part of a statement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import URL, Engine, and_, column, create_engine, literal_column, make_url, or_, select, table
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from contactd.core.errors import BadRequestError

SECONDS = 30
"""For one page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """Where rows are, and by what they are ordered."""

    url: str
    table: str
    """`schema.name`, or a name."""
    key: str
    """Column that is different in every row."""
    since: str = ""
    """Column that grows with every change; empty: all rows each time, by key."""


def page(foreign: Foreign, cursor: Mapping[str, Any], limit: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the next rows behind a cursor, and the cursor behind them; without rows the same cursor.  Blocks.

    Raises:
        BadRequestError: the database cannot be reached, has no such table or column, or takes too long; the text names the
            kind of error, no value and no address.
    """
    try:
        engine = _engine(foreign.url)
        try:
            with engine.connect() as connection, connection.begin():
                if engine.dialect.name == "sqlite":
                    connection.exec_driver_sql("PRAGMA query_only=ON")
                rows = [dict(row) for row in connection.execute(_query(foreign, cursor, limit)).mappings()]
        finally:
            engine.dispose()
    except (SQLAlchemyError, ImportError, OSError, ValueError) as error:
        kind = type(getattr(error, "orig", None) or error).__name__
        message = f"the database cannot be asked: {kind}"
        raise BadRequestError(message, code="unreachable", field="url") from None
    if not rows:
        return [], dict(cursor)
    missing = next((name for name in (foreign.key, foreign.since) if name and name not in rows[-1]), None)
    if missing is not None:
        message = f"the table has no column {missing}"
        raise BadRequestError(message, code="no_column", field=missing)
    last = rows[-1]
    reached = {"key": mark(last[foreign.key])}
    if foreign.since:
        reached["since"] = mark(last[foreign.since])
    return rows, reached


def back(cursor: Mapping[str, Any], seconds: int, now: datetime) -> dict[str, Any]:
    """Return a cursor some seconds earlier, and not later than now: who wrote slowly, or ahead of time, is not missed."""
    if "since" not in cursor:
        return {}
    value = unmark(cursor["since"])
    if not isinstance(value, datetime):
        return dict(cursor)
    here = now if value.tzinfo is not None else now.replace(tzinfo=None)
    return {"since": mark(min(value, here) - timedelta(seconds=seconds))}


def mark(value: Any) -> list[Any]:
    """Return a value with its kind, as a cursor keeps it.

    Raises:
        BadRequestError: nothing can be ordered by it.
    """
    if isinstance(value, datetime):
        return ["moment", value.isoformat()]
    if isinstance(value, date):
        return ["day", value.isoformat()]
    if isinstance(value, Decimal):
        return ["number", str(value)]
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return ["plain", value]
    message = f"rows cannot be read in the order of a {type(value).__name__}: key and time of change are never empty"
    raise BadRequestError(message, code="no_order", field="key_field")


def unmark(marked: Sequence[Any]) -> Any:
    """Return the value that `mark` kept."""
    kind, value = marked
    if kind == "moment":
        return datetime.fromisoformat(value)
    if kind == "day":
        return date.fromisoformat(value)
    return Decimal(value) if kind == "number" else value


def _query(foreign: Foreign, cursor: Mapping[str, Any], limit: int) -> Any:
    schema, _, name = foreign.table.rpartition(".")
    key: Any = column(foreign.key)
    since: Any = column(foreign.since) if foreign.since else None
    there = table(name, key, *([since] if since is not None else []), schema=schema or None)
    query: Any = select(literal_column("*")).select_from(there).where(key.is_not(None)).limit(limit)
    if since is None:
        behind = [key > unmark(cursor["key"])] if "key" in cursor else []
        return query.where(*behind).order_by(key)
    query = query.where(since.is_not(None)).order_by(since, key)
    if "since" not in cursor:
        return query
    reached = unmark(cursor["since"])
    if "key" not in cursor:
        return query.where(since >= reached)
    return query.where(or_(since > reached, and_(since == reached, key > unmark(cursor["key"]))))


def _engine(text: str) -> Engine:
    """Open a database for reading only."""
    try:
        url = make_url(text)
        backend = url.get_backend_name()
    except (ArgumentError, NoSuchModuleError):
        message = "not a database URL"
        raise BadRequestError(message, code="bad_url", field="url") from None
    if backend == "sqlite":
        return create_engine(_read_only(url), poolclass=NullPool, hide_parameters=True)
    arguments: dict[str, Any] = {}
    options: dict[str, Any] = {}
    if backend == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
        arguments = {"connect_timeout": 10, "options": f"-c statement_timeout={SECONDS * 1000}"}
        options = {"postgresql_readonly": True}
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args=arguments)
    return engine.execution_options(**options) if options else engine


def _read_only(url: URL) -> URL:
    """Return SQLite's address of an existing file that is opened for reading."""
    if not url.database or url.database == ":memory:":
        message = "SQLite needs a file"
        raise BadRequestError(message, code="bad_url", field="url")
    return url.set(database=f"file:{url.database}", query={"mode": "ro", "uri": "true"})
