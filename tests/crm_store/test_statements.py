"""Hot statements: every one of the room compiles for both databases, with types for all its values."""

from __future__ import annotations

import importlib
import json
import pkgutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import bindparam, create_engine, select
from sqlalchemy.engine import Dialect

from contactd import crm_store
from contactd.crm_store import schema
from contactd.crm_store.schema.types import Json, storable
from contactd.crm_store.statements import Hot, hot, insert

DIALECTS = [
    create_engine("sqlite://").dialect,
    create_engine("postgresql+psycopg://nobody@nowhere/none", paramstyle="format").dialect,
]


def of_the_room() -> list[tuple[str, Hot]]:
    found = []
    for module in pkgutil.iter_modules(crm_store.__path__):
        loaded = importlib.import_module(f"contactd.crm_store.{module.name}")
        found += [(f"{module.name}.{name}", it) for name, it in vars(loaded).items() if isinstance(it, Hot)]
    return found


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("statement", [pytest.param(it, id=name) for name, it in of_the_room()])
def test_every_hot_statement_compiles(statement: Hot, dialect: Dialect) -> None:
    assert statement.prepared(dialect).sql


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_a_list_of_unknown_length_is_refused(dialect: Dialect) -> None:
    statement = hot(select(schema.party).where(schema.party.c.id.in_(bindparam("ids", expanding=True))))
    with pytest.raises(ValueError, match="cold"):
        statement.prepared(dialect)


def test_an_insert_may_name_its_columns_and_keeps_the_others_defaults() -> None:
    prepared = hot(insert(schema.skill), "name", "created_at").prepared(DIALECTS[0])
    assert prepared.sql.count("?") == 3
    assert "retired_at" not in prepared.sql
    with pytest.raises(TypeError, match="created_at"):
        prepared.bind({"name": "billing"})


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60)
@given(VALUES)
def test_a_document_is_compact_json(value: object) -> None:
    assert Json.stored(value) == storable(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(TypeError):
        Json.stored({"at": object()})
