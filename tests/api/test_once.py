"""An Idempotency-Key when things go wrong in between: never twice, never stuck."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from contactd.api import once as once_module
from contactd.api.once import CUT_OFF, Try, once
from contactd.core.errors import ConflictError, StoreDownError
from contactd.crm_store import api_reads
from contactd.crm_store import schema as s
from contactd.desk.rights import Actor
from tests.api.house import House
from tests.api.test_writes import FORM

PERSON = {"name": "Li Lei", "kind": "person", "points": [{"kind": "email", "value": "li@example.cn"}]}
KEY = {"idempotency-key": "k"}
LATER = CUT_OFF + timedelta(seconds=1)


async def parties(house: House) -> int:
    count: int = await house.store.read(
        lambda conn: conn.execute(select(func.count()).select_from(s.party)).scalar_one()
    )
    return count


def break_once(monkeypatch: pytest.MonkeyPatch, name: str, times: int = 1) -> None:
    """Let the store be down when the outcome of a try is written."""
    real = getattr(api_reads, name)
    left = [times]

    def broken(*args: Any, **more: Any) -> Any:
        if left[0]:
            left[0] -= 1
            message = "the store cannot commit now"
            raise StoreDownError(message)
        return real(*args, **more)

    monkeypatch.setattr(api_reads, name, broken)


async def test_an_answer_that_cannot_be_kept_takes_its_effect_back(
    both: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_once(monkeypatch, "end_once")
    async with await both.with_token("write") as client:
        assert (await client.post("/api/v1/parties", json=PERSON, headers=KEY)).status_code == 503
        assert await parties(both) == 0
        made = await client.post("/api/v1/parties", json=PERSON, headers=KEY)
        again = await client.post("/api/v1/parties", json=PERSON, headers=KEY)
    assert (made.status_code, again.status_code, again.headers["idempotent-replay"]) == (201, 201, "true")
    assert made.json() == again.json()
    assert await parties(both) == 1


async def test_a_try_that_was_cut_off_after_its_effect_is_not_done_twice(
    both: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process ends between the commit and everything that would follow it."""

    def cut(*_args: Any) -> Any:
        raise asyncio.CancelledError

    async with await both.with_token("write") as client:
        with monkeypatch.context() as patch:
            patch.setattr(once_module, "answer", cut)
            break_once(patch, "drop_once")
            with pytest.raises(asyncio.CancelledError):
                await client.post("/api/v1/parties", json=PERSON, headers=KEY)
        both.clock.advance(LATER)
        again = await client.post("/api/v1/parties", json=PERSON, headers=KEY)
    assert (again.status_code, again.headers["idempotent-replay"]) == (201, "true")
    assert await parties(both) == 1


async def test_a_try_that_was_cut_off_before_its_effect_is_done_after_a_minute(
    both: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with await both.with_token("write") as client:
        with monkeypatch.context() as patch:
            break_once(patch, "end_once")
            break_once(patch, "drop_once")
            assert (await client.post("/api/v1/parties", json=PERSON, headers=KEY)).status_code == 503
        early = await client.post("/api/v1/parties", json=PERSON, headers=KEY)
        assert (early.status_code, early.json()["code"]) == (409, "in_progress")
        both.clock.advance(LATER)
        assert (await client.post("/api/v1/parties", json=PERSON, headers=KEY)).status_code == 201
    assert await parties(both) == 1


async def test_a_contact_whose_answer_cannot_be_kept_is_answered_and_comes_again_under_the_same_key(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_once(monkeypatch, "end_once")
    async with await house.with_token("intake") as client:
        assert (await client.post("/api/v1/interactions", json=FORM, headers=KEY)).status_code == 201
        house.clock.advance(LATER)
        assert (await client.post("/api/v1/interactions", json=FORM, headers=KEY)).status_code == 201
    first, second = (arrival for arrival, _ in house.door.came)
    assert (first.adapter, first.external_key) == (second.adapter, second.external_key)


async def test_a_refusal_that_cannot_be_kept_is_still_told(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    break_once(monkeypatch, "end_once", times=9)
    client = await house.logged_in("sue")
    for _ in range(2):
        answer = await client.post("/api/v1/interactions/unreadable/replay", headers=KEY)
        assert (answer.status_code, answer.json()["code"]) == (409, "unreadable")
        house.clock.advance(LATER)


async def test_of_a_slow_try_and_the_one_that_took_its_place_one_has_its_effect(both: House) -> None:
    gate, inside = asyncio.Event(), asyncio.Event()
    parts = both.app._app.state.parts
    actor = Actor(id="a1", name="A", role="admin")
    now = both.clock.now()

    class Request:
        """What `once` asks of a request."""

        headers = KEY
        method = "POST"

        class url:  # noqa: N801 - as Starlette names it
            path = "/x"

        async def body(self) -> bytes:
            return b"{}"

    async def attempt(ident: str, *, slow: bool) -> Any:
        async def do(this: Try) -> tuple[int, Any]:
            if slow:
                inside.set()
                await gate.wait()

            def unit(conn: Any) -> None:
                row = {"id": ident, "canonical_id": ident, "kind": "person", "created_at": now, "updated_at": now}
                conn.execute(s.party.insert().values(**row))
                this.keep(conn, 201, {"id": ident})

            await both.store.write(unit)
            return 201, {"id": ident}

        return await once(Request(), parts, actor, do)  # type: ignore[arg-type]

    first = asyncio.create_task(attempt("slow", slow=True))
    await inside.wait()
    both.clock.advance(LATER)
    second = await attempt("quick", slow=False)
    gate.set()
    with pytest.raises(ConflictError):
        await first
    assert second.status_code == 201
    assert await parties(both) == 1
    replayed = await attempt("third", slow=False)
    assert replayed.body == second.body
