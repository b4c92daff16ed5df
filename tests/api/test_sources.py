"""A message as it came: to be saved, never opened; its header lines as they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from contactd.api.sources import head_lines
from contactd.crm_store import schema
from tests.api.house import House
from tests.crm_store.town import Town

RAW = b"From: =?utf-8?B?5p2O?= <li@x.example>\r\nSubject: a\r\n b\r\nX-Odd\r\n\r\n<script>alert(1)</script>\r\n"


async def with_source(house: House, *, blob: bool) -> str:
    """Store a message that came as RAW; return its id."""
    await Town(house.store).interaction(None, "text")
    stored = {"inline": None, "blob": house.store.blobs.put(RAW)} if blob else {"inline": RAW, "blob": None}
    row = {"receipt_id": "r1", "interaction_id": "interaction-0001", "size": len(RAW), "digest": "d", "media_type": ""}
    await house.store.write(
        lambda conn: conn.execute(insert(schema.raw).values(**row, **stored, envelope={}, deaths=0))
    )
    await house.store.write(
        lambda conn: conn.execute(schema.message.update().values(headers={"receipt": "r1"}, direction="inbound"))
    )
    return "message-0002"


@pytest.mark.parametrize("blob", [False, True])
async def test_the_original_is_saved_and_never_opened(house: House, blob: bool) -> None:
    message = await with_source(house, blob=blob)
    client = await house.logged_in("ann")
    answer = await client.get(f"/api/v1/messages/{message}/source")
    assert answer.content == RAW
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == f'attachment; filename="{message}.eml"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("blob", [False, True])
async def test_what_could_not_be_read_is_saved_by_supervisors(house: House, blob: bool) -> None:
    await with_source(house, blob=blob)
    path = "/api/v1/interactions/interaction-0001/original"
    assert (await (await house.logged_in("ann")).get(path)).status_code == 403
    sue = await house.logged_in("sue")
    answer = await sue.get(path)
    assert (answer.content, answer.headers["content-type"]) == (RAW, "application/octet-stream")
    assert answer.headers["content-disposition"] == 'attachment; filename="interaction-0001.bin"'
    assert "sandbox" in answer.headers["content-security-policy"]
    assert (await sue.get("/api/v1/interactions/none/original")).status_code == 404


async def test_header_lines_are_shown_as_they_came(house: House) -> None:
    message = await with_source(house, blob=False)
    client = await house.logged_in("ann")
    shown = (await client.get(f"/api/v1/messages/{message}/headers")).json()["items"]
    assert shown == [["From", "=?utf-8?B?5p2O?= <li@x.example>"], ["Subject", "a\n b"], ["", "X-Odd"]]


async def test_a_message_without_an_original_says_so(house: House) -> None:
    await Town(house.store).interaction(None, "text")
    client = await house.logged_in("ann")
    for path in ("message-0002/source", "message-0002/headers", "none/source"):
        assert (await client.get(f"/api/v1/messages/{path}")).status_code == 404


@given(st.binary(max_size=300))
def test_any_bytes_have_header_lines(data: bytes) -> None:
    for name, value in head_lines(data):
        assert isinstance(name, str)
        assert "\r" not in value
