"""Keys, calls and pauses on a PBX that routes by itself: over a real socket against the scripted PBX."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from house import House

from contactd.channels.voice import VoiceChannel, build
from contactd.channels.voice.ami_ask import PbxRefusedError, PbxSilentError
from contactd.channels.voice.ami_keys import AmiKeys
from contactd.channels.voice.options import Options
from contactd.core.channel import Arrival, Change
from contactd.core.errors import BadRequestError, ConflictError
from contactd.core.events import WorkEnded
from contactd.core.stance import Stance
from contactd.testing.pbx import Caller, ScriptedPbx

pytestmark = pytest.mark.integration

ANN, BEN, CHEN = "PJSIP/1001", "PJSIP/1002", "PJSIP/1010"
OWN = "01980000-0000-7000-8000-000000000001"


@dataclass
class Stand:
    pbx: ScriptedPbx
    house: House
    channel: VoiceChannel

    async def talking(self) -> tuple[Caller, str]:
        self.pbx.phone(ANN, answer_after=0)
        call = await self.pbx.call("13800138000", "400800001", mode="queue", queue="sales")
        contact = f"i-pbx/{call.id}"
        await self.house.until(lambda: contact in self.house.panels)
        return call, contact

    def sent(self, name: str) -> list[dict[str, str]]:
        return [each for each in self.pbx.ami.actions if each.get("Action") == name]

    def own_call(self) -> Change:
        """Let the house have begun a call of Ann's."""
        arrival = Arrival(channel="voice", adapter="ami", external_key=OWN, raw=b"{}", at=self.house.clock.now())
        self.house.arrivals["ami", OWN] = (arrival, None)
        self.house.states[OWN] = "active"
        return Change(
            interaction=f"i-{OWN}",
            adapter="ami",
            external_key=OWN,
            state="active",
            cause="started",
            line="sales",
            agent="ann",
            device=ANN,
            to="+8613700001111",
        )


def options(pbx: ScriptedPbx, **more: Any) -> dict[str, Any]:
    ami = {"host": pbx.host, "port": pbx.ami_port, "username": pbx.username, "secret": pbx.secret, "name": "pbx"}
    return {"ami": ami | {"context": "from-contactd", "queues": {"sales": "sales"}, **more}}


@pytest.fixture
async def stand(reactor: Any) -> AsyncIterator[Stand]:
    pbx, house = ScriptedPbx(queues={"sales": [ANN, BEN]}), House()
    await pbx.start()
    channel = build("voice", options(pbx, pause=True, members=True, follow=True), house)
    made = Stand(pbx, house, channel)
    await channel.start()
    await pbx.until(lambda: channel.health().ok)
    yield made
    await channel.stop()
    await house.rest()
    await pbx.stop()
    assert house.failures == []


async def test_the_panel_offers_what_the_account_may_do_and_the_keys_work(stand: Stand) -> None:
    pbx, channel = stand.pbx, stand.channel
    call, contact = await stand.talking()
    assert stand.house.panels[contact]["can"] == ["hangup", "mute", "dtmf", "transfer", "record", "supervise"]
    leg = pbx.phone(ANN).leg
    assert leg is not None
    await channel.command(contact, "call.mute", {"on": True})
    assert leg.muted
    assert stand.house.panels[contact]["muted"] is True
    await channel.command(contact, "call.dtmf", {"digits": "42"})
    assert call.channel.digits == "42"
    await channel.command(contact, "call.record", {"on": True})
    assert call.channel.recording == f"contactd-{call.id}.wav"
    pbx.phone(BEN, answer_after=0)
    await channel.command(contact, "call.transfer", {"endpoint": BEN})
    await pbx.until(lambda: call.hears & {pbx.phone(BEN).leg.id if pbx.phone(BEN).leg else ""})
    await stand.house.until(lambda: stand.house.progressed[-1].kind == "moved")
    await channel.command(contact, "call.hangup", {})
    await stand.house.until(lambda: stand.house.progressed[-1].kind == "ended")
    with pytest.raises((BadRequestError, ConflictError)):
        await channel.command(contact, "call.hangup", {})


