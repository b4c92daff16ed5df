"""How facts and wishes are written into the journal and read back: JSON with ids and routing inputs only.

Every payload carries `v`, the version of its form; a reader keeps understanding every old `v`.
Moments are milliseconds since 1970 UTC, durations are milliseconds.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from typing import Any, Union, get_args, get_origin, get_type_hints

from contactd.clock import from_ms, to_ms
from contactd.core.effects import WISHES, Decision, Wish
from contactd.core.events import FACTS, Fact

VERSION = 1
RESTART, CHECKPOINT, TICK = "restart", "checkpoint", "tick"
"""Kinds of rows that are no facts: a router was made anew; its fingerprint; time alone made something happen."""
_BARE = frozenset({str, int, bool, float, type(None)})
"""Types of values that are written as they are."""
_MS = timedelta(milliseconds=1)


def encode(thing: Fact | Wish | Decision) -> dict[str, Any]:
    """Return the JSON form of a fact, wish or decision, defaults left out, with `v`."""
    return {"v": VERSION, **_plain_fields(thing)}


def decode_fact(kind: str, payload: dict[str, Any]) -> Fact:
    """Read a fact back.

    Raises:
        ValueError: the kind is unknown, or the payload is not of a version or shape that was ever written.
    """
    fact: Fact = _decode(FACTS, kind, payload)
    return fact


def encode_wishes(wishes: list[Wish]) -> list[dict[str, Any]]:
    """Return the JSON form of a fact's wishes, in order."""
    return [{"kind": type(wish).__name__, **_plain_fields(wish)} for wish in wishes]


def decode_wishes(rows: list[dict[str, Any]]) -> list[Wish]:
    """Read wishes back.

    Raises:
        ValueError: a row is not of a form that was ever written.
    """
    return [_decode(WISHES, row["kind"], {"v": VERSION, **row}) for row in rows]


def decode_decision(payload: dict[str, Any]) -> Decision:
    """Read a stored decision back.

    Raises:
        ValueError: it is not of a form that was ever written.
    """
    decision: Decision = _build(Decision, payload)
    return decision


def _decode(table: dict[str, type[Any]], kind: str, payload: dict[str, Any]) -> Any:
    made = table.get(kind)
    if made is None or payload.get("v") != VERSION:
        message = f"unknown journal entry {kind} v{payload.get('v')}"
        raise ValueError(message)
    return _build(made, payload)


def _build(made: type[Any], payload: dict[str, Any]) -> Any:
    readers = _readers(made)
    try:
        return made(**{name: readers[name](value) for name, value in payload.items() if name in readers})
    except (TypeError, KeyError) as error:
        message = f"journal entry {made.__name__} has a wrong shape"
        raise ValueError(message) from error


def _plain_fields(thing: Any) -> dict[str, Any]:
    found = {}
    for name, default, write in _writers(type(thing)):
        value = getattr(thing, name)
        if value != default:
            found[name] = value if write is None else write(value)
    return found


_Writer = Callable[[Any], Any] | None
"""Makes the JSON form of a value; None = it is written as it is."""
_WRITERS: dict[type[Any], tuple[tuple[str, Any, _Writer], ...]] = {}


def _writers(made: type[Any]) -> tuple[tuple[str, Any, _Writer], ...]:
    """Return the names of a dataclass's fields with their defaults and how each is written; found out once."""
    found = _WRITERS.get(made)
    if found is None:
        hints = get_type_hints(made)
        found = _WRITERS[made] = tuple(
            (field.name, field.default, _writer(hints[field.name])) for field in fields(made)
        )
    return found


def _writer(hint: Any) -> _Writer:
    if hint in _BARE:
        return None
    if get_origin(hint) in (Union, types.UnionType):
        inner = {_writer(arg) for arg in get_args(hint)}
        return None if inner == {None} else _plain
    if hint is datetime:
        return to_ms
    if get_origin(hint) is tuple:
        within = [arg for arg in get_args(hint) if arg is not Ellipsis]
        if all(_writer(arg) is None for arg in within):
            return list
        if len(within) == 1 and (write := _writer(within[0])) is not None:
            return lambda value: [write(one) for one in value]
    return _plain


def _plain(value: Any) -> Any:
    # Words of an enum are texts too.
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, datetime):
        return to_ms(value)
    if isinstance(value, timedelta):
        return value // _MS
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return _plain_fields(value)
    return value


_READERS: dict[type[Any], dict[str, Callable[[Any], Any]]] = {}


def _readers(made: type[Any]) -> dict[str, Callable[[Any], Any]]:
    """Return for each field of a dataclass the function that reads its JSON form; made once."""
    found = _READERS.get(made)
    if found is None:
        found = _READERS[made] = {name: _reader(hint) for name, hint in get_type_hints(made).items()}
    return found


def _reader(hint: Any) -> Callable[[Any], Any]:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _optional_reader(hint)
    if hint is datetime:
        return from_ms
    if hint is timedelta:
        return lambda value: value * _MS
    if origin is tuple:
        return _tuple_reader(get_args(hint))
    if is_dataclass(hint):
        return lambda value: _build(hint, value)  # type: ignore[arg-type]  # a dataclass type, as just asked
    return lambda value: value


def _optional_reader(hint: Any) -> Callable[[Any], Any]:
    inner = _reader(next(arg for arg in get_args(hint) if arg is not type(None)))
    return lambda value: None if value is None else inner(value)


def _tuple_reader(args: tuple[Any, ...]) -> Callable[[Any], Any]:
    if len(args) == 2 and args[1] is Ellipsis:  # noqa: PLR2004 - the two arguments of tuple[X, ...]
        item = _reader(args[0])
        return lambda value: tuple(item(one) for one in value)
    readers = [_reader(arg) for arg in args]
    return lambda value: tuple(read(one) for read, one in zip(readers, value, strict=True))
