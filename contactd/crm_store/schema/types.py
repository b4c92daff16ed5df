"""Column types and the one `MetaData`: how times, JSON and words from outside are kept on both databases."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from contactd.clock import from_ms, to_ms

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    },
)
"""Every table of the store; names of constraints are fixed so that a migration can name them."""


def _encoder() -> Callable[[Any], str]:
    """Return what writes a value as compact JSON.

    `JSONEncoder.encode` makes the encoder below anew for every value, which takes longer than writing a small one.
    """
    usual = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:  # another Python than CPython
        return usual.encode
    write = make(None, usual.default, json.encoder.encode_basestring, None, ":", ",", False, False, True)  # noqa: FBT003 - it takes no names
    return lambda value: "".join(write(value, 0))


_encode = _encoder()
_EMPTY: dict[type, str] = {list: "[]", tuple: "[]", dict: "{}"}
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """Return `text` with NUL and lone surrogates replaced by U+FFFD."""
    if "\x00" not in text and (text.isascii() or _encodable(text)):
        return text
    return _UNSTORABLE.sub("\ufffd", text)


def _encodable(text: str) -> bool:
    """Tell whether no half of a surrogate pair is in `text`: encoding it is faster than looking for one."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _written(value: Any) -> str:
    # Most documents are empty ones.
    return storable(_encode(value)) if value else _EMPTY.get(type(value)) or _encode(value)


class Moment(TypeDecorator[datetime]):
    """A moment, kept as whole milliseconds UTC in a BIGINT; in Python an aware `datetime`."""

    impl = BigInteger
    cache_ok = True
    stored = staticmethod(to_ms)
    """The driver's form of a value that is not None (hot statements ask for it)."""

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Turn an aware moment into milliseconds; a naive one is a mistake and raises `TypeError`."""
        _ = dialect
        return None if value is None else to_ms(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Turn milliseconds into an aware moment in UTC."""
        _ = dialect
        return None if value is None else from_ms(value)


class Words(TypeDecorator[str]):
    """Text that came from outside.

    NUL and lone surrogates, which one or both databases refuse, become U+FFFD: a stranger's bytes never fail a unit.
    """

    impl = Text
    cache_ok = True
    stored = staticmethod(storable)

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Replace what cannot be stored."""
        _ = dialect
        return None if value is None else storable(value)


class Ordered(Words):
    """Words from outside that are searched by their beginning: in code point order on both databases."""

    # PostgreSQL's collation "C" is SQLite's order.
    impl = Text().with_variant(Text(collation="C"), "postgresql")  # type: ignore[assignment]
    cache_ok = True


class Json(TypeDecorator[Any]):
    """A JSON value, kept as compact text: the same bytes on both databases."""

    impl = Text
    cache_ok = True
    stored = staticmethod(_written)

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Write the value as compact JSON; None is SQL NULL."""
        _ = dialect
        return None if value is None else _written(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Read the JSON text."""
        _ = dialect
        return None if value is None else json.loads(value)


def key() -> Column[str]:
    """Make the `id` column: a UUIDv7 as text."""
    return Column("id", Text, primary_key=True)


def words(name: str, *, optional: bool = False) -> Column[str]:
    """Make a column of words from outside; empty unless given, or NULL when `optional`."""
    if optional:
        return Column(name, Words)
    return Column(name, Words, nullable=False, default="")


def moment(name: str, *, optional: bool = False) -> Column[datetime]:
    """Make a column that keeps a moment."""
    return Column(name, Moment, nullable=optional)


def count(name: str) -> Column[int]:
    """Make a column that counts from 0."""
    return Column(name, Integer, nullable=False, default=0)


def duration(name: str) -> Column[int]:
    """Make a column of whole milliseconds, 0 unless given."""
    return Column(name, BigInteger, nullable=False, default=0)


def document(name: str, *, empty: Any = None) -> Column[Any]:
    """Make a JSON column; NULL unless given, or `empty` ("[]" or "{}" as a Python value)."""
    if empty is None:
        return Column(name, Json)
    return Column(name, Json, nullable=False, default=empty)


def belongs(name: str, target: str, *, optional: bool = False, index: bool = True) -> Column[str]:
    """Make a foreign key to `target` (`table.column`)."""
    return Column(name, Text, ForeignKey(target), nullable=optional, index=index)