async def test_a_key_the_pbx_refuses_is_an_error_in_its_words(stand: Stand) -> None:
    stand.pbx.ami.forbidden.add("Hangup")
    _, contact = await stand.talking()
    with pytest.raises(ConflictError, match="Permission denied"):
        await stand.channel.command(contact, "call.hangup", {})
    with pytest.raises(BadRequestError):
        await stand.channel.command(contact, "call.consult", {"to": "13700001111"})


async def test_a_supervisor_hears_another_way_and_leaves(stand: Stand) -> None:
    _, contact = await stand.talking()
    phone = stand.pbx.phone(CHEN, answer_after=0)
    for mode in ("listen", "whisper"):
        await stand.channel.command(contact, "call.supervise", {"mode": mode, "supervisor": "chen", "endpoint": CHEN})
        heard = {"agent": "chen", "mode": mode, "up": True}
        await stand.house.until(lambda heard=heard: stand.house.panels[contact].get("supervisors") == [heard])
    assert phone.leg is not None
    assert phone.leg.snoops is stand.pbx.phone(ANN).leg
    await stand.channel.command(contact, "call.supervise", {"mode": "stop", "supervisor": "chen"})
    await stand.house.until(lambda: "supervisors" not in stand.house.panels[contact])
    assert phone.leg.gone
    assert [each.kind for each in stand.house.progressed].count("ended") == 0, "the call goes on"


async def test_a_call_an_agent_makes_is_one_contact_and_told_under_its_own_id(stand: Stand) -> None:
    stand.pbx.phone(ANN, answer_after=0)
    customer = stand.pbx.outside("13700001111", answer_after=0)
    assert (stand.channel.dial_adapter, stand.channel.dialled("+8613700001111", "sales")) == ("ami", "13700001111")
    await stand.channel.connect(stand.own_call())
    await stand.house.until(lambda: stand.house.answers == [f"i-{OWN}"])
    assert len(stand.house.arrivals) == 1, "the mirror makes no second one of it"
    customer.hangup()
    await stand.house.until(lambda: stand.house.facts)
    (ended,) = stand.house.facts
    assert isinstance(ended, WorkEnded)
    assert (ended.interaction, ended.ended_by, ended.outcome) == (f"i-{OWN}", "customer", None)


@pytest.mark.parametrize(
    ("agent", "customer", "why"),
    [
        ({"reject": True}, {}, "no_agent_phone"),
        ({"answer_after": 0}, {"busy": True}, "busy"),
        ({"answer_after": 0}, {"unknown": True}, "unknown_number"),
    ],
)
async def test_a_call_that_reaches_nobody_says_why(
    stand: Stand, agent: dict[str, Any], customer: dict[str, Any], why: str
) -> None:
    stand.pbx.phone(ANN, **agent)
    stand.pbx.outside("13700001111", **customer)
    await stand.channel.connect(stand.own_call())
    await stand.house.until(lambda: stand.house.facts)
    (ended,) = stand.house.facts
    assert isinstance(ended, WorkEnded)
    assert (ended.outcome, stand.house.panels[f"i-{OWN}"]) == ("failed", {"phase": "failed", "why": why})


async def test_ready_and_not_ready_are_told_to_the_queue_and_told_again_after_a_restart(stand: Stand) -> None:
    phone = stand.pbx.phone(ANN)
    away = Stance(agent="ann", name="Ann", device=ANN, intent="not_ready", reason="lunch", lines=("sales",))
    await stand.channel.stance(away)
    assert phone.paused
    assert stand.sent("QueuePause")[-1]["Reason"] == "lunch"
    phone.paused = False  # a static member's pause does not survive a restart
    stand.house.chosen = [away]
    await stand.pbx.restart()
    await stand.pbx.until(lambda: not stand.channel.health().ok)
    stand.pbx.booted()
    await stand.pbx.until(lambda: phone.paused, 30)
    await stand.channel.stance(Stance(agent="ann", name="Ann", device=ANN, intent="ready", lines=("sales",)))
    assert not phone.paused
    assert stand.house.pauses == [], "what we set is not told back as the phone's own"


