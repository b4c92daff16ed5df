"""Agents, published policies, and the audit log's chain."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update
from town import Town

from contactd.core.errors import BadRequestError, ConflictError, NotFoundError
from contactd.crm_store import agents, audit, policies, schema
from contactd.crm_store.agents import Abilities
from contactd.crm_store.audit import Break, Entry
from contactd.crm_store.store import Store
from contactd.testing.clock import MONDAY

LOG = schema.audit_log


async def test_an_agent_comes_back_with_skills_and_lines_and_without_password(store: Store, town: Town) -> None:
    anna = await town.agent(
        "anna",
        display_name="Anna",
        password_hash="$argon2id$x",
        languages=["zh", "en"],
        device="PJSIP/1001",
        capacity={"chat": 25},
        skills=(("fax", 2), ("billing", 7)),
    )
    got = await store.read(lambda conn: agents.named(conn, "anna"))
    assert got == await store.read(lambda conn: agents.get(conn, anna))
    assert got["skills"] == [{"skill": "billing", "level": 7}, {"skill": "fax", "level": 2}]
    assert (got["lines"], got["languages"], got["capacity"]) == (["support"], ["zh", "en"], {"chat": 25})
    assert "argon2" not in repr(got)
    assert await store.read(lambda conn: agents.on_device(conn, "PJSIP/1001")) == anna
    assert await store.read(lambda conn: agents.on_device(conn, "PJSIP/1002")) is None


async def test_a_name_is_given_once(store: Store, town: Town) -> None:
    await town.agent("anna")
    with pytest.raises(ConflictError) as caught:
        await town.agent("anna")
    assert (caught.value.code, caught.value.field) == ("taken", "name")
    assert len(await store.read(agents.listed)) == 1


@pytest.mark.parametrize(("field", "value"), [("role", "boss"), ("id", "x"), ("name", "x")])
async def test_a_wrong_field_is_refused(town: Town, field: str, value: str) -> None:
    with pytest.raises((BadRequestError, TypeError)):
        await town.agent("anna", **{field: value})


@pytest.mark.parametrize("level", [0, 11, -1])
async def test_levels_are_one_to_ten(town: Town, level: int) -> None:
    with pytest.raises(BadRequestError):
        await town.agent("anna", skills=(("billing", level),))


async def test_changing_an_agent(store: Store, town: Town) -> None:
    anna = await town.agent("anna", skills=(("billing", 7),))

    def change(version: int, abilities: Abilities | None = None, **values: Any) -> Any:
        return lambda conn: agents.change(conn, anna, values, abilities, row_version=version, now=MONDAY, actor="admin")

    assert await store.write(change(1, role="supervisor")) == 2
    assert await store.write(change(2, Abilities(skills=(("fax", 1),), lines=("*", "*")))) == 3
    with pytest.raises(ConflictError):
        await store.write(change(2, role="admin"))
    got = await store.read(lambda conn: agents.get(conn, anna))
    assert (got["role"], got["lines"], got["skills"]) == ("supervisor", ["*"], [{"skill": "fax", "level": 1}])
    with pytest.raises(NotFoundError):
        await store.write(
            lambda conn: agents.change(conn, "none", {}, None, row_version=1, now=MONDAY, actor=None),
        )


@pytest.mark.parametrize("values", [{"disabled": True}, {"password_hash": "$new"}])
async def test_disabling_or_a_new_password_ends_every_log_in(store: Store, town: Town, values: dict[str, Any]) -> None:
    anna = await town.agent("anna")
    row = {"id_hash": "h", "agent_id": anna, "created_at": MONDAY, "seen_at": MONDAY, "expires_at": MONDAY}
    await town.unit(lambda conn: conn.execute(insert(schema.session).values(**row)))
    await store.write(lambda conn: agents.change(conn, anna, values, None, row_version=1, now=MONDAY, actor=None))
    ended = await store.read(lambda conn: conn.execute(select(schema.session.c.ended_at)).scalar())
    assert ended == MONDAY
    shown = len(await store.read(agents.listed))
    assert shown == (0 if "disabled" in values else 1)
    assert len(await store.read(lambda conn: agents.listed(conn, with_disabled=True))) == 1


async def test_policies_are_numbered_and_the_newest_rules(store: Store) -> None:
    assert await store.read(policies.current) is None
    first = {"lines": {"support": {"label": {"zh": "客服"}}}, "skills": {"billing": {}}}
    second = {"lines": {"sales": {"label": {"zh": "销售"}}}}

    def publish(document: dict[str, Any], based_on: int | None = None) -> Any:
        return lambda conn: policies.publish(conn, document, now=MONDAY, actor="anna", based_on=based_on)

    assert (await store.write(publish(first))).version == 1
    assert (await store.write(publish(first))).version == 1
    assert (await store.write(publish(second, based_on=1))).version == 2
    with pytest.raises(ConflictError) as caught:
        await store.write(publish(first, based_on=1))
    assert caught.value.code == "changed"
    current = await store.read(policies.current)
    assert current is not None
    assert (current.version, current.document) == (2, second)
    assert (await store.read(lambda conn: policies.get(conn, 1))).document == first
    assert [one["version"] for one in await store.read(policies.listed)] == [2, 1]
    with pytest.raises(NotFoundError):
        await store.read(lambda conn: policies.get(conn, 3))
    lines = await store.read(lambda conn: conn.execute(select(schema.line).order_by(schema.line.c.name)).all())
    assert [(line.name, line.label, line.retired_at) for line in lines] == [
        ("sales", {"zh": "销售"}, None),
        ("support", {"zh": "客服"}, MONDAY),
    ]


def test_equal_documents_have_equal_digests() -> None:
    assert policies.digest({"a": 1, "b": 2}) == policies.digest({"b": 2, "a": 1})
    assert policies.digest({"a": 1}) != policies.digest({"a": 2})


def act(action: str, **detail: Any) -> Entry:
    return Entry(actor="anna", action=action, object_kind="party", object_id="p1", detail=detail, ip="::1")


async def chained(store: Store, count: int) -> list[Break]:
    for n in range(count):
        await store.write(lambda conn, n=n: audit.append(conn, act(f"act{n}", n=n), MONDAY))
    return await store.read(audit.verify)


async def test_a_whole_chain_verifies_and_reads_back_newest_first(store: Store) -> None:
    assert await chained(store, 5) == []
    found = await store.read(lambda conn: audit.listed(conn, limit=2))
    assert [entry["action"] for entry in found] == ["act4", "act3"]
    older = await store.read(lambda conn: audit.listed(conn, before=found[-1]["seq"]))
    assert [entry["action"] for entry in older] == ["act2", "act1", "act0"]


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    detail=st.dictionaries(
        st.text(max_size=4),
        st.one_of(st.none(), st.text(max_size=4), st.integers(-(2**40), 2**40), st.lists(st.floats(allow_nan=False))),
        max_size=3,
    ),
)
async def test_any_detail_verifies(store: Store, detail: dict[str, Any]) -> None:
    await store.write(lambda conn: audit.append(conn, act("x", d=detail), MONDAY))
    assert await store.read(audit.verify) == []


async def test_a_changed_entry_shows(store: Store) -> None:
    await chained(store, 4)
    await store.write(lambda conn: conn.execute(update(LOG).where(LOG.c.seq == 2).values(actor="eve")))
    assert await store.read(audit.verify) == [Break(seq=2, fault="changed")]


async def test_a_changed_entry_with_a_new_hash_breaks_the_next_link(store: Store) -> None:
    await chained(store, 4)

    def forge(conn: Any) -> None:
        row = conn.execute(select(LOG).where(LOG.c.seq == 2)).one()._asdict() | {"actor": "eve"}
        conn.execute(update(LOG).where(LOG.c.seq == 2).values(actor="eve", hash=audit._hash(row)))

    await store.write(forge)
    assert await store.read(audit.verify) == [Break(seq=3, fault="unchained")]


@pytest.mark.parametrize("gone", [1, 2, 4])
async def test_a_missing_entry_shows_also_at_the_ends(store: Store, gone: int) -> None:
    await chained(store, 4)
    await store.write(lambda conn: conn.execute(delete(LOG).where(LOG.c.seq == gone)))
    assert Break(seq=gone, fault="missing") in await store.read(audit.verify)


async def test_a_refused_unit_leaves_no_gap(store: Store) -> None:
    def refused(conn: Any) -> None:
        audit.append(conn, act("never"), MONDAY)
        raise KeyError

    await chained(store, 1)
    with pytest.raises(KeyError):
        await store.write(refused)
    assert await chained(store, 1) == []
    assert len(await store.read(audit.listed)) == 2
