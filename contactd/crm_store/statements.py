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
Slot = tuple[str, Converter | None, Any]
"""A place of a statement: its name, its converter, and what stands there (converted) if not given."""
_REQUIRED = object()
_PLANS = 64
"""Sets of names a statement remembers; code gives only a few."""


Plan = Callable[[Mapping[str, Any]], tuple[Any, ...]]
"""Turns values by name into a statement's tuple."""


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
        self._plans: dict[tuple[str, ...], Plan] = {}

    def bind(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return `values` in the statement's order, converted for the driver.

        Raises:
            TypeError: a value is missing, or one is given that the statement does not take.
        """
        # A caller gives the same names each time: what to do with them is found out once.
        names = tuple(values)
        plan = self._plans.get(names)
        if plan is None:
            plan = self._plan(names)
        return plan(values)

    def _plan(self, names: tuple[str, ...]) -> Plan:
        """Make, once for each set of names, the function that binds it."""
        given = set(names)
        if not given <= self.names:
            message = f"values the statement does not take: {sorted(given - self.names)}"
            raise TypeError(message)
        missing = [name for name, _, default in self.slots if default is _REQUIRED and name not in given]
        if missing:
            message = f"no value for {missing[0]}"
            raise TypeError(message)
        if len(self._plans) >= _PLANS:
            self._plans.clear()
        plan = self._plans[names] = _written_out(self.slots, given)
        return plan

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


def _written_out(slots: Sequence[Slot], given: set[str]) -> Plan:
    """Write a plan out as one expression, as `namedtuple` does: a loop over the slots takes three times as long."""
    known: dict[str, Any] = {}
    places: list[str] = []
    for n, (name, convert, default) in enumerate(slots):
        if name not in given:
            known[f"d{n}"] = default
            places.append(f"d{n}")
        elif convert is None:
            places.append(f"v[{name!r}]")
        else:
            known[f"c{n}"] = convert
            places.append(f"None if (x := v[{name!r}]) is None else c{n}(x)")
    # Only names of our own columns stand in the text, as literals.
    plan: Plan = eval(f"lambda v: ({''.join(f'{one}, ' for one in places)})", known)  # noqa: S307 - see above
    return plan


def _slot(compiled: SQLCompiler, dialect: Dialect, name: str) -> Slot:
    """Describe one place of the statement: its name, its converter, and what stands there (converted) if not given."""
    bind = compiled.binds[name]
    # A name may stand in several places, and not in each does SQLAlchemy know the type.
    kinds = [same.type for same, its in compiled.bind_names.items() if its == name and not same.type._isnull]  # noqa: SLF001 - has no public name
    convert = _converter(kinds[0] if kinds else bind.type, dialect)
    literal = bind.value if not bind.required else None
    default = literal if literal is not None else _default(compiled, name, required=bind.required)
    if convert is not None and default is not None and default is not _REQUIRED:
        default = convert(default)
    return name, convert, default


def _converter(kind: TypeEngine[Any], dialect: Dialect) -> Converter | None:
    """Return what turns a value, not None, into the driver's: our own types' `stored`, else SQLAlchemy's processor.

    SQLAlchemy's goes through three calls for each value of a type of ours.
    """
    stored: Converter | None = getattr(kind, "stored", None)
    return stored or kind.dialect_impl(dialect).bind_processor(dialect)


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
