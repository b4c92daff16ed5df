"""Hot statements: compiled once per dialect, run on the driver's own connection with tuples.

SQLAlchemy builds every statement, but its per-execution machinery costs more than SQLite does.  So a statement of a busy unit is
compiled on first use, and from then on only the columns' own converters stand between the caller and the driver.

`insert` is PostgreSQL's form of INSERT, whose ON CONFLICT clause compiles for SQLite as well.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Insert, Select, TableClause
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.types import TypeEngine

__all__ = ["Hot", "Prepared", "hot", "insert"]

Converter = Callable[[Any], Any]
_REQUIRED = object()


class Prepared:
    """A hot statement in one dialect's SQL, with what turns Python values into the driver's and rows back."""

    def __init__(self, compiled: SQLCompiler, dialect: Dialect, columns: Sequence[tuple[str, TypeEngine[Any]]]) -> None:
        """Take from `compiled` all that is needed at run time."""
        if compiled.post_compile_params or compiled.literal_execute_params:
            message = "a hot statement cannot expand a list: use the cold `execute`"
            raise ValueError(message)
        self.sql = str(compiled)
        names = compiled.positiontup or []
        self.slots = tuple(_slot(compiled, dialect, name) for name in names)
        self.names = frozenset(names)
        self.row = _row_class([name for name, _ in columns])
        readers = [kind.dialect_impl(dialect).result_processor(dialect, None) for _, kind in columns]
        self.readers = readers if any(readers) else None

    def bind(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return `values` in the statement's order, converted for the driver.

        Raises:
            TypeError: a value is missing, or one is given that the statement does not take.
        """
        if not values.keys() <= self.names:
            message = f"values the statement does not take: {sorted(values.keys() - self.names)}"
            raise TypeError(message)
        bound = []
        for name, convert, default in self.slots:
            if name in values:
                value = values[name]
                bound.append(value if convert is None or value is None else convert(value))
            elif default is _REQUIRED:
                message = f"no value for {name}"
                raise TypeError(message)
            else:
                bound.append(default)
        return tuple(bound)

    def rows(self, fetched: Iterable[Sequence[Any]]) -> list[Any]:
        """Turn what the driver fetched into named rows."""
        make = self.row._make
        if self.readers is None:
            return [make(row) for row in fetched]
        return [
            make(value if read is None else read(value) for read, value in zip(self.readers, row, strict=True))
            for row in fetched
        ]


class Hot:
    """A statement of a busy unit; make it once, at import time, with `hot`."""

    def __init__(self, statement: Select[Any] | UpdateBase, columns: tuple[str, ...]) -> None:
        """Keep the statement; it is compiled when first used with a dialect."""
        self.statement = statement
        self.columns = columns
        self._prepared: dict[str, Prepared] = {}

    def prepared(self, dialect: Dialect) -> Prepared:
        """Return the statement compiled for `dialect`."""
        found = self._prepared.get(dialect.name)
        if found is None:
            found = self._prepared[dialect.name] = self._prepare(dialect)
        return found

    def _prepare(self, dialect: Dialect) -> Prepared:
        """Compile; an INSERT takes all columns of its table unless some were named."""
        names = list(self.columns) or None
        compiled = self.statement.compile(dialect=dialect, column_keys=names)
        if not isinstance(compiled, SQLCompiler):  # pragma: no cover - a DDL statement, which `hot` does not accept
            message = "not a statement with values"
            raise TypeError(message)
        returned = [(column.key or "", column.type) for column in self.statement.exported_columns]
        return Prepared(compiled, dialect, returned)


def hot(statement: Select[Any] | UpdateBase, *columns: str) -> Hot:
    """Make a hot statement.

    Values are given by name when it is run: the columns of an INSERT, the `bindparam` names of anything else.  What an
    INSERT is not given becomes the column's default, else NULL.

    Args:
        statement: built with SQLAlchemy Core; no IN over a list of unknown length.
        columns: for INSERT and UPDATE, the only columns it sets (default for INSERT: all of the table).
    """
    return Hot(statement, columns)


def _row_class(names: list[str]) -> Any:
    """Make the class of a statement's rows: columns by name, and `_mapping` as SQLAlchemy's rows have it."""
    plain: Any = namedtuple("Row", names, rename=True)  # type: ignore[misc]  # noqa: PYI024 - made at run time
    return type("Row", (plain,), {"__slots__": (), "_mapping": property(plain._asdict)})


def _slot(compiled: SQLCompiler, dialect: Dialect, name: str) -> tuple[str, Converter | None, Any]:
    """Describe one place of the statement: its name, its converter, and what stands there (converted) if not given."""
    bind = compiled.binds[name]
    # A name may stand in several places, and not in each does SQLAlchemy know the type.
    kinds = [same.type for same, its in compiled.bind_names.items() if its == name and not same.type._isnull]  # noqa: SLF001 - has no public name
    convert = (kinds[0] if kinds else bind.type).dialect_impl(dialect).bind_processor(dialect)
    literal = bind.value if not bind.required else None
    default = literal if literal is not None else _default(compiled, name, required=bind.required)
    if convert is not None and default is not None and default is not _REQUIRED:
        default = convert(default)
    return name, convert, default


def _default(compiled: SQLCompiler, name: str, *, required: bool) -> Any:
    """Return what stands in a place nobody names: a column's default in an INSERT, the statement's own None, or nothing."""
    statement = compiled.statement
    table = statement.table if isinstance(statement, Insert) else None
    if not isinstance(table, TableClause) or name not in table.c:
        return _REQUIRED if required else None
    column = table.c[name]
    default = getattr(column, "default", None)
    if default is not None and default.is_scalar:
        return default.arg
    return None if column.nullable else _REQUIRED
