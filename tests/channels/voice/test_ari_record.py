"""Calls recorded as their line says: over real sockets against the scripted PBX, and the table of a recording."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from ari_stand import Stand, client, standing

from contactd.channels.voice import ari_record
from contactd.channels.voice.ari_tapes import TAPE_MOVES, TapeStage
from contactd.core.errors import BadRequestError, ConflictError
from contactd.core.recorded import Recorded
from contactd.core.sound import Sound
from contactd.testing.pbx import Caller
from contactd.testing.pbx.tapes import Live, tone

pytestmark = pytest.mark.integration


@asynccontextmanager
async def recording(mode: str, notice: str = "", **more: object) -> AsyncIterator[Stand]:
    async with standing(**more) as stand:
        rule = {"mode": mode, "notice": notice}
        stand.house.policy_lines = lambda: {"sales": {"recording": rule}}
        yield stand


def live(stand: Stand) -> dict[str, Live]:
    return stand.pbx.switch.tapes.live


def panel(stand: Stand, call: Caller) -> Mapping[str, Any]:
    found: Mapping[str, Any] = stand.house.panels.get(f"i-{call.id}", {}).get("tape", {})
    return found


async def on(stand: Stand) -> Caller:
    """A call whose both sides are recorded."""
    call = await stand.talking()
    await stand.pbx.until(lambda: len(live(stand)) == 2)
    await stand.house.until(lambda: stand.house.told[-1].state == "running" and panel(stand, call).get("state") == "on")
    return call


async def press(stand: Stand, call: Caller, **data: object) -> None:
    await stand.client.command(f"i-{call.id}", "call.record", data)


def states(stand: Stand) -> list[str]:
    return [told.state for told in stand.house.told]


async def kept(stand: Stand) -> tuple[str, Sound]:
    await stand.house.until(lambda: stand.house.sounds)
    await stand.pbx.until(lambda: not stand.pbx.switch.tapes.stored)
    ((name, sound),) = stand.house.sounds.items()
    return name, sound


async def test_a_line_that_must_records_both_sides_apart_and_they_come_together_here() -> None:
    async with recording("must") as stand:
        call = await on(stand)
        customer, house = (each.of for each in live(stand).values())
        spied = {request[2]["spy"]: request[1] for request in stand.pbx.ari.requests if "/snoop/" in request[1]}
        assert set(spied) == {"in", "out"}
        assert all(path.startswith(f"/channels/{call.id}/") for path in spied.values()), (
            "through every change of agents"
        )
        assert customer is not house
        assert call.hears == {stand.pbx.phone("PJSIP/1001").leg.id}, "nobody hears that it is recorded"  # type: ignore[union-attr]
        call.hangup()
        name, sound = await kept(stand)
        assert sound.seconds == 2
        assert [len(side) for side in sound.peaks] == [600, 600]
        assert states(stand) == ["begun", "running", "ended"]
        begun = stand.house.told[0]
        assert (begun.name, begun.interaction, begun.agent) == (name, f"i-{call.id}", "anna")
        await stand.pbx.until(lambda: not stand.pbx.switch.channels and not stand.pbx.switch.bridges)
        assert not stand.client.calls.tapes.parts


async def test_a_mixed_recording_is_made_of_the_bridge() -> None:
    async with recording("must", recording={"legs": "mixed"}) as stand:
        call = await stand.talking()
        await stand.pbx.until(lambda: len(live(stand)) == 1)
        (only,) = live(stand).values()
        assert only.of is stand.pbx.switch.bridges[stand.client.calls.by_interaction(f"i-{call.id}").bridge]  # type: ignore[union-attr]
        stand.pbx.phone("PJSIP/1001").hangup()
        _, sound = await kept(stand)
        assert len(sound.peaks) == 1


async def test_a_line_that_never_records_does_not_and_says_so() -> None:
    async with recording("never") as stand:
        call = await stand.talking()
        await stand.quiet()
        assert not live(stand)
        assert "tape" not in stand.house.panels[f"i-{call.id}"]
        with pytest.raises(ConflictError) as caught:
            await press(stand, call, on=True)
        assert caught.value.code == "not_recorded"


async def test_it_begins_only_when_the_notice_was_heard_to_its_end() -> None:
    async with recording("must", "sound:contactd/recorded") as stand:
        call = await stand.talking()
        bridge = next(iter(stand.pbx.switch.bridges.values()))
        await stand.pbx.until(lambda: bridge.playing == ["sound:contactd/recorded"])
        await stand.house.until(lambda: panel(stand, call).get("state") == "notice")
        assert not live(stand)
        stand.pbx.switch.played_to_all(bridge)
        await stand.pbx.until(lambda: len(live(stand)) == 2)
        assert stand.house.told[0].notice_at is not None
        # Once is enough: after another agent has taken the call it goes on at once.
        stand.client.changed(stand.change(call, "queued", "transfer"))
        await stand.house.until(lambda: len(stand.house.sounds) == 1)
        stand.client.connect(stand.change(call, "active", "accepted"))
        await stand.pbx.until(lambda: stand.pbx.phone("PJSIP/1001").rings)
        stand.pbx.phone("PJSIP/1001").answer()
        await stand.pbx.until(lambda: len(live(stand)) == 2)
        assert not any(each.playing for each in stand.pbx.switch.bridges.values())


async def test_a_notice_that_was_not_heard_to_its_end_is_none() -> None:
    async with recording("must", "sound:contactd/recorded") as stand:
        await stand.talking()
        bridge = next(iter(stand.pbx.switch.bridges.values()))
        await stand.pbx.until(lambda: bridge.playing)
        stand.pbx.switch.played_to_all(bridge, "failed")
        await stand.house.until(lambda: not stand.client.calls.tapes.notices)
        assert not live(stand)
        assert not stand.house.told


async def test_who_asks_first_records_only_who_agreed() -> None:
    async with recording("ask") as stand:
        call = await stand.talking()
        await stand.quiet()
        await stand.house.until(lambda: panel(stand, call) == {"mode": "ask", "state": "off"})
        assert not live(stand)
        await press(stand, call, on=True)
        await stand.pbx.until(lambda: len(live(stand)) == 2)
        assert stand.house.told[0].consent == "given"
        await press(stand, call, on=False)
        await kept(stand)
        assert stand.client.calls.by_interaction(f"i-{call.id}").taping.consent == "refused"  # type: ignore[union-attr]


async def test_a_pause_has_a_reason_leaves_a_gap_and_ends_by_itself() -> None:
    async with recording("must") as stand:
        call = await on(stand)
        for wrong in ({"paused": True}, {"paused": True, "reason": "bored"}):
            with pytest.raises(BadRequestError):
                await press(stand, call, **wrong)
        with pytest.raises(ConflictError) as caught:
            await press(stand, call, on=False)
        assert caught.value.code == "must_record"
        await press(stand, call, paused=True, reason="card")
        await stand.pbx.until(lambda: all(each.state == "paused" for each in live(stand).values()))
        await stand.house.until(lambda: panel(stand, call) == {"mode": "must", "state": "paused", "reason": "card"})
        await stand.house.until(lambda: states(stand)[-1] == "paused")
        told = stand.house.told[-1]
        assert (told.state, told.reason, told.agent) == ("paused", "card", "anna")
        now = stand.house.clock.monotonic()
        machine = stand.client.calls
        assert ari_record.due(machine, now) == []
        assert ari_record.due(machine, now + 118) == []
        stand.client.run(ari_record.due(machine, now + 121))
        await stand.pbx.until(lambda: all(each.state == "recording" for each in live(stand).values()))
        await stand.house.until(lambda: states(stand)[-1] == "running")
        with pytest.raises(ConflictError):
            await press(stand, call, paused=False)


async def test_nothing_is_recorded_while_the_call_is_held() -> None:
    async with recording("must") as stand:
        call = await on(stand)
        stand.client.changed(stand.change(call, "held", "hold"))
        await stand.pbx.until(lambda: all(each.state == "paused" for each in live(stand).values()))
        await stand.house.until(lambda: stand.house.told[-1].reason == "hold")
        later = stand.house.clock.monotonic() + 1000
        assert ari_record.due(stand.client.calls, later) == [], "a hold may last"
        stand.client.changed(stand.change(call, "active", "resume"))
        await stand.pbx.until(lambda: all(each.state == "recording" for each in live(stand).values()))


async def test_what_must_be_recorded_and_is_not_is_told_and_tried_again() -> None:
    async with recording("must") as stand:
        stand.pbx.switch.tapes.full = True
        call = await stand.talking()
        await stand.house.until(lambda: states(stand)[-1:] == ["lost"])
        machine, now = stand.client.calls, stand.house.clock.monotonic()
        stand.client.run(ari_record.due(machine, now))
        stand.client.run(ari_record.due(machine, now + ari_record.GRACE_S))
        await stand.house.until(lambda: ("not_recorded", f"i-{call.id}") in stand.house.alarms)
        await stand.house.until(lambda: panel(stand, call).get("state") == "missing")
        assert stand.house.figures["not_recorded"]() == 1
        stand.pbx.switch.tapes.full = False
        await stand.house.until(lambda: machine.by_interaction(f"i-{call.id}").taping.tape is None)  # type: ignore[union-attr]
        stand.client.run(ari_record.due(machine, now + 100))
        await stand.house.until(lambda: panel(stand, call).get("state") == "on")
        assert stand.house.figures["not_recorded"]() == 0
        assert len(stand.house.alarms) == 1


async def test_a_recording_stays_on_the_pbx_until_it_is_safe_here() -> None:
    async with recording("must") as stand:
        call = await on(stand)
        call.hangup()
        stand.house.down = True
        await stand.house.until(lambda: stand.house.refusals)
        assert len(stand.pbx.switch.tapes.stored) == 2
        stand.house.down = False
        await kept(stand)


async def test_a_restart_of_ours_goes_on_with_the_same_recording() -> None:
    async with recording("must") as stand:
        call = await on(stand)
        before = set(live(stand))
        await stand.client.stop()
        await stand.house.rest()
        stand.house.open = [
            {"id": f"i-{call.id}", "external_key": call.id, "state": "active", "agent": "anna", "line": "sales"}
        ]
        stand.client = client(stand.pbx, stand.house)
        await stand.client.start()
        await stand.pbx.until(lambda: stand.client.health().ok)
        await stand.house.until(lambda: panel(stand, call).get("state") == "on")
        assert set(live(stand)) == before
        call.hangup()
        await kept(stand)
        assert states(stand) == ["begun", "running", "ended"]


async def test_what_was_closed_while_we_were_away_is_found_and_what_is_gone_is_said() -> None:
    async with recording("must") as stand:
        call = await on(stand)
        await stand.client.stop()
        await stand.house.rest()
        call.hangup()
        never = Recorded(name="contactd-rec-never", interaction="i-1", at=stand.house.clock.now(), state="begun")
        stand.house.told.append(never)
        stand.pbx.switch.tapes.stored["their-own"] = tone(1, 440)
        stand.client = client(stand.pbx, stand.house)
        await stand.client.start()
        await stand.house.until(lambda: stand.house.sounds and states(stand)[-1] == "lost")
        assert ("recording_lost", "contactd-rec-never") in stand.house.alarms
        await stand.pbx.until(lambda: list(stand.pbx.switch.tapes.stored) == ["their-own"])


def test_every_stage_of_a_recording_can_end() -> None:
    reached = {TapeStage.STARTING, *TAPE_MOVES.values()}
    assert reached == set(TapeStage)
    ends = {stage for (stage, _), after in TAPE_MOVES.items() if after is TapeStage.ENDING}
    assert ends == set(TapeStage) - {TapeStage.ENDING}
