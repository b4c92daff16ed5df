"""Segments by REST: which there are, how many a new one would have, and who may ask by what."""

from __future__ import annotations

from pathlib import Path

from contactd.crm_store.store import Store
from contactd.desk.seeing import Seeing
from contactd.testing.clock import ManualClock
from tests.api.house import House, build, hire


async def test_a_segment_is_tried_out_before_the_policy_says_so(both: House) -> None:
    async with await both.logged_in("sue") as sue, await both.logged_in("ann") as ann:
        for name, vip, tags in (("甲", 2, ["华东"]), ("乙", 3, []), ("丙", 0, ["华东"])):
            made = await ann.post("/api/v1/parties", json={"name": name, "vip": vip, "tags": tags})
            assert made.status_code == 201, made.text
        asked = [{"field": "vip", "at_least": 2}, {"field": "tags", "lacks": "华东"}]
        tried = await sue.post("/api/v1/segments/preview", json={"conditions": asked})
        assert tried.status_code == 200, tried.text
        body = tried.json()
        assert (body["count"], body["looked_at"], body["more"]) == (1, 3, False)
        assert [one["name"] for one in body["sample"]] == ["乙"]
        wrong = await sue.post("/api/v1/segments/preview", json={"conditions": [asked[0], {"field": "vip", "over": 2}]})
        assert (wrong.status_code, wrong.json()["field"]) == (400, "conditions[1].over")
        assert (await ann.post("/api/v1/segments/preview", json={"conditions": asked})).status_code == 403
        listed = (await ann.get("/api/v1/segments")).json()
        assert (listed["items"], listed["as_of"]) == ([], None)


async def test_nobody_learns_by_conditions_what_they_are_not_shown(
    small_store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    await hire(small_store, clock)
    fields = {"supervisor": {"credit_level": "hide", "custom.illness": "mask", "value_class": "hide"}}
    house = build(small_store, clock, tmp_path / "static", seeing=Seeing(fields=fields))
    async with await house.logged_in("sue") as sue:
        for name in ("credit_level", "custom.illness", "value_class"):
            tried = await sue.post("/api/v1/segments/preview", json={"conditions": [{"field": name, "known": True}]})
            assert (tried.status_code, tried.json()["field"]) == (403, name)
        assert (await sue.get("/api/v1/parties", params={"value_class": "A"})).status_code == 403
        many = [{"field": "vip", "is": 1}] * 21
        assert (await sue.post("/api/v1/segments/preview", json={"conditions": many})).status_code in {400, 422}
