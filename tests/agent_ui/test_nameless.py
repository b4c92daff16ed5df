"""A supervisor with a narrow scope steers the whole queue and learns nothing of strangers from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from contactd.core.errors import NotFoundError
from contactd.crm_store.store import Store
from contactd.desk.changes import InteractionUpsert
from contactd.testing.clock import ManualClock
from tests.agent_ui.line import console
from tests.agent_ui.test_console import held
from tests.api.house import House
from tests.api.test_scopes import peopled

SECRET = ("Liu Wei", "+8613800138000", "Lost contract")


def waits(ident: str, **more: Any) -> InteractionUpsert:
    customer = {
        "customer_name": SECRET[0],
        "from": SECRET[1],
        "subject": SECRET[2],
        "last_message": SECRET[2],
        "vip": 3,
    }
    view = held(ident, state="queued", agent="", queued_at="2026-11-02T08:00:00.000Z", **customer, **more)
    return InteractionUpsert(view=view)


def told(view: dict[str, Any]) -> bool:
    return any(one in str(view) for one in SECRET)


async def test_what_waits_is_shown_without_its_customer(small_store: Store, clock: ManualClock, tmp_path: Path) -> None:
    house = await peopled(small_store, clock, tmp_path / "static", "team", role="supervisor")
    house.views.apply([waits("i1")], clock.now())
    async with console(house, "sue") as line:
        first = (await line.hello())["state"]["floor"]["waiting"]
        house.views.apply([waits("i2"), waits("i3", offered_to="id-sue")], clock.now())
        event = await line.frame()
        later = {one["id"]: one for one in event["data"]["waiting"]["upsert"]}
        assert [one["id"] for one in first] == ["i1"]
        assert {ident: told(view) for ident, view in later.items()} == {"i2": False, "i3": True}
        assert not told(first[0])
        assert (first[0]["line"], first[0]["queued_at"]) == ("support", "2026-11-02T08:00:00.000Z")


async def test_who_sees_everything_is_told_everything(house: House) -> None:
    house.views.apply([waits("i1")], house.clock.now())
    async with console(house, "sue") as line:
        assert told((await line.hello())["state"]["floor"]["waiting"][0])


async def test_nobody_watches_what_they_do_not_see(house: House) -> None:
    """Whether it is seen is for the desk to say (`desk.in_sight`): what it refuses is not followed."""
    house.orders.act = lambda _actor, _command, _data: NotFoundError("there is no such thing")
    async with console(house, "sue") as line:
        await line.hello()
        line.command("w1", "interaction.watch", interaction="i1")
        assert (await line.frame())["error"]["code"] == "not_found"
        assert not house.views.audience.watchers("i1")
