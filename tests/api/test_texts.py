"""Texts that are used often: one's own and everybody's, with places from a list, versions, and filled in for a contact."""

from __future__ import annotations

from typing import Any

import pytest

from contactd.crm_store import audit, text_rows
from tests.api.house import House

TEXT = {"zh": "您好，{customer_name}，我是{agent_name}。", "en": "Hello {customer_name}, {agent_name} here."}


async def kept(client: Any, **more: Any) -> dict[str, Any]:
    answer = await client.post("/api/v1/texts", json={"name": "问候", "text": TEXT, **more})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def names(client: Any) -> list[tuple[str, bool]]:
    return [(one["name"], one["shared"]) for one in (await client.get("/api/v1/texts")).json()["items"]]


async def test_ones_own_texts_are_ones_own_and_supervisors_keep_those_of_all(both: House) -> None:
    async with (
        await both.logged_in("ann") as ann,
        await both.logged_in("bob") as bob,
        await both.logged_in("sue") as sue,
    ):
        own = await kept(ann)
        refused = await ann.post("/api/v1/texts", json={"name": "x", "text": TEXT, "shared": True})
        assert refused.status_code == 403
        everybodys = await kept(sue, name="通用", shared=True)
        assert await names(ann) == [("问候", False), ("通用", True)]
        assert await names(bob) == [("通用", True)]
        for other in (bob, sue):
            change = await other.patch(f"/api/v1/texts/{own['id']}", json={"name": "mine", "row_version": 1})
            assert change.status_code == 404
        assert (await bob.delete(f"/api/v1/texts/{everybodys['id']}")).status_code == 403
        assert (await ann.delete(f"/api/v1/texts/{own['id']}")).status_code == 204
        assert await names(ann) == [("通用", True)]
        acts = {one["action"] for one in await both.store.read(audit.listed) if one["object_kind"] == "text"}
        assert acts == {"text.add", "text.retire"}


async def test_a_change_keeps_how_it_stood_and_writes_over_nothing_unseen(both: House) -> None:
    async with await both.logged_in("sue") as sue:
        made = await kept(sue, shared=True, lines=["support"])
        path = f"/api/v1/texts/{made['id']}"
        changed = await sue.patch(path, json={"text": {"zh": "再见"}, "row_version": 1})
        assert (changed.json()["text"], changed.json()["lines"]) == ({"zh": "再见"}, ["support"])
        late = await sue.patch(path, json={"name": "late", "row_version": 1})
        assert (late.status_code, late.json()["code"]) == (409, "changed")
        before = (await sue.get(f"{path}/versions")).json()["items"]
        assert [(one["version"], one["text"]) for one in before] == [(2, {"zh": "再见"}), (1, TEXT)]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"text": {"zh": "{password}"}}, "unknown_place"),
        ({"text": {"zh": "  "}}, "required"),
        ({"name": " "}, "required"),
        ({"lines": ["nowhere"]}, "unknown_line"),
    ],
)
async def test_what_nobody_could_fill_in_is_refused(house: House, given: dict[str, Any], code: str) -> None:
    async with await house.logged_in("ann") as ann:
        answer = await ann.post("/api/v1/texts", json={"name": "x", "text": TEXT, **given})
        assert (answer.status_code, answer.json()["code"]) == (400, code)
        assert await names(ann) == []


async def test_there_are_only_so_many(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_rows, "MOST", 1)
    async with await house.logged_in("ann") as ann, await house.logged_in("bob") as bob:
        await kept(ann)
        assert (await ann.post("/api/v1/texts", json={"name": "x", "text": TEXT})).json()["code"] == "quota"
        await kept(bob)


async def test_expressions_stay_words(house: House) -> None:
    async with await house.logged_in("ann") as ann:
        made = await kept(ann, text={"en": "{{7*7}} {x.__class__} {customer_name!r}"})
        assert made["text"]["en"] == "{{7*7}} {x.__class__} {customer_name!r}"
