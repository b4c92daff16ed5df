"""Segments by REST: which there are, how many a new one would have, and who may ask by what."""

from __future__ import annotations

from tests.api.house import House


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