async def test_signing_out_leaves_the_queues_and_signing_in_joins_them(stand: Stand) -> None:
    stand.pbx.phone(ANN)
    await stand.channel.stance(Stance(agent="ann", name="Ann", device=ANN, intent="logged_out", lines=("*",)))
    assert stand.pbx.switch.queues["sales"] == [BEN]
    await stand.channel.stance(Stance(agent="ann", name="Ann", device=ANN, intent="ready", lines=("*",)))
    assert ANN in stand.pbx.switch.queues["sales"]


async def test_a_break_keyed_on_the_phone_is_told_to_the_house(stand: Stand) -> None:
    phone = stand.pbx.phone(BEN)
    phone.key_pause(on=True, reason="lunch")
    await stand.house.until(lambda: stand.house.pauses == [(BEN, True, "lunch")])
    phone.key_pause(on=False)
    await stand.house.until(lambda: stand.house.pauses[-1] == (BEN, False, ""))


async def test_what_the_pbx_does_not_follow_is_an_alarm(stand: Stand) -> None:
    stand.pbx.phone(ANN)
    stand.pbx.ami.forbidden.add("QueuePause")
    await stand.channel.stance(Stance(agent="ann", name="Ann", device=ANN, intent="not_ready"))
    assert [kind for kind, _ in stand.house.alarms] == ["pbx_not_following"]


async def test_calls_agents_make_go_on_when_we_come_back_and_end_as_they_end(stand: Stand) -> None:
    """A second server finds the call by its id, and loses nothing of its end."""
    stand.pbx.phone(ANN, answer_after=0)
    customer = stand.pbx.outside("13700001111", answer_after=0)
    await stand.channel.connect(stand.own_call())
    await stand.house.until(lambda: stand.house.answers)
    await stand.channel.stop()
    stand.house.open = [{"id": f"i-{OWN}", "external_key": OWN, "state": "active", "agent": "ann"}]
    after = build("voice", options(stand.pbx), stand.house)
    await after.start()
    await stand.house.until(lambda: after.health().ok and len(stand.house.answers) == 2)
    assert stand.house.facts == [], "it goes on"
    customer.hangup()
    await stand.house.until(lambda: stand.house.facts)
    assert isinstance(stand.house.facts[0], WorkEnded)
    assert stand.house.facts[0].outcome is None
    await after.stop()


class Silent:
    """A connection on which nothing is answered, or everything refused."""

    commands = frozenset({"Originate"})

    def __init__(self) -> None:
        self.calls: Any = self
        self.beside: Any = self
        self.error: ConflictError = PbxSilentError("silent")
        self.asked: list[str] = []
        self.doubted: list[str] = []

    def channel(self, _ident: str) -> str:
        return "PJSIP/1001-0000000a"

    def sides(self, _key: str) -> tuple[str, str]:
        return "1.1", "1.2"

    def ask(self, own_id: str) -> None:
        self.asked.append(own_id)

    def doubt(self, own_id: str) -> None:
        self.doubted.append(own_id)

    async def act(self, _action: Any) -> Any:
        raise self.error


async def test_who_may_be_listening_is_shown_although_the_pbx_was_silent() -> None:
    pbx = Silent()
    ami = {"host": "127.0.0.1", "port": 5038, "username": "u", "secret": "s", "context": "c"}
    keys = AmiKeys(pbx, Options.model_validate({"ami": ami}), House(), lambda _contact: "k")
    for mode in ("listen", "whisper", "stop"):
        with pytest.raises(PbxSilentError):
            await keys.command("i-1", "call.supervise", {"mode": mode, "supervisor": "chen", "endpoint": CHEN})
        assert [one["agent"] for one in keys.panel("i-1")["supervisors"]] == ["chen"], mode
    pbx.error = PbxRefusedError("no")
    with pytest.raises(PbxRefusedError):
        await keys.command("i-1", "call.supervise", {"mode": "stop", "supervisor": "chen", "endpoint": CHEN})
    assert "supervisors" not in keys.panel("i-1"), "who is refused is not there"


