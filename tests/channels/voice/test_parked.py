"""Calls routed over FreeSWITCH, from the park to the hang-up, over a real socket against a scripted event socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from house import House
from park_stand import Leg, Switch

from contactd.channels.voice import build
from contactd.channels.voice.esl import Message
from contactd.channels.voice.parked import ParkedCalls
from contactd.channels.voice.parked_table import MOVES, Send, Stage
from contactd.core.channel import Change
from contactd.core.errors import BadRequestError, ConflictError
from contactd.core.events import DeliveryFailed, Held, InteractionGone, Resumed, WorkEnded

CALLER, OTHER = "7f4de4bc-17d7-11dd-b7a0-db4edd065621", "7f4de4bc-17d7-11dd-b7a0-db4edd065699"
pytestmark = pytest.mark.integration


@dataclass
class Stand:
    """A switch, a house, and the channel between them."""

    switch: Switch
    house: House
    channel: Any
    where: tuple[str, int]

    async def connect(self) -> None:
        host, port = self.where
        account = {"username": "contactd@default", "password": "low", "name": "fs"}
        routes = {"route_username": "router@default", "route_password": "high", "ring_s": 3}
        self.channel = build("voice", {"esl": {"host": host, "port": port, **account, **routes}}, self.house)
        await self.channel.start()
        await self.house.until(lambda: self.channel._parked.health().ok)

    @property
    def calls(self) -> ParkedCalls:
        return self.channel._parked.calls

    def change(self, state: str, cause: str, uuid: str = CALLER, device: str = "user/1001") -> Change:
        return Change(
            interaction=f"i-{uuid}",
            adapter="esl-park",
            external_key=uuid,
            state=state,
            cause=cause,
            line="support",
            agent="anna",
            device=device,
        )

    async def waiting(self, uuid: str = CALLER, **about: Any) -> Leg:
        leg = self.switch.call(uuid, **about)
        await self.house.until(
            lambda: ("esl-park", uuid) in self.house.arrivals and self.calls.by_interaction(f"i-{uuid}")
        )
        await self.house.until(lambda: leg.hears == "local_stream://moh")
        return leg

    async def talking(self) -> tuple[Leg, Leg]:
        caller = await self.waiting()
        await self.channel.connect(self.change("active", "accepted"))
        await self.house.until(lambda: self.switch.ringing)
        agent = self.switch.answer()
        await self.house.until(lambda: self.house.answers == [f"i-{CALLER}"])
        assert (caller.other, caller.hears) == (agent.uuid, "")
        return caller, agent


@pytest.fixture
async def stand(reactor: Any) -> AsyncIterator[Stand]:
    switch, house = Switch(), House()
    made = Stand(switch, house, None, await switch.start())
    await made.connect()
    yield made
    await made.channel.stop()
    await house.rest()
    await switch.stop()
    assert house.failures == []


async def test_a_parked_caller_waits_with_music_and_is_put_together_with_who_accepts(stand: Stand) -> None:
    await stand.talking()
    arrival, content = stand.house.arrivals["esl-park", CALLER]
    assert (arrival.sender, arrival.recipient, arrival.routed_by) == ("13800138000", "400800001", "contactd")
    assert content is not None
    assert content.sender_name == "王芳"
    assert "router@default:high" in stand.switch.logins
    assert f"sched_del {CALLER}" in stand.switch.orders, "the dialplan's own way is called off, for who is ours"
    [rung] = [each for each in stand.switch.orders if each.startswith("originate")]
    assert "origination_caller_id_number=13800138000" in rung
    assert rung.endswith("}user/1001 &park()")


async def test_a_withheld_number_is_nowhere(stand: Stand) -> None:
    await stand.waiting(hidden="true")
    arrival, content = stand.house.arrivals["esl-park", CALLER]
    assert (arrival.sender, content.sender if content else 1) == ("", None)
    assert b"13800138000" not in arrival.raw
    await stand.channel.connect(stand.change("active", "accepted"))
    await stand.house.until(lambda: stand.switch.ringing)
    assert not any("13800138000" in order for order in stand.switch.orders)


@pytest.mark.parametrize(("who", "by"), [("caller", "customer"), ("agent", "agent")])
async def test_who_hangs_up_is_known_and_nobody_is_left_behind(stand: Stand, who: str, by: str) -> None:
    caller, agent = await stand.talking()
    stand.switch.hangup(caller if who == "caller" else agent)
    await stand.house.until(lambda: stand.house.facts)
    assert stand.house.facts == [WorkEnded(interaction=f"i-{CALLER}", agent="anna", ended_by=by)]
    await stand.house.until(lambda: not stand.switch.legs)
    assert stand.calls.ids() == []


async def test_the_house_ends_holds_and_takes_back_a_call(stand: Stand) -> None:
    caller, agent = await stand.talking()
    await stand.channel.changed(stand.change("held", "hold"))
    await stand.house.until(lambda: agent.held)
    await stand.channel.changed(stand.change("active", "resume"))
    await stand.house.until(lambda: f"uuid_hold off {agent.uuid}" in stand.switch.orders)
    await stand.channel.changed(stand.change("queued", "transfer"))
    await stand.house.until(lambda: agent.uuid not in stand.switch.legs and caller.hears == "local_stream://moh")
    await stand.channel.connect(stand.change("active", "accepted", device="user/1002"))
    await stand.house.until(lambda: stand.switch.ringing)
    stand.switch.answer()
    await stand.house.until(lambda: len(stand.house.answers) == 2)
    await stand.channel.changed(stand.change("wrapup", "ended"))
    await stand.house.until(lambda: not stand.switch.legs)
    assert stand.house.facts == []


async def test_a_hold_keyed_on_the_phone_is_seen(stand: Stand) -> None:
    _, agent = await stand.talking()
    stand.switch.hold(agent)
    stand.switch.hold(agent, on=False)
    await stand.house.until(lambda: len(stand.house.facts) == 2)
    about = {"interaction": f"i-{CALLER}", "agent": "anna"}
    assert stand.house.facts == [Held(**about), Resumed(**about)]


async def test_keys(stand: Stand) -> None:
    caller, agent = await stand.talking()
    await stand.channel.command(f"i-{CALLER}", "call.dtmf", {"digits": "12#"})
    await stand.channel.command(f"i-{CALLER}", "call.mute", {"on": True})
    await stand.house.until(lambda: caller.digits == "12#")
    assert f"uuid_audio {agent.uuid} start read mute 1" in stand.switch.orders
    await stand.house.until(lambda: stand.house.panels.get(f"i-{CALLER}") == {"phase": "talking", "muted": True})
    for name, data, error in (
        ("call.dtmf", {"digits": "1 2"}, BadRequestError),
        ("call.consult", {"to": "1002"}, BadRequestError),
    ):
        with pytest.raises(error):
            await stand.channel.command(f"i-{CALLER}", name, data)
    await stand.channel.command(f"i-{CALLER}", "call.hangup", {})
    await stand.house.until(lambda: stand.house.facts and not stand.switch.legs)
    with pytest.raises(ConflictError):
        await stand.channel.command(f"i-{CALLER}", "call.mute", {})


@pytest.mark.parametrize(("why", "reason"), [("USER_BUSY", "device_busy"), ("NO_ANSWER", "device_unreachable")])
async def test_a_phone_that_is_not_answered(stand: Stand, why: str, reason: str) -> None:
    caller = await stand.waiting()
    await stand.channel.connect(stand.change("active", "accepted"))
    await stand.house.until(lambda: stand.switch.ringing)
    stand.switch.refuse(why)
    await stand.house.until(lambda: stand.house.facts)
    assert stand.house.facts == [DeliveryFailed(interaction=f"i-{CALLER}", agent="anna", reason=reason)]
    assert caller.uuid in stand.switch.legs


async def test_who_gives_up_while_the_phone_rings(stand: Stand) -> None:
    caller = await stand.waiting()
    await stand.channel.connect(stand.change("active", "accepted"))
    await stand.house.until(lambda: stand.switch.ringing)
    stand.switch.hangup(caller)
    await stand.house.until(lambda: stand.house.facts and not stand.switch.ringing)
    assert stand.house.facts == [InteractionGone(interaction=f"i-{CALLER}")]
    assert stand.calls.ids() == []


async def test_what_the_house_cannot_store_or_does_not_want_is_let_go(stand: Stand) -> None:
    stand.house.down = True
    stand.switch.call(CALLER)
    await stand.house.until(lambda: f"uuid_transfer {CALLER} contactd_fallback" in stand.switch.orders)
    stand.house.down, stand.house.files = False, True
    stand.switch.call(OTHER)
    await stand.house.until(lambda: OTHER not in stand.switch.legs)
    assert stand.house.facts == []


async def test_calls_of_others_are_none_of_ours(stand: Stand) -> None:
    stand.switch.call(OTHER, mark="")
    await stand.waiting()
    assert stand.calls.ids() == [CALLER]


async def test_after_a_cut_the_picture_is_that_of_the_switch(stand: Stand) -> None:
    caller, agent = await stand.talking()
    await stand.waiting(OTHER)
    stand.switch.cut()
    gone, new = stand.switch.legs.pop(OTHER), "7f4de4bc-17d7-11dd-b7a0-db4edd065777"
    stand.switch.call(new)
    await stand.house.until(lambda: ("esl-park", new) in stand.house.arrivals)
    await stand.house.until(lambda: stand.house.facts)
    assert stand.house.facts == [InteractionGone(interaction=f"i-{gone.uuid}")]
    stand.switch.hangup(caller)
    await stand.house.until(lambda: len(stand.house.facts) == 2)
    assert agent.uuid not in stand.switch.legs


async def test_who_hangs_up_during_a_cut_is_not_thought_to_talk_on(stand: Stand) -> None:
    _, agent = await stand.talking()
    stand.switch.cut()
    stand.switch.hangup(agent)
    await stand.house.until(lambda: stand.house.facts and not stand.switch.legs)
    assert stand.house.facts == [WorkEnded(interaction=f"i-{CALLER}", agent="anna", ended_by="system")]


async def test_a_phone_that_rang_into_a_cut_is_not_waited_for(stand: Stand) -> None:
    await stand.waiting()
    await stand.channel.connect(stand.change("active", "accepted"))
    await stand.house.until(lambda: stand.switch.ringing)
    stand.switch.cut()
    stand.switch.refuse()
    await stand.house.until(lambda: stand.house.facts)
    failed = DeliveryFailed(interaction=f"i-{CALLER}", agent="anna", reason="device_unreachable")
    assert stand.house.facts == [failed]
    assert stand.calls.ids() == [CALLER]


async def test_a_caller_who_comes_while_the_picture_is_put_right_is_kept(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def of_ours(adapter: str) -> list[Any]:
        await stand.waiting()
        return [{"id": f"i-{CALLER}", "external_key": CALLER, "state": "queued", "agent": None}]

    monkeypatch.setattr(stand.house, "open_contacts", of_ours)
    parked = stand.channel._parked
    await parked._listed(parked._links.line, '{"row_count": 0}', set())
    await stand.waiting(OTHER)
    assert stand.house.facts == []


async def test_a_restart_of_ours_with_calls_up(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    caller, agent = await stand.talking()
    await stand.waiting(OTHER)
    await stand.channel.stop()
    contacts = [
        {"id": f"i-{CALLER}", "external_key": CALLER, "state": "active", "agent": "anna"},
        {"id": f"i-{OTHER}", "external_key": OTHER, "state": "queued", "agent": None},
        {"id": "i-lost", "external_key": "7f4de4bc-0000", "state": "active", "agent": "ben"},
    ]

    async def of_ours(adapter: str) -> list[Any]:
        return contacts if adapter == "esl-park" else []

    monkeypatch.setattr(stand.house, "open_contacts", of_ours)
    await stand.connect()
    await stand.house.until(lambda: stand.house.facts and len(stand.calls.ids()) == 2)
    assert stand.house.facts == [WorkEnded(interaction="i-lost", agent="ben", ended_by="system")]
    assert caller.other == agent.uuid, "they talk on"
    stand.switch.hangup(agent)
    await stand.house.until(lambda: len(stand.house.facts) == 2)
    assert stand.house.facts[1] == WorkEnded(interaction=f"i-{CALLER}", agent="anna", ended_by="agent")


async def test_a_heartbeat_that_counts_fewer_channels_is_cause_for_a_look(stand: Stand) -> None:
    await stand.waiting()
    stand.switch.legs.clear()  # and nobody told
    stand.switch.event("HEARTBEAT", **{"Session-Count": "0"})
    await stand.house.until(lambda: stand.house.facts)
    assert stand.house.facts == [InteractionGone(interaction=f"i-{CALLER}")]


def test_no_device_is_rung_that_could_say_more(reactor: Any) -> None:
    machine = ParkedCalls(lambda: "7f4de4bc-aaaa")
    park = {"Event-Name": "CHANNEL_PARK", "Unique-ID": CALLER, "variable_contactd": "inbound"}
    machine.handle(Message(kind="text/event-plain", fields=park))
    machine.accepted(CALLER, "i")
    evil = "user/1001 &bridge(sofia/gateway/premium/900)"
    about = {"interaction": "i", "adapter": "esl-park", "external_key": CALLER, "state": "active", "cause": "accepted"}
    work = machine.connect(Change(**about, line="support", agent="anna", device=evil))
    assert not any(isinstance(each, Send) and "originate" in each.command for each in work)


def test_how_an_older_ring_ended_says_nothing_of_the_next(reactor: Any) -> None:
    idents = iter(f"7f4de4bc-000{n}" for n in range(9))
    machine = ParkedCalls(lambda: next(idents))
    park = {"Event-Name": "CHANNEL_PARK", "Unique-ID": CALLER, "variable_contactd": "inbound"}
    machine.handle(Message(kind="text/event-plain", fields=park))
    machine.accepted(CALLER, "i")
    about = {"interaction": "i", "adapter": "esl-park", "external_key": CALLER, "cause": "accepted", "line": "support"}
    offer = Change(**about, state="active", agent="anna", device="user/1001")
    [first] = machine.connect(offer)
    machine.changed(Change(**about, state="queued"))
    machine.connect(offer)
    over = {"Event-Name": "BACKGROUND_JOB", "Job-UUID": first.job}
    assert machine.handle(Message(kind="text/event-plain", fields=over, body="-ERR ORIGINATOR_CANCEL\n")) == []
    call = machine.get(CALLER)
    assert call is not None
    assert call.stage is Stage.RINGING


def test_every_stage_can_end(reactor: Any) -> None:
    for stage in Stage:
        if stage is not Stage.OVER:
            assert any(after is Stage.OVER for (before, _), (after, _) in MOVES.items() if before is stage)


async def ringing(stand: Stand) -> Leg:
    caller = await stand.waiting()
    await stand.channel.connect(stand.change("active", "accepted"))
    await stand.house.until(lambda: stand.switch.ringing)
    return caller


async def of_ours(stand: Stand, state: str) -> None:
    """Start anew while the house has the call open."""
    await stand.channel.stop()
    stand.house.panels.clear()
    stand.house.facts.clear()
    contact = {"id": f"i-{CALLER}", "external_key": CALLER, "state": state, "agent": "anna"}

    async def open_contacts(adapter: str) -> list[Any]:
        return [contact] if adapter == "esl-park" else []

    stand.house.open_contacts = open_contacts  # type: ignore[method-assign]
    await stand.connect()


@pytest.mark.parametrize("again", ["cut", "restart"])
async def test_a_phone_answered_exactly_while_we_were_away_is_put_together_with_the_caller(
    stand: Stand, again: str
) -> None:
    """Its answer was told to nobody: agent and caller would sit in silence."""
    caller = await ringing(stand)
    stand.switch.cut()
    if again == "restart":
        await stand.channel.stop()
    agent = stand.switch.answer()
    if again == "restart":
        await of_ours(stand, "active")
    await stand.house.until(lambda: stand.house.answers == [f"i-{CALLER}"])
    assert (caller.other, stand.house.facts) == (agent.uuid, [])


async def test_a_phone_that_still_rings_after_a_restart_of_ours_is_waited_for(stand: Stand) -> None:
    caller = await ringing(stand)
    await of_ours(stand, "active")
    await stand.house.until(lambda: (call := stand.calls.get(CALLER)) is not None and call.stage is Stage.RINGING)
    agent = stand.switch.answer()
    await stand.house.until(lambda: stand.house.answers == [f"i-{CALLER}"])
    assert (caller.other, stand.house.facts) == (agent.uuid, [])


@pytest.mark.parametrize(("before", "held", "told"), [("active", True, Held), ("held", False, Resumed)])
async def test_mute_and_hold_are_the_switches_word_after_a_restart_of_ours(
    stand: Stand, before: str, told: type[Held | Resumed], *, held: bool
) -> None:
    _, agent = await stand.talking()
    await stand.channel.command(f"i-{CALLER}", "call.mute", {"on": True})
    await stand.house.until(lambda: "variable_contactd_muted" in agent.fields)
    agent.held = held
    await of_ours(stand, before)
    await stand.house.until(lambda: stand.house.facts == [told(interaction=f"i-{CALLER}", agent="anna")])
    await stand.house.until(lambda: stand.house.panels.get(f"i-{CALLER}", {}).get("muted") is True)


async def test_a_leg_the_switch_says_nothing_of_is_not_guessed_about(stand: Stand) -> None:
    _, agent = await stand.talking()
    del agent.fields["variable_contactd"]
    await of_ours(stand, "active")
    await stand.house.until(lambda: stand.house.panels.get(f"i-{CALLER}", {}).get("hold") == "unknown")
    assert stand.house.panels[f"i-{CALLER}"]["muted"] is None
