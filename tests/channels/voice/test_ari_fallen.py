"""Calls that fell to the dialplan while we were away, taken over from the PBX's own notes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from ari_stand import Stand, client, standing

from contactd.channels.voice.ari_fallen import read

FROM, TO = 1795300000, 1795300040


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    async with standing() as made:
        yield made


@pytest.mark.parametrize(
    ("note", "caller"),
    [
        (f"{FROM}:400800006:{TO}:allowed_passed_screen:13800138000", "13800138000"),
        (f"{FROM}:400800006:{TO}:prohib_not_screened:13800138000", ""),
        (f"{FROM}:400800006:{TO}::13800138000", ""),
        (f"{FROM}:400800006:{TO}:allowed:", ""),
    ],
)
def test_only_a_number_that_may_be_shown_is_read(note: str, caller: str) -> None:
    fallen = read("1795300000.7", note)
    assert fallen is not None
    assert (fallen.caller, fallen.dialled, (fallen.ended - fallen.began).seconds) == (caller, "400800006", 40)


@pytest.mark.parametrize("note", ["", "x", f"{FROM}:400:{TO}:allowed:1380013800%0d", "9" * 100_000, "1:2:3:4:5"])
def test_what_is_no_note_is_none(note: str) -> None:
    assert read("1.1", note) is None
    assert read("1.1/../x", f"{FROM}:400800006:{TO}:allowed:13800138000") is None


@pytest.mark.integration
async def test_calls_that_fell_while_we_were_away_become_work_once(stand: Stand) -> None:
    await stand.client.stop()
    await stand.pbx.until(lambda: not stand.pbx.ari.connected)
    notes = stand.pbx.ari.database
    notes["contactd_missed/1795300000.7"] = f"{FROM}:400800006:{TO}:allowed:13800138000"
    notes["contactd_missed/1795300000.8"] = f"{FROM}:400800006:{TO}:prohib:13900139000"
    notes["contactd_missed/1795300000.9"] = "what is this"
    notes["others/1"] = "not ours"
    stand.client = client(stand.pbx, stand.house)
    await stand.client.start()
    await stand.house.until(lambda: set(notes) == {"contactd_missed/1795300000.9", "others/1"})
    first, second = (stand.house.arrivals["ari-fallen", f"1795300000.{n}"] for n in (7, 8))
    assert (first[0].sender, first[0].routed_by, first[0].at.timestamp()) == ("13800138000", "pbx", FROM)
    assert (second[0].sender, second[1].sender if second[1] else 1) == ("", None)
    assert b"13900139000" not in second[0].raw
    ends = [(each.external_key, each.kind, each.outcome) for each in stand.house.progressed]
    assert ends == [("1795300000.7", "ended", "abandoned"), ("1795300000.8", "ended", "abandoned")]


@pytest.mark.integration
async def test_what_cannot_be_stored_stays_noted(stand: Stand) -> None:
    await stand.client.stop()
    notes = stand.pbx.ari.database
    notes["contactd_missed/1795300000.7"] = f"{FROM}:400800006:{TO}:allowed:13800138000"
    stand.house.down = True
    stand.client = client(stand.pbx, stand.house)
    await stand.client.start()
    await stand.house.until(lambda: stand.house.refusals)
    assert notes
    assert not stand.house.progressed
