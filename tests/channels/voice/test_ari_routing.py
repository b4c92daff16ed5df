"""Calls routed over ARI, from the caller's ring to the hang-up, over real sockets against the scripted PBX."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from ari_stand import Stand, client, standing
from house import House

from contactd.core.errors import BadRequestError, ConflictError
from contactd.core.events import DeliveryFailed, Held, InteractionGone, Resumed, WorkEnded

pytestmark = pytest.mark.integration


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    async with standing() as made:
        yield made


async def test_a_call_is_taken_in_and_hears_music(stand: Stand) -> None:
    call = await stand.waiting()
    arrival, content = stand.house.arrivals["ari", call.id]
    assert (arrival.sender, arrival.recipient, arrival.routed_by) == ("13800138000", "400800006", "contactd")
    assert content is not None
    assert content.sender is not None
    assert (content.sender.value, content.sender_name) == ("+8613800138000", "王小明")
    assert call.hears == {"music"}
    assert call.channel.state == "Up"
    assert call.channel.subscribed, "else its end would never be told"


@pytest.mark.parametrize(
    "message",
    [
        '{"type": "StasisStart", "channel": {"id": "x", "dialplan": null}, "args": ["inbound"]}',
        '{"type": "StasisStart", "channel": {"id": "x", "caller": "13800138000"}, "args": ["inbound", "1"]}',
        '{"type": ["StasisStart"], "channel": {"id": {}}}',
        "[" * 100_000,
    ],
)
async def test_a_strange_event_does_not_end_the_listening(stand: Stand, message: str) -> None:
    stand.client._socket._heard(message)
    await stand.waiting()


async def test_nothing_is_taken_in_before_the_commit(stand: Stand) -> None:
    stand.house.gate.clear()
    call = await stand.pbx.call("13800138000", "400800006")
    await stand.pbx.until(lambda: call.hears == {"music"})
    assert stand.client.calls.by_interaction(f"i-{call.id}") is None
    stand.house.gate.set()
    await stand.house.until(lambda: stand.client.calls.by_interaction(f"i-{call.id}"))


async def test_a_withheld_number_is_nowhere(stand: Stand) -> None:
    call = await stand.waiting("13800138009", presentation="prohib_not_screened")
    arrival, content = stand.house.arrivals["ari", call.id]
    assert content is not None
    assert (arrival.sender, content.sender, content.sender_name) == ("", None, "")
    assert b"13800138009" not in arrival.raw
    stand.pbx.phone("PJSIP/1001")
    stand.client.connect(stand.change(call, "active", "accepted"))
    await stand.pbx.until(lambda: stand.pbx.phone("PJSIP/1001").rings)
    (request,) = [query for method, path, query in stand.pbx.ari.requests if (method, path) == ("POST", "/channels")]
    assert request["callerId"] == "anonymous"


async def test_the_agents_phone_rings_and_both_are_put_together(stand: Stand) -> None:
    call = await stand.talking()
    phone = stand.pbx.phone("PJSIP/1001")
    assert phone.leg is not None
    assert call.hears == {phone.leg.id}
    assert phone.hears == {call.id}
    assert stand.house.answers == [f"i-{call.id}"]


async def test_the_caller_hangs_up(stand: Stand) -> None:
    call = await stand.talking()
    call.hangup()
    await stand.house.until(lambda: stand.house.facts)
    assert stand.house.facts == [WorkEnded(interaction=f"i-{call.id}", agent="anna", ended_by="customer")]
    await stand.quiet()
    assert not stand.pbx.switch.channels
    assert not stand.pbx.switch.bridges
    assert stand.client.calls.ids() == []


async def test_the_agents_phone_hangs_up(stand: Stand) -> None:
    call = await stand.talking()
    stand.pbx.phone("PJSIP/1001").hangup()
    await stand.house.until(lambda: stand.house.facts)
    assert stand.house.facts == [WorkEnded(interaction=f"i-{call.id}", agent="anna", ended_by="agent")]
    await stand.quiet()
    assert call.gone
    assert not stand.pbx.switch.bridges


async def test_the_desk_ends_the_call(stand: Stand) -> None:
    call = await stand.talking()
    stand.client.changed(stand.change(call, "wrapup", "ended"))
    await stand.pbx.until(lambda: call.gone and not stand.pbx.phone("PJSIP/1001").in_use)
    await stand.quiet()
    assert stand.house.facts == []
    assert not stand.pbx.switch.bridges


async def test_a_caller_who_gives_up_while_waiting(stand: Stand) -> None:
    call = await stand.waiting()
    call.hangup()
    await stand.house.until(lambda: stand.house.facts)
    assert stand.house.facts == [InteractionGone(interaction=f"i-{call.id}")]


async def test_a_caller_who_gives_up_before_the_commit(stand: Stand) -> None:
    stand.house.gate.clear()
    call = await stand.pbx.call("13800138000", "400800006")
    await stand.pbx.until(lambda: call.hears == {"music"})
    call.hangup()
    await stand.pbx.until(lambda: (found := stand.client.calls.get(call.id)) is not None and found.gone)
    stand.house.gate.set()
    await stand.house.until(lambda: stand.house.facts)
    assert stand.house.facts == [InteractionGone(interaction=f"i-{call.id}")]
    assert stand.client.calls.ids() == []


async def test_a_caller_who_gives_up_while_the_phone_rings(stand: Stand) -> None:
    call = await stand.waiting()
    phone = stand.pbx.phone("PJSIP/1001")
    stand.client.connect(stand.change(call, "active", "accepted"))
    await stand.pbx.until(lambda: phone.rings)
    call.hangup()
    await stand.house.until(lambda: stand.house.facts)
    await stand.pbx.until(lambda: not phone.in_use)
    assert stand.house.facts == [InteractionGone(interaction=f"i-{call.id}")]


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ({"busy": True}, "device_busy"),
        ({"reject": True}, "device_busy"),
        ({"registered": False}, "device_unreachable"),
    ],
)
async def test_a_phone_that_cannot_be_reached(stand: Stand, behaviour: dict[str, bool], reason: str) -> None:
    call = await stand.waiting()
    stand.pbx.phone("PJSIP/1001", **behaviour)  # type: ignore[misc]
    stand.client.connect(stand.change(call, "active", "accepted"))
    await stand.house.until(lambda: stand.house.facts)
    assert stand.house.facts == [DeliveryFailed(interaction=f"i-{call.id}", agent="anna", reason=reason)]
    assert call.hears == {"music"}
    stand.pbx.phone("PJSIP/1001", answer_after=0, busy=False, reject=False, registered=True)
    stand.client.connect(stand.change(call, "active", "accepted"))
    await stand.house.until(lambda: stand.house.answers)


async def test_an_agent_without_a_device_or_with_a_dangerous_one(stand: Stand) -> None:
    call = await stand.waiting()
    for device in (None, "", "PJSIP/1001&PJSIP/1002", "Local/1@x,n;y"):
        stand.house.facts.clear()
        stand.client.connect(replace(stand.change(call, "active", "accepted"), device=device))
        await stand.house.until(lambda: stand.house.facts)
        failed = DeliveryFailed(interaction=f"i-{call.id}", agent="anna", reason="device_unreachable")
        assert stand.house.facts == [failed]
    assert not [each for each in stand.pbx.ari.requests if each[:2] == ("POST", "/channels")]


async def test_hold_from_the_screen(stand: Stand) -> None:
    call = await stand.talking()
    phone = stand.pbx.phone("PJSIP/1001")
    stand.client.changed(stand.change(call, "held", "hold"))
    await stand.pbx.until(lambda: call.hears == {"music"})
    assert phone.hears == set(), "the agent does not hear a held customer"
    stand.client.changed(stand.change(call, "active", "resume"))
    await stand.pbx.until(lambda: phone.leg is not None and call.hears == {phone.leg.id})


async def test_hold_from_the_phone(stand: Stand) -> None:
    call = await stand.talking()
    phone = stand.pbx.phone("PJSIP/1001")
    phone.hold()
    await stand.house.until(lambda: stand.house.facts)
    stand.client.changed(stand.change(call, "held", "hold"))
    phone.unhold()
    await stand.house.until(lambda: len(stand.house.facts) == 2)
    stand.client.changed(stand.change(call, "active", "resume"))
    await stand.quiet()
    who = {"interaction": f"i-{call.id}", "agent": "anna"}
    assert stand.house.facts == [Held(**who), Resumed(**who)]
    assert phone.leg is not None
    assert call.hears == {phone.leg.id}, "the PBX itself played the music; nobody was moved"


async def test_a_transfer_to_a_line(stand: Stand) -> None:
    call = await stand.talking()
    stand.client.changed(stand.change(call, "queued", "transfer"))
    await stand.pbx.until(lambda: call.hears == {"music"} and not stand.pbx.phone("PJSIP/1001").in_use)
    other = stand.pbx.phone("PJSIP/1002", answer_after=0)
    stand.client.connect(replace(stand.change(call, "active", "accepted"), agent="ben", device="PJSIP/1002"))
    await stand.house.until(lambda: len(stand.house.answers) == 2)
    assert other.hears == {call.id}
    assert stand.house.facts == []


async def test_keys_of_the_panel(stand: Stand) -> None:
    call = await stand.talking()
    phone = stand.pbx.phone("PJSIP/1001")
    await stand.client.command(f"i-{call.id}", "call.dtmf", {"digits": "12#"})
    await stand.client.command(f"i-{call.id}", "call.mute", {"on": True})
    await stand.pbx.until(lambda: call.channel.digits == "12#" and phone.leg is not None and phone.leg.muted)
    with pytest.raises(BadRequestError):
        await stand.client.command(f"i-{call.id}", "call.dtmf", {"digits": "1&2"})
    with pytest.raises(BadRequestError):
        await stand.client.command(f"i-{call.id}", "call.levitate", {})
    await stand.client.command(f"i-{call.id}", "call.hangup", {})
    await stand.pbx.until(lambda: call.gone and not phone.in_use)
    await stand.house.until(lambda: stand.house.facts)
    assert stand.house.facts == [WorkEnded(interaction=f"i-{call.id}", agent="anna", ended_by="agent")]
    with pytest.raises(ConflictError):
        await stand.client.command(f"i-{call.id}", "call.hangup", {})


async def test_a_call_that_cannot_be_stored_goes_to_the_dialplan(stand: Stand) -> None:
    stand.house.down = True
    call = await stand.pbx.call("13800138000", "400800006", queue="sales")
    await stand.pbx.until(lambda: call.fell_back and call.channel.app == "Queue")
    assert stand.client.calls.ids() == []


async def test_without_us_the_dialplan_takes_the_call(stand: Stand) -> None:
    await stand.client.stop()
    await stand.pbx.until(lambda: not stand.pbx.ari.connected)
    call = await stand.pbx.call("13800138000", "400800006", queue="sales")
    await stand.pbx.until(lambda: call.channel.app == "Queue")
    assert call.fell_back


async def test_a_report_waits_for_the_store(stand: Stand) -> None:
    call = await stand.waiting()
    stand.house.down = True
    call.hangup()
    await stand.house.until(lambda: stand.client.lanes)
    stand.house.down = False
    await stand.house.until(lambda: stand.house.facts)
    assert stand.house.facts == [InteractionGone(interaction=f"i-{call.id}")]


async def test_a_cut_in_the_middle_of_a_call(stand: Stand) -> None:
    call = await stand.talking()
    gone = await stand.waiting("13900000000")
    stand.house.open = [
        {"id": f"i-{call.id}", "external_key": call.id, "state": "active", "agent": "anna"},
        {"id": f"i-{gone.id}", "external_key": gone.id, "state": "queued", "agent": None},
    ]
    await stand.pbx.ari.drop()
    gone.hangup()
    await stand.pbx.until(lambda: stand.pbx.ari.connected)
    await stand.house.until(lambda: stand.house.facts)
    assert stand.house.facts == [InteractionGone(interaction=f"i-{gone.id}")]
    call.hangup()
    await stand.house.until(lambda: len(stand.house.facts) == 2)
    assert stand.house.facts[1] == WorkEnded(interaction=f"i-{call.id}", agent="anna", ended_by="customer")


async def test_a_restart_of_ours_with_calls_up(stand: Stand) -> None:
    talking, held = await stand.talking(), await stand.waiting("13900000001")
    waiting = await stand.waiting("13900000002")
    phone = stand.pbx.phone("PJSIP/1002", answer_after=0)
    stand.client.connect(replace(stand.change(held, "active", "accepted"), agent="ben", device="PJSIP/1002"))
    await stand.house.until(lambda: len(stand.house.answers) == 2)
    stand.client.changed(stand.change(held, "held", "hold"))
    await stand.pbx.until(lambda: held.hears == {"music"})
    await stand.client.stop()
    await stand.pbx.until(lambda: not stand.pbx.ari.connected)
    stand.house.open = [
        {"id": f"i-{talking.id}", "external_key": talking.id, "state": "active", "agent": "anna"},
        {"id": f"i-{held.id}", "external_key": held.id, "state": "held", "agent": "ben"},
        {"id": f"i-{waiting.id}", "external_key": waiting.id, "state": "queued", "agent": None},
        {"id": "i-lost", "external_key": "lost", "state": "active", "agent": "cleo"},
    ]
    stand.client = client(stand.pbx, stand.house)
    await stand.client.start()
    await stand.house.until(lambda: stand.house.facts)
    assert stand.house.facts == [WorkEnded(interaction="i-lost", agent="cleo", ended_by="system")]
    assert waiting.hears == {"music"}
    stand.client.changed(stand.change(held, "active", "resume"))
    await stand.pbx.until(lambda: phone.leg is not None and held.hears == {phone.leg.id})
    waiting.hangup()
    talking.hangup()
    await stand.house.until(lambda: len(stand.house.facts) == 3)
    assert set(stand.house.facts[1:]) == {
        InteractionGone(interaction=f"i-{waiting.id}"),
        WorkEnded(interaction=f"i-{talking.id}", agent="anna", ended_by="customer"),
    }


async def test_another_program_takes_the_application_over(stand: Stand) -> None:
    other = client(stand.pbx, House())
    await other.start()
    await stand.pbx.until(lambda: stand.client.calls.replaced and other.health().ok)
    await stand.pbx.until(lambda: not stand.client.health().ok)
    assert "took the application over" in stand.client.health().detail
    assert other.health().ok, "we do not fight for it"
    await other.stop()


async def test_twenty_callers_and_five_agents(stand: Stand) -> None:
    calls = [await stand.waiting(f"139000000{n:02}") for n in range(20)]
    for n in range(5):
        stand.pbx.phone(f"PJSIP/100{n}", answer_after=0)
    for batch in range(4):
        for n in range(5):
            change = replace(stand.change(calls[batch * 5 + n], "active", "accepted"), device=f"PJSIP/100{n}")
            stand.client.connect(change)
        served = (batch + 1) * 5
        await stand.house.until(lambda served=served: len(stand.house.answers) == served)
        for n in range(5):
            calls[batch * 5 + n].hangup()
        await stand.pbx.until(lambda: not any(stand.pbx.phone(f"PJSIP/100{n}").in_use for n in range(5)))
    await stand.house.until(lambda: len(stand.house.facts) == 20)
    await stand.quiet()
    assert not stand.pbx.switch.channels
    assert not stand.pbx.switch.bridges


async def test_a_transfer_keyed_on_the_phone_goes_to_the_colleague(stand: Stand) -> None:
    call = await stand.talking()
    await stand.quiet()
    stand.house.gives = "given"
    stand.pbx.phone("PJSIP/1001").refer("1002")
    await stand.house.until(lambda: stand.house.given)
    assert stand.house.given == [(f"i-{call.id}", "PJSIP/1002", "1002")]
    stand.client.changed(stand.change(call, "queued", "transfer"))
    await stand.pbx.until(lambda: call.hears == {"music"})
    await stand.quiet()
    assert stand.pbx.phone("PJSIP/1001").told == "channel_answered"
    other = stand.pbx.phone("PJSIP/1002")
    stand.client.connect(replace(stand.change(call, "active", "accepted"), agent="bob", device="PJSIP/1002"))
    await stand.pbx.until(lambda: other.rings)
    other.answer()
    await stand.pbx.until(lambda: other.hears == {call.id})
    assert stand.house.facts == []


async def test_a_transfer_keyed_to_an_outside_number_leaves_us(stand: Stand) -> None:
    call = await stand.talking()
    await stand.quiet()
    stand.pbx.phone("PJSIP/1001").refer("13900001234")
    await stand.house.until(lambda: stand.house.facts)
    assert stand.house.facts == [WorkEnded(interaction=f"i-{call.id}", agent="anna", ended_by="transfer")]
    assert call.sent_to is not None
    assert call.sent_to[1] == "13900001234"
    assert not call.gone
    call.hangup()
    await stand.quiet()
    assert len(stand.house.facts) == 1


async def test_a_transfer_to_a_colleague_who_is_busy_stays(stand: Stand) -> None:
    call = await stand.talking()
    await stand.quiet()
    stand.house.gives = "refused"
    stand.pbx.phone("PJSIP/1001").refer("1002")
    await stand.pbx.until(lambda: stand.pbx.phone("PJSIP/1001").told == "channel_declined")
    assert call.hears == {stand.pbx.phone("PJSIP/1001").leg.id}  # type: ignore[union-attr]


async def test_a_blocked_caller_is_let_go_at_once(stand: Stand) -> None:
    stand.house.files = True
    call = await stand.pbx.call("13800138000", "400800006")
    await stand.pbx.until(lambda: call.gone)
    await stand.quiet()
    assert stand.house.facts == [], "there is nobody to be told"
    assert stand.client.calls.ids() == []


async def test_a_parked_call_hears_music_and_is_taken_up_again(stand: Stand) -> None:
    call = await stand.talking()
    phone = stand.pbx.phone("PJSIP/1001")
    stand.client.changed(stand.change(call, "parked", "park"))
    await stand.pbx.until(lambda: call.hears == {"music"} and not phone.in_use)
    await stand.quiet()
    assert stand.house.facts == [], "the agent's phone was hung up by us: the call is not over"
    stand.client.connect(stand.change(call, "active", "accepted"))
    await stand.pbx.until(lambda: phone.rings)
    phone.answer()
    await stand.pbx.until(lambda: phone.leg is not None and call.hears == {phone.leg.id})
    stand.client.changed(stand.change(call, "parked", "park"))
    await stand.pbx.until(lambda: call.hears == {"music"} and not phone.in_use)
    call.hangup()
    await stand.house.until(lambda: stand.house.facts)
    assert stand.house.facts == [InteractionGone(interaction=f"i-{call.id}")]


async def test_who_was_mute_before_a_restart_of_ours_is_shown_so_after_it(stand: Stand) -> None:
    call = await stand.talking()
    await stand.client.command(f"i-{call.id}", "call.mute", {"on": True})
    await stand.quiet()
    await stand.client.stop()
    stand.house.panels.clear()
    stand.house.open = [{"id": f"i-{call.id}", "external_key": call.id, "state": "active", "agent": "anna"}]
    stand.client = client(stand.pbx, stand.house)
    await stand.client.start()
    await stand.house.until(lambda: stand.house.panels.get(f"i-{call.id}", {}).get("muted") is True)


async def test_parked_calls_outlive_a_restart_of_ours(stand: Stand) -> None:
    call = await stand.talking()
    stand.client.changed(stand.change(call, "parked", "park"))
    await stand.pbx.until(lambda: call.hears == {"music"} and not stand.pbx.phone("PJSIP/1001").in_use)
    await stand.client.stop()
    await stand.pbx.until(lambda: not stand.pbx.ari.connected)
    stand.house.open = [
        {"id": f"i-{call.id}", "external_key": call.id, "state": "parked", "agent": "anna"},
        {"id": "i-left", "external_key": "left", "state": "parked", "agent": "cleo"},
    ]
    stand.client = client(stand.pbx, stand.house)
    await stand.client.start()
    await stand.house.until(lambda: stand.house.facts)
    assert stand.house.facts == [InteractionGone(interaction="i-left")]
    assert call.hears == {"music"}
    phone = stand.pbx.phone("PJSIP/1001")
    stand.client.connect(stand.change(call, "active", "accepted"))
    await stand.pbx.until(lambda: phone.rings)
