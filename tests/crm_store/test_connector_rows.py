"""What connectors keep: rows left out, and what an erasure takes out of them."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from town import Town, mail, phone

from contactd.core.errors import NotFoundError
from contactd.crm_store import connector_dead_rows as dead
from contactd.crm_store import erasing
from contactd.crm_store.store import Store
from contactd.testing.clock import MONDAY

LI = "+8613800138000"


def row(ident: str, **cells: str) -> dict[str, Any]:
    about = {"id": ident, "connector": "erp", "run_id": "run", "n": 2, "reasons": ["phone: not_a_number: x"]}
    return about | {"row": cells, "at": MONDAY}


async def waiting(store: Store) -> list[str]:
    return [one["id"] for one in await store.read(partial(dead.page, name="erp"))]


async def test_a_row_waits_until_it_is_taken_or_left_and_then_holds_nothing(store: Store) -> None:
    await store.write(partial(dead.add, rows=[row("a", Name="李雷"), row("b", Name="韩梅梅")]))
    assert await store.read(dead.waiting) == {"erp": 2}
    await store.write(partial(dead.again, ident="a", reasons=["name: too_long: x"]))
    found = await store.read(partial(dead.get, name="erp", ident="a"))
    assert (found["row"], found["reasons"], found["tries"]) == ({"Name": "李雷"}, ["name: too_long: x"], 1)
    left = partial(dead.end, ident="a", state=dead.LEFT, by="ann", now=MONDAY)
    assert [await store.write(left), await store.write(left)] == [True, False]
    with pytest.raises(NotFoundError):
        await store.read(partial(dead.get, name="erp", ident="a"))
    assert await waiting(store) == ["b"]
    gone = partial(dead.prune, now=MONDAY + timedelta(days=31), keep=timedelta(days=30))
    assert await store.write(gone) == 1


async def test_an_erased_person_stands_in_no_row_that_waits(store: Store, town: Town) -> None:
    li = await town.party("李雷", phone(LI), mail("li@example.com"))
    rows = [
        row("number", Phone="138 0013-8000"),
        row("address", Note="write to LI@example.com, please"),
        row("name", Name=" 李雷 "),
        row("other", Name="韩梅梅", Phone="13800138009"),
        row("short", Name="雷", Phone="8000"),
    ]
    await store.write(partial(dead.add, rows=rows))
    points = await store.read(lambda conn: erasing.points(conn, [li]))
    assert await store.write(lambda conn: dead.forget(conn, [li], points)) == 3
    assert await waiting(store) == ["other", "short"]
