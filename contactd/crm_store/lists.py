"""Hot statements about many keys at once: a list of a fixed width, filled up with its last key.

A hot statement cannot expand a list; asking for one key after the other costs more than the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import ColumnElement, bindparam

from contactd.crm_store.statements import Hot
from contactd.crm_store.write_conn import WriteConn

WIDTH = 32


def among(column: ColumnElement[Any], name: str = "key") -> ColumnElement[bool]:
    """Compare a column with a list of keys, which `each` gives."""
    return column.in_([bindparam(f"{name}{n}", type_=column.type) for n in range(WIDTH)])


def each(conn: WriteConn, statement: Hot, keys: Iterable[str], **values: Any) -> Iterator[tuple[list[str], list[Any]]]:
    """Run a statement made with `among` for all keys; yield some keys and their rows, until all were asked for."""
    for some in _parts(keys):
        yield some, conn.all(statement, **_named("key", some), **values)


def each_pair(conn: WriteConn, statement: Hot, pairs: Iterable[tuple[str, str]], second: str) -> Iterator[Any]:
    """Yield the rows of a statement with two lists, `key` and `second`, for pairs of keys; it may find other pairs, too."""
    for some in _parts(pairs):
        yield from conn.all(
            statement, **_named("key", [one for one, _ in some]), **_named(second, [other for _, other in some])
        )


def _parts(keys: Iterable[Any]) -> Iterator[list[Any]]:
    wanted = sorted(set(keys))
    for at in range(0, len(wanted), WIDTH):
        yield wanted[at : at + WIDTH]


def _named(name: str, keys: list[str]) -> dict[str, str]:
    full = [*keys, *[keys[-1]] * (WIDTH - len(keys))]
    return {f"{name}{n}": key for n, key in enumerate(full)}