async def test_a_call_of_which_the_pbx_said_nothing_is_unknown_and_has_not_failed() -> None:
    pbx, house = Silent(), House()
    ami = {"host": "127.0.0.1", "port": 5038, "username": "u", "secret": "s", "context": "c"}
    keys = AmiKeys(pbx, Options.model_validate({"ami": ami}), house, lambda _contact: None)
    change = Change(
        interaction="i-1",
        adapter="ami",
        external_key="i-1",
        state="active",
        cause="started",
        line="sales",
        device="PJSIP/1001",
        to="+8613700001111",
    )
    await keys.dial(change)
    assert (house.panels["i-1"]["phase"], house.facts, pbx.doubted) == ("unknown", [], ["i-1"])
    pbx.error = PbxRefusedError("no")
    await keys.dial(change)
    assert house.panels["i-1"]["phase"] == "failed"
    assert len(house.facts) == 1


# After a cut or a restart.


async def come_back(stand: Stand, contact: str, state: str) -> dict[str, Any]:
    """Start anew with a call up; return its panel once it says something."""
    await stand.channel.stop()
    await stand.house.rest()
    stand.house.tasks.clear()
    stand.house.panels.clear()
    stand.house.progressed.clear()
    key = contact.removeprefix("i-")
    stand.house.open = [{"id": contact, "external_key": key, "state": state, "agent": "ann"}]
    stand.house.states[key] = state
    stand.channel = build("voice", options(stand.pbx), stand.house)
    await stand.channel.start()
    await stand.house.until(lambda: stand.house.panels.get(contact, {}).get("muted") is not None or not _told(stand))
    await stand.house.until(lambda: contact in stand.house.panels)
    return dict(stand.house.panels[contact])


def _told(stand: Stand) -> bool:
    """Whether the PBX answers what is asked about variables."""
    return "Getvar" not in stand.pbx.ami.forbidden


async def test_mute_and_recording_are_known_after_a_restart_of_ours(stand: Stand) -> None:
    _, contact = await stand.talking()
    await stand.channel.command(contact, "call.mute", {"on": True})
    panel = await come_back(stand, contact, "active")
    assert (panel["muted"], panel["recording"]) == (True, False)


async def test_what_the_account_may_not_ask_is_shown_as_not_known(stand: Stand) -> None:
    _, contact = await stand.talking()
    await stand.channel.command(contact, "call.record", {"on": True})
    stand.pbx.ami.forbidden |= {"Getvar", "Setvar"}
    panel = await come_back(stand, contact, "active")
    assert (panel["muted"], panel["recording"]) == (None, None)
    await stand.house.until(lambda: stand.house.panels[contact].get("hold") == "unknown")
    await stand.channel.command(contact, "call.mute", {"on": False})
    assert stand.house.panels[contact]["muted"] is False


@pytest.mark.parametrize(("before", "now", "told"), [("active", True, "held"), ("held", False, "resumed")])
async def test_a_hold_that_changed_while_we_were_away_is_told(
    stand: Stand, before: str, told: str, *, now: bool
) -> None:
    _, contact = await stand.talking()
    leg = stand.pbx.phone(ANN).leg
    assert leg is not None
    leg.on_hold = now
    await come_back(stand, contact, before)
    await stand.house.until(lambda: [each.kind for each in stand.house.progressed][-1:] == [told])
    stand.pbx.phone(ANN).unhold() if now else stand.pbx.phone(ANN).hold()
    await stand.house.until(
        lambda: [each.kind for each in stand.house.progressed][-1:] == ["resumed" if now else "held"]
    )
